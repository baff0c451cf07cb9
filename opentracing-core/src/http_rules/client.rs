//! The span of an outgoing request, as every HTTP client records it.

use http::{HeaderMap, Method, StatusCode};

use crate::http_rules::method::{OTHER_METHOD, method_name};
use crate::http_rules::peer::Peer;
use crate::http_rules::peer_service::PeerService;
use crate::http_rules::status::ErrorStatuses;
use crate::model::context::SpanContext;
use crate::model::kind::SpanKind;
use crate::model::tags;
use crate::model::value::{Text, Value};
use crate::propagation::HttpHeaders;
use crate::span::span::Span;
use crate::tracer::tracer::Tracer;

/// What is known of an outgoing request when its span starts.
#[derive(Clone, Copy, Debug)]
pub struct ClientRequest<'a> {
    /// The library that sends the request.
    pub component: &'static str,
    /// The span's name, a template such as `GET /users/{id}`; the method if there is none.
    pub operation_name: Option<Text<'a>>,
    /// The method. If it is not a known one, it is named `_OTHER`, and as it is in a tag of its own.
    pub method: &'a Method,
    /// The URL in pieces. User name, password and secrets are taken out of it when the span is reported.
    pub url: &'a [&'a str],
    /// The target.
    pub peer: Peer<'a>,
    /// The name of the service that is called.
    pub peer_service: Option<PeerService<'a>>,
}

impl ClientRequest<'_> {
    /// Starts the span, a child of the active one. Nothing is converted or allocated for a span that is not recorded.
    pub fn start(&self, tracer: &Tracer) -> Span {
        let method = method_name(self.method);
        let name = self.operation_name.unwrap_or(Text::Static(method));
        let mut builder = tracer.span(name);
        builder
            .kind(SpanKind::Client)
            .tag(tags::COMPONENT, Value::Static(self.component))
            .tag(tags::HTTP_METHOD, Value::Static(method))
            .tag(tags::HTTP_URL, Value::Url(self.url));
        if let Some(PeerService::Given(name)) = self.peer_service {
            // Before the decision, so that a sampler may go by it.
            builder.set(tags::PEER_SERVICE, name);
        }
        let mut span = builder.start();
        if method == OTHER_METHOD {
            span.set(tags::HTTP_REQUEST_METHOD_ORIGINAL, self.method.as_str());
        }
        if let Some(derived @ PeerService::Derived(_)) = self.peer_service {
            derived.set_tag(&mut span);
        }
        self.peer.set_tags(&mut span);
        span
    }
}

/// Sets the status that came back, and the tag `error` if it is one of those.
pub fn set_status(span: &mut Span, status: StatusCode, errors: ErrorStatuses) {
    span.set(tags::HTTP_STATUS_CODE, status.as_u16().into());
    if errors.contain(status) {
        span.set(tags::ERROR, true);
    }
}

/// Writes the context to the headers of an outgoing request, in the place of every trace header that is there.
///
/// What a tracer cannot write is left out: a request is never failed by tracing.
pub fn inject(tracer: &Tracer, context: &SpanContext, headers: &mut HeaderMap) {
    let _ = tracer.inject(context, HttpHeaders, headers);
}

/// Takes out every header of the formats that the tracer writes, also those that were copied from an incoming request: for a
/// target that may not see them.
pub fn remove_trace_headers(tracer: &Tracer, headers: &mut HeaderMap) {
    // A context without anything to carry leaves nothing behind.
    let _ = tracer.inject(&SpanContext::empty(), HttpHeaders, headers);
}
