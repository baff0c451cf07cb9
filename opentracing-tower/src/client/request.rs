//! The span of a request that is made.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::UPGRADE;
use http::uri::Authority;
use http::{StatusCode, request, response};
use opentracing_core::http_rules::{
    ClientRequest, HostAllowList, Peer, PeerServices, ResendCounter, effective_port, inject, remove_trace_headers,
};
use opentracing_core::{AsSpanContext, Span, Text, Tracer, tags};

use crate::client::extensions::{OperationName, PeerServiceName, Untraced, WithoutPropagation};
use crate::client::resends;
use crate::decorator::StandardDecorator;
use crate::exchange::{HttpExchange, Side};
use crate::hooks::Hooks;
use crate::url::{Url, host_header};

#[derive(Clone, Debug)]
pub(crate) struct ClientConfig {
    pub(crate) tracer: Tracer,
    pub(crate) propagate_to: HostAllowList,
    pub(crate) peer_services: PeerServices,
    pub(crate) component: &'static str,
    pub(crate) hooks: Hooks,
}

/// A request under way.
pub(crate) struct ClientExchange {
    config: Arc<ClientConfig>,
    attempts: Option<ResendCounter>,
}

impl ClientConfig {
    pub(crate) fn new(tracer: Tracer) -> Self {
        ClientConfig {
            tracer,
            propagate_to: HostAllowList::all(),
            peer_services: PeerServices::new(),
            component: "http",
            hooks: Hooks { standard: StandardDecorator::client(), further: Vec::new() },
        }
    }

    /// Starts the span and writes the headers; `None` if nothing is to be traced.
    pub(crate) fn begin(self: &Arc<Self>, parts: &mut request::Parts) -> Option<HttpExchange> {
        if self.tracer.is_noop() {
            self.tracer.warn_if_unregistered();
            return None;
        }
        if parts.extensions.get::<Untraced>().is_some() {
            return None;
        }
        // Of a connection that is used without a pool the URI is relative.
        let named = match parts.uri.authority() {
            Some(_) => None,
            None => host_header(&parts.headers).and_then(|host| host.parse::<Authority>().ok()),
        };
        let (host, port) = match &named {
            Some(authority) => (authority.host(), authority.port_u16()),
            None => (parts.uri.host().unwrap_or_default(), effective_port(&parts.uri)),
        };
        let mut span = self.start(parts, Peer::from_host(host, port));
        self.hooks.on_request(&mut span, parts);
        let attempts = resends::counter(&parts.extensions);
        let attempt = attempts.as_ref().map(|attempts| attempts.begin(host));
        if let Some(attempt) = attempt.filter(|attempt| attempt.resent > 0) {
            span.set(tags::HTTP_REQUEST_RESEND_COUNT, attempt.resent.into());
        }
        let admitted = self.propagate_to.admits(host, port) && attempt.is_none_or(|attempt| attempt.propagates);
        if parts.extensions.get::<WithoutPropagation>().is_some() {
            // The headers stay as they are.
        } else if admitted && let Some(context) = span.as_span_context() {
            inject(&self.tracer, &context, &mut parts.headers);
        } else {
            remove_trace_headers(&self.tracer, &mut parts.headers);
        }
        let side = Side::Client(ClientExchange { config: self.clone(), attempts });
        Some(HttpExchange::new(span, side, &parts.method))
    }

    fn start(&self, parts: &request::Parts, peer: Peer<'_>) -> Span {
        let given = parts.extensions.get::<PeerServiceName>().map(|name| &*name.0);
        let url = Url::new(&parts.uri, &parts.headers);
        let request = ClientRequest {
            component: self.component,
            operation_name: parts.extensions.get::<OperationName>().map(|name| match &name.0 {
                Cow::Borrowed(name) => Text::Static(name),
                Cow::Owned(name) => Text::Copied(name),
            }),
            method: &parts.method,
            url: url.pieces(),
            peer,
            peer_service: self.peer_services.resolve(given, &peer),
        };
        request.start(&self.tracer)
    }
}

impl ClientExchange {
    pub(crate) fn hooks(&self) -> &Hooks {
        &self.config.hooks
    }

    /// The head of the answer is there.
    pub(crate) fn answer(&self, span: &mut Span, parts: &response::Parts) {
        if let Some(attempts) = &self.attempts {
            attempts.answered(parts.status);
        }
        if parts.status == StatusCode::SWITCHING_PROTOCOLS
            && let Some(Ok(protocol)) = parts.headers.get(UPGRADE).map(|protocol| protocol.to_str())
        {
            span.set(tags::HTTP_UPGRADE, protocol);
        }
    }
}

/// As [`TracingClientLayer::new`](crate::TracingClientLayer::new).
impl Default for ClientConfig {
    fn default() -> Self {
        Self::new(Tracer::global())
    }
}
