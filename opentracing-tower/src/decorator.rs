//! Hooks that write to spans.

use std::error::Error;

use http::{request, response};
use opentracing_core::http_rules::{
    ConnectFailure, ErrorStatuses, ErrorText, HeaderTags, HttpFailure, SendFailure, is_timeout, set_status,
};
use opentracing_core::{Span, Value, logs, tags};

/// Writes tags, logs or another operation name to the spans of a layer. Add it with
/// [`TracingLayer::decorator`](crate::TracingLayer::decorator) or
/// [`TracingClientLayer::decorator`](crate::TracingClientLayer::decorator).
///
/// The layer sets its own tags first, so a decorator may overwrite them. Each hook runs at most once, on the thread that polls the
/// request, and also for spans that are not recorded: compute expensive values in [`set_tag_with`](Span::set_tag_with). Hooks must not
/// block. A panic in a hook is a panic of the request.
///
/// ```
/// use opentracing_core::Span;
/// use opentracing_tower::{HttpFailure, HttpDecorator};
///
/// struct Tenants;
///
/// impl HttpDecorator for Tenants {
///     fn on_request(&self, span: &mut Span, request: &http::request::Parts) {
///         let tenant = request.headers.get("x-tenant");
///         if let Some(tenant) = tenant.and_then(|value| value.to_str().ok()) {
///             span.set_tag("tenant", tenant);
///         }
///     }
///
///     fn on_error(&self, span: &mut Span, failure: &HttpFailure<'_>) {
///         if matches!(failure, HttpFailure::Cancelled) {
///             span.set_tag("error", true);
///         }
///     }
/// }
/// ```
pub trait HttpDecorator: Send + Sync + 'static {
    /// Runs after the start of the span, before the wrapped service is called. The headers of a client's request do not have the context
    /// yet, so baggage that is set here is sent along.
    fn on_request(&self, span: &mut Span, request: &request::Parts) {
        let _ = (span, request);
    }

    /// Runs with the head of the response, before its body.
    fn on_response(&self, span: &mut Span, response: &response::Parts) {
        let _ = (span, response);
    }

    /// Runs when the exchange fails or is dropped, before the span finishes. Does not run after a panic, which the tracer records.
    fn on_error(&self, span: &mut Span, failure: &HttpFailure<'_>) {
        let _ = (span, failure);
    }
}

/// What both layers record before other decorators run: status, error, and the outcome of an exchange that was dropped.
///
/// - With a response: `http.status_code`, and `error` if [`ErrorStatuses`] contains the status.
/// - With an error of the service or of the body: `error`, and a log `event=error` with `error.kind` (`service` or `body`) and the text
///   of the error in `message`. For a client, `error.kind` is more specific where [`ErrorText::as_error`] has the causes: `timeout`, or
///   why there is no response, as [`ConnectFailure`] and [`SendFailure`] name it; and `error.object` has the error's `Debug` text. Secrets in URLs are redacted in these texts.
/// - Cancelled or aborted: the tag `http.outcome` and a log with the same `event`. This is not an error.
///
/// ```
/// use opentracing_core::http_rules::ErrorStatuses;
/// use opentracing_core::mock::MockTracer;
/// use opentracing_tower::{HttpDecorator, StandardDecorator};
///
/// let standard = StandardDecorator::client().error_statuses(ErrorStatuses::ClientAndServerErrors);
/// let mock = MockTracer::new();
/// let mut span = mock.tracer().span("GET").start();
/// let (response, ()) = http::Response::builder().status(404).body(())?.into_parts();
/// standard.on_response(&mut span, &response);
/// span.finish();
/// mock.assert_tree("GET !");
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct StandardDecorator {
    error_statuses: ErrorStatuses,
    is_client: bool,
}

impl StandardDecorator {
    /// The default of servers: 5xx are errors.
    pub fn server() -> Self {
        Self::default()
    }

    /// The default of clients: 5xx are errors.
    pub fn client() -> Self {
        StandardDecorator { is_client: true, ..Self::default() }
    }

    /// Which statuses are errors.
    pub fn error_statuses(mut self, statuses: ErrorStatuses) -> Self {
        self.error_statuses = statuses;
        self
    }

    fn fail(&self, span: &mut Span, kind: &'static str, error: &ErrorText<'_>) {
        span.set(tags::ERROR, true);
        if !span.is_recording() {
            return;
        }
        let (message, object) = (error.to_string(), if self.is_client { format!("{error:?}") } else { String::new() });
        let specific = error.as_error().filter(|_| self.is_client).and_then(|error| specific_kind(error, kind));
        let fields = [
            (logs::EVENT, Value::Static("error")),
            (logs::ERROR_KIND, Value::Static(specific.unwrap_or(kind))),
            (logs::MESSAGE, Value::Message(&message)),
            (logs::ERROR_OBJECT, Value::Message(&object)),
        ];
        span.log_kv(if self.is_client { &fields } else { &fields[..3] });
    }
}

impl HttpDecorator for StandardDecorator {
    fn on_response(&self, span: &mut Span, response: &response::Parts) {
        set_status(span, response.status, self.error_statuses);
    }

    fn on_error(&self, span: &mut Span, failure: &HttpFailure<'_>) {
        match failure {
            HttpFailure::Service(error) => self.fail(span, "service", error),
            HttpFailure::Body(error) => self.fail(span, "body", error),
            _ => failure.record_outcome(span),
        }
    }
}

impl HttpDecorator for HeaderTags {
    fn on_request(&self, span: &mut Span, request: &request::Parts) {
        self.set_request_tags(span, &request.headers);
    }

    fn on_response(&self, span: &mut Span, response: &response::Parts) {
        self.set_response_tags(span, &response.headers);
    }
}

/// Why there is no response, or that a time-out has expired.
fn specific_kind(error: &(dyn Error + 'static), kind: &str) -> Option<&'static str> {
    if let Some(failure) = ConnectFailure::of(error) {
        return Some(failure.name());
    }
    if is_timeout(error) {
        return Some("timeout");
    }
    SendFailure::of(error).filter(|_| kind == "service").map(SendFailure::name)
}
