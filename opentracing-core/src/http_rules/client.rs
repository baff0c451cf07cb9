//! The span of an outgoing request, as every HTTP client records it.

use http::{HeaderMap, Method, StatusCode};

use crate::http_rules::caller::{self, CallerContext};
use crate::http_rules::method::{OTHER_METHOD, method_name};
use crate::http_rules::peer::Peer;
use crate::http_rules::peer_service::PeerService;
use crate::http_rules::resend_counter::ResendCounter;
use crate::http_rules::status::ErrorStatuses;
use crate::model::context::{ReferenceKind, SpanContext};
use crate::model::kind::SpanKind;
use crate::model::tags;
use crate::model::value::{Text, Value};
use crate::propagation::HttpHeaders;
use crate::span::span::Span;
use crate::tracer::tracer::Tracer;

/// An outgoing request, when its span starts.
///
/// ```
/// use http::Method;
/// use opentracing_core::http_rules::{ClientRequest, Peer};
/// use opentracing_core::mock::MockTracer;
///
/// let mock = MockTracer::new();
/// let peer = Peer::from_host("catalog.example", Some(80));
/// let url = ["http://catalog.example/books"];
/// let mut request = ClientRequest::new("my-client", &Method::GET, &url, peer);
/// request.operation_name = Some("GET /books".into());
/// request.start(mock.tracer()).finish();
/// mock.assert_tree("GET /books (client)");
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ClientRequest<'a> {
    /// The library that sends the request.
    pub component: &'static str,
    /// The span's name, a template such as `GET /users/{id}`. The default is the method.
    pub operation_name: Option<Text<'a>>,
    /// The method. An unknown one is recorded as `_OTHER`, and as it is in `http.request.method_original`.
    pub method: &'a Method,
    /// Known methods in addition to those of the [registry](crate::http_rules::known_method). None by default.
    pub known_methods: &'a [&'static str],
    /// The URL in pieces. User name, password and secrets are redacted when the span is reported.
    pub url: &'a [&'a str],
    /// The target.
    pub peer: Peer<'a>,
    /// The name of the called service. None by default.
    pub peer_service: Option<PeerService<'a>>,
    /// Where the request was made, if it is sent elsewhere. None by default.
    pub caller: Option<&'a CallerContext>,
    /// The counter of attempts at the request, which also joins their spans. None by default.
    pub attempts: Option<&'a ResendCounter>,
    /// Whether the request is not recorded, nor what is done for it. False by default.
    pub is_skipped: bool,
}

impl<'a> ClientRequest<'a> {
    /// A request, with the defaults of the other fields.
    pub fn new(component: &'static str, method: &'a Method, url: &'a [&'a str], peer: Peer<'a>) -> Self {
        ClientRequest {
            component,
            operation_name: None,
            method,
            known_methods: &[],
            url,
            peer,
            peer_service: None,
            caller: None,
            attempts: None,
            is_skipped: false,
        }
    }

    /// Starts the span, a child of the active one or of the [caller](Self::caller). A later attempt without either refers to the first
    /// one. Nothing is converted or allocated for a span that is not recorded.
    pub fn start(&self, tracer: &Tracer) -> Span {
        let origin = self.attempts.and_then(ResendCounter::origin);
        let reference = match (self.caller, &origin) {
            (None, None) => None,
            (caller, origin) => caller::reference(tracer, caller, origin.as_ref()),
        };
        let span = self.start_below(tracer, reference);
        if let (Some(attempts), None) = (self.attempts, origin) {
            attempts.keep_origin(tracer, self.caller, &span);
        }
        span
    }

    fn start_below(&self, tracer: &Tracer, reference: Option<(ReferenceKind, &SpanContext)>) -> Span {
        let method = method_name(self.method, self.known_methods);
        let name = self.operation_name.unwrap_or(Text::Static(method));
        let mut builder = tracer.span(name);
        if let Some((kind, context)) = reference {
            builder.reference(kind, context);
        }
        builder.kind(SpanKind::Client);
        if self.is_skipped {
            return builder.set(tags::SAMPLING_PRIORITY, 0).start();
        }
        builder
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

/// Sets the status of the response, and the tag `error` if the status is an error.
pub fn set_status(span: &mut Span, status: StatusCode, errors: ErrorStatuses) {
    span.set(tags::HTTP_STATUS_CODE, status.as_u16());
    if errors.contain(status) {
        span.set(tags::ERROR, true);
    }
}

/// Writes the context to the headers of an outgoing request, and removes trace headers that were there.
///
/// A context that cannot be written is left out: tracing never fails a request.
pub fn inject(tracer: &Tracer, context: &SpanContext, headers: &mut HeaderMap) {
    let _ = tracer.inject(context, HttpHeaders, headers);
}

/// Removes the headers of all formats that the tracer writes, also those that were copied from an incoming request: for a target that
/// must not get them.
pub fn remove_trace_headers(tracer: &Tracer, headers: &mut HeaderMap) {
    // Injecting an empty context removes all headers and writes none.
    let _ = tracer.inject(&SpanContext::empty(), HttpHeaders, headers);
}
