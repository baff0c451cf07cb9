//! One call with its response: the span, and how it ends.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Buf;
use http::StatusCode;
use http::header::UPGRADE;
use http_body::Body;
use opentracing_core::http_rules::{
    ClientRequest, Exchange, ExchangeEnd, HttpFailure, Peer, ProgressLogs, ResendCounter, inject, remove_trace_headers,
    set_protocol_version, set_status, set_time_to_head,
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
    port: Option<u16>,
    /// The response to a `HEAD` has no body, whatever its headers say.
    is_head: bool,
    resend_count: u32,
    attempts: Option<ResendCounter>,
    /// How many bytes of the body were read.
    bytes: u64,
    progress: Option<ProgressLogs>,
}

impl Call {
    /// Starts the span, and writes its context to the headers if the host may get it; `None` if the request is not traced.
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
        let admitted = settings.propagate_to.allows(host, port) && attempt.is_none_or(|attempt| attempt.propagates);
        let resend_count = options.resend_count.saturating_add(attempt.map_or(0, |attempt| attempt.resent));
        let peer = Peer::from_host(host, port);
        let url = [url.as_str()];
        let mut client_request = ClientRequest::new(settings.component, request.method(), &url, peer);
        client_request.operation_name = options.name();
        client_request.known_methods = &settings.known_methods;
        client_request.peer_service = settings.peer_services.resolve(options.peer_service.as_deref(), &peer);
        client_request.caller = options.caller.as_ref();
        client_request.attempts = options.resend_counter.as_ref();
        client_request.is_skipped = settings.skip.any(request);
        let mut call = Call {
            span: client_request.start(tracer),
            settings: settings.clone(),
            carries_trace: false,
            host: None,
            port,
            is_head: request.method() == Method::HEAD,
            resend_count,
            attempts: options.resend_counter.clone(),
            bytes: 0,
            progress: settings.progress_logs.map(ProgressLogs::new),
        };
        let span = &mut call.span;
        if span.is_recording() {
            call.host = peer.hostname.map(Box::from);
        }
        if resend_count > 0 {
            span.set(tags::HTTP_REQUEST_RESEND_COUNT, resend_count);
        }
        if settings.records_sizes
            && let Some(bytes) = request.body().and_then(|body| body.size_hint().exact())
        {
            span.set(tags::HTTP_REQUEST_BODY_SIZE, size(bytes));
        }
        settings.decorators.on_request(span, request);
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

    /// Counts a redirect to that host.
    pub(crate) fn count_redirect(&mut self, status: StatusCode, host: &str) {
        if let Some(attempts) = &self.attempts {
            attempts.answered(status);
            attempts.begin(host);
        }
        self.resend_count = self.resend_count.saturating_add(1);
        self.span.set(tags::HTTP_REQUEST_RESEND_COUNT, self.resend_count);
    }

    /// Records the head of the response. The span continues with the body, if there is one.
    pub(crate) fn on_response(mut self, response: Response) -> Response {
        let Call { span, settings, attempts, .. } = &mut self;
        set_status(span, response.status(), settings.errors);
        set_protocol_version(span, response.version());
        if let Some(attempts) = attempts {
            attempts.answered(response.status());
        }
        if response.status() == StatusCode::SWITCHING_PROTOCOLS
            && let Some(Ok(protocol)) = response.headers().get(UPGRADE).map(|protocol| protocol.to_str())
        {
            span.set(tags::HTTP_UPGRADE, protocol);
        }
        if let Some(address) = self.peer_address(&response) {
            let port = address.port.filter(|port| Some(*port) != self.port);
            Peer { port: None, ..address }.set_tags(&mut self.span);
            // The connection goes to a proxy.
            Peer { port, ..Peer::default() }.set_connection_tags(&mut self.span);
        }
        let Call { span, settings, .. } = &mut self;
        settings.decorators.on_response(span, &response);
        // The body of a span that is not recorded matters only to decorators.
        let is_watched = self.span.is_recording() || !self.settings.decorators.is_empty();
        if !is_watched || self.settings.ends_at_head.any(&response) {
            return response;
        }
        if self.has_body(&response) {
            set_time_to_head(&mut self.span);
            return body::trace(response, self);
        }
        self.record_size();
        response
    }

    fn record_size(&mut self) {
        if self.settings.records_sizes {
            self.span.set(tags::HTTP_RESPONSE_BODY_SIZE, size(self.bytes));
        }
    }

    /// Where the connection went to, unless it was another host after a redirect.
    fn peer_address(&self, response: &Response) -> Option<Peer<'static>> {
        let is_same_host = response.url().host_str() == Some(self.host.as_deref()?);
        response.remote_addr().filter(|_| is_same_host).map(Peer::from)
    }

    /// RFC 9112, section 6.3. An interim response that is the last one is an upgrade.
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
    fn on_data<B: Body>(&mut self, data: &B::Data, rest: Option<&B>) -> ControlFlow<()> {
        self.bytes += data.remaining() as u64;
        match rest {
            Some(rest) if rest.size_hint().exact() != Some(0) => {
                if let Some(progress) = &mut self.progress {
                    progress.log(&mut self.span, self.bytes);
                }
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(()),
        }
    }

    fn reads_response(&self) -> bool {
        true
    }

    fn finish(&mut self, end: ExchangeEnd<'_>) {
        if !matches!(end, ExchangeEnd::Failed(HttpFailure::Service(_) | HttpFailure::Cancelled)) {
            self.record_size();
        }
        let ExchangeEnd::Failed(failure) = end else { return };
        let failure = match failure {
            HttpFailure::Service(text) => HttpFailure::Service(error::record(&mut self.span, text, "middleware")),
            HttpFailure::Body(text) => HttpFailure::Body(error::record(&mut self.span, text, "body")),
            _ => {
                failure.record_outcome(&mut self.span);
                failure
            }
        };
        let Call { span, settings, .. } = self;
        settings.decorators.on_error(span, &failure);
    }
}

/// A number of bytes, as the value of a tag.
fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
