//! The span of one call, from the request to the head of the answer.

use std::ops::ControlFlow;
use std::sync::Arc;

use http::StatusCode;
use http::header::UPGRADE;
use http_body::Body;
use opentracing_core::http_rules::{
    ClientRequest, Exchange, ExchangeEnd, HttpFailure, Peer, ResendCounter, inject, remove_trace_headers, set_status,
};
use opentracing_core::{AsSpanContext, Span, tags};
use reqwest::{Method, Request, Response};

use crate::body;
use crate::error;
use crate::options::RequestOptions;
use crate::settings::Settings;

/// Dropping it finishes the span.
pub(crate) struct Call {
    pub(crate) span: Span,
    pub(crate) settings: Arc<Settings>,
    /// Whether the headers of the request have the span's context.
    pub(crate) carries_trace: bool,
    /// The host whose address is not known yet.
    host: Option<Box<str>>,
    /// The answer to a `HEAD` has no body, whatever its headers say.
    is_head: bool,
    resend_count: u32,
    attempts: Option<ResendCounter>,
}

impl Call {
    /// Starts the span, and writes its context to the headers if the host may see it; `None` if nothing is to be traced.
    pub(crate) fn start(settings: &Arc<Settings>, options: &RequestOptions, request: &mut Request) -> Option<Self> {
        let tracer = &settings.tracer;
        if tracer.is_noop() {
            tracer.warn_if_unregistered();
            return None;
        }
        if options.untraced {
            return None;
        }
        let url = request.url();
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default());
        let attempt = options.resend_counter.as_ref().map(|attempts| attempts.begin(host));
        let admitted = settings.propagate_to.admits(host, port) && attempt.is_none_or(|attempt| attempt.propagates);
        let resend_count = options.resend_count.saturating_add(attempt.map_or(0, |attempt| attempt.resent));
        let peer = Peer::from_host(host, port);
        let client_request = ClientRequest {
            component: "reqwest",
            operation_name: options.name(),
            method: request.method(),
            url: &[url.as_str()],
            peer,
            peer_service: settings.peer_services.resolve(options.peer_service.as_deref(), &peer),
        };
        let mut call = Call {
            span: client_request.start(tracer),
            settings: settings.clone(),
            carries_trace: false,
            host: None,
            is_head: request.method() == Method::HEAD,
            resend_count,
            attempts: options.resend_counter.clone(),
        };
        let span = &mut call.span;
        if span.is_recording() {
            call.host = peer.hostname.map(Box::from);
        }
        if resend_count > 0 {
            span.set(tags::HTTP_REQUEST_RESEND_COUNT, resend_count.into());
        }
        settings.decorators.iter().for_each(|decorator| decorator.on_request(span, request));
        if !options.keeps_headers {
            if admitted && let Some(context) = span.as_span_context() {
                inject(tracer, &context, request.headers_mut());
                call.carries_trace = true;
            } else {
                remove_trace_headers(tracer, request.headers_mut());
            }
        }
        Some(call)
    }

    /// One more redirect was followed, to that host.
    pub(crate) fn count_redirect(&mut self, status: StatusCode, host: &str) {
        if let Some(attempts) = &self.attempts {
            attempts.answered(status);
            attempts.begin(host);
        }
        self.resend_count = self.resend_count.saturating_add(1);
        self.span.set(tags::HTTP_REQUEST_RESEND_COUNT, self.resend_count.into());
    }

    /// Records the head. The span goes on with the body, if there is one.
    pub(crate) fn on_response(mut self, response: Response) -> Response {
        let Call { span, settings, attempts, .. } = &mut self;
        set_status(span, response.status(), settings.errors);
        if let Some(attempts) = attempts {
            attempts.answered(response.status());
        }
        if response.status() == StatusCode::SWITCHING_PROTOCOLS
            && let Some(Ok(protocol)) = response.headers().get(UPGRADE).map(|protocol| protocol.to_str())
        {
            span.set(tags::HTTP_UPGRADE, protocol);
        }
        if let Some(address) = self.peer_address(&response) {
            address.set_tags(&mut self.span);
        }
        let Call { span, settings, .. } = &mut self;
        settings.decorators.iter().for_each(|decorator| decorator.on_response(span, &response));
        // Of the body of a span that is not recorded only a decorator would be told.
        if self.has_body(&response) && (self.span.is_recording() || !self.settings.decorators.is_empty()) {
            body::trace(response, self)
        } else {
            response
        }
    }

    /// Where the connection went to, unless it was another host after a redirect.
    fn peer_address(&self, response: &Response) -> Option<Peer<'static>> {
        let is_same_host = response.url().host_str() == Some(self.host.as_deref()?);
        let address = response.remote_addr().filter(|_| is_same_host)?;
        Some(Peer { port: None, ..Peer::from(address) })
    }

    /// RFC 9112, section 6.3. An interim answer that is the last one is an upgrade.
    fn has_body(&self, response: &Response) -> bool {
        let status = response.status();
        !self.is_head
            && !status.is_informational()
            && status != StatusCode::NO_CONTENT
            && status != StatusCode::NOT_MODIFIED
            && response.content_length() != Some(0)
    }
}

impl Exchange for Call {
    fn span(&mut self) -> &mut Span {
        &mut self.span
    }

    /// Callers that know the length, from `content-length` for example, do not poll again. Bodies that may be decompressed say so by
    /// their size alone.
    fn on_data<B: Body>(&mut self, _: &B::Data, rest: Option<&B>) -> ControlFlow<()> {
        match rest {
            Some(rest) if rest.size_hint().exact() == Some(0) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn finish(mut self, end: ExchangeEnd<'_>) {
        let ExchangeEnd::Failed(failure) = end else { return };
        let failure = match failure {
            HttpFailure::Service(text) => HttpFailure::Service(error::record(&mut self.span, text, "middleware")),
            HttpFailure::Body(text) => HttpFailure::Body(error::record(&mut self.span, text, "body")),
            _ => {
                failure.record_outcome(&mut self.span);
                failure
            }
        };
        let Call { span, settings, .. } = &mut self;
        settings.decorators.iter().for_each(|decorator| decorator.on_error(span, &failure));
    }
}
