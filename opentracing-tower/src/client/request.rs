//! The span of a request that a client sends.

use std::sync::Arc;

use http::uri::Authority;
use http::{request, response};
use opentracing_core::http_rules::{
    ClientRequest, HostAllowList, OperationName, Peer, PeerServiceName, PeerServices, Predicates, ResendCounter,
    ServedRequest, Untraced, WithoutPropagation, effective_port, inject, remove_trace_headers, set_protocol_version,
};
use opentracing_core::{AsSpanContext, Span, Tracer, tags};

use crate::client::resends;
use crate::decorator::StandardDecorator;
use crate::exchange::{HttpExchange, Side, announced_size};
use crate::settings::Settings;
use crate::upgrade;
use crate::url::{Url, host_header};

#[derive(Clone, Debug)]
pub(crate) struct ClientConfig {
    pub(crate) settings: Settings,
    pub(crate) skip: Predicates<request::Parts>,
    pub(crate) propagate_to: HostAllowList,
    pub(crate) peer_services: PeerServices,
    pub(crate) component: &'static str,
}

/// What the span of a sent request still needs when the response comes.
pub(crate) struct ClientExchange {
    config: Arc<ClientConfig>,
    attempts: Option<ResendCounter>,
}

impl ClientConfig {
    pub(crate) fn new(tracer: Tracer) -> Self {
        ClientConfig {
            settings: Settings::new(tracer, StandardDecorator::client()),
            skip: Predicates::default(),
            propagate_to: HostAllowList::all(),
            peer_services: PeerServices::new(),
            component: "http",
        }
    }

    /// Starts the span and writes the headers; `None` if the request is not traced.
    pub(crate) fn begin(self: &Arc<Self>, parts: &mut request::Parts) -> Option<HttpExchange> {
        if self.settings.tracer.is_noop() {
            self.settings.tracer.warn_if_unregistered();
            return None;
        }
        if parts.extensions.get::<Untraced>().is_some() {
            return None;
        }
        ServedRequest::remove(&mut parts.extensions);
        // The URI is relative where a connection is used without a pool.
        let named = match parts.uri.authority() {
            Some(_) => None,
            None => host_header(&parts.headers).and_then(|host| host.parse::<Authority>().ok()),
        };
        let (host, port) = match &named {
            Some(authority) => (authority.host(), authority.port_u16()),
            None => (parts.uri.host().unwrap_or_default(), effective_port(&parts.uri)),
        };
        let attempts = resends::counter(&parts.extensions);
        let mut span = self.start(parts, Peer::from_host(host, port), attempts.as_ref());
        if self.settings.records_sizes
            && let Some(bytes) = announced_size(&parts.headers)
        {
            span.set(tags::HTTP_REQUEST_BODY_SIZE, bytes);
        }
        upgrade::set_requested(&mut span, parts);
        self.settings.hooks.on_request(&mut span, parts);
        let attempt = attempts.as_ref().map(|attempts| attempts.begin(host));
        if let Some(attempt) = attempt.filter(|attempt| attempt.resent > 0) {
            span.set(tags::HTTP_REQUEST_RESEND_COUNT, attempt.resent);
        }
        let admitted = self.propagate_to.allows(host, port) && attempt.is_none_or(|attempt| attempt.propagates);
        if parts.extensions.get::<WithoutPropagation>().is_some() {
            // The headers stay as they are.
        } else if admitted && let Some(context) = span.as_span_context() {
            inject(&self.settings.tracer, &context, &mut parts.headers);
        } else {
            remove_trace_headers(&self.settings.tracer, &mut parts.headers);
        }
        let side = Side::Client(ClientExchange { config: self.clone(), attempts });
        Some(HttpExchange::new(span, side, &parts.method))
    }

    fn start(&self, parts: &request::Parts, peer: Peer<'_>, attempts: Option<&ResendCounter>) -> Span {
        let given = parts.extensions.get::<PeerServiceName>().map(|name| &*name.0);
        let url = Url::new(&parts.uri, &parts.headers, "http");
        let mut request = ClientRequest::new(self.component, &parts.method, url.pieces(), peer);
        request.operation_name = parts.extensions.get().map(OperationName::as_text);
        request.known_methods = &self.settings.known_methods;
        request.peer_service = self.peer_services.resolve(given, &peer);
        request.caller = parts.extensions.get();
        request.attempts = attempts;
        request.is_skipped = self.skip.any(parts);
        request.start(&self.settings.tracer)
    }
}

impl ClientExchange {
    pub(crate) fn settings(&self) -> &Settings {
        &self.config.settings
    }

    pub(crate) fn on_head(&self, span: &mut Span, parts: &response::Parts) {
        set_protocol_version(span, parts.version);
        if let Some(attempts) = &self.attempts {
            attempts.answered(parts.status);
        }
        upgrade::set_accepted(span, parts);
    }
}

/// As [`TracingClientLayer::new`](crate::TracingClientLayer::new).
impl Default for ClientConfig {
    fn default() -> Self {
        Self::new(Tracer::global())
    }
}
