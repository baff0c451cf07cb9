//! Hooks: what is written to a span at the stations of an exchange.

use std::error::Error;

use http::{request, response};
use opentracing_core::http_rules::{ConnectFailure, ErrorStatuses, ErrorText, HttpFailure, is_timeout, set_status};
use opentracing_core::{Span, Value, logs, tags};

/// Writes to the spans of a layer what its user wants to see there: further tags, another operation name, another view of what an
/// error is. Add it with [`TracingLayer::decorator`](crate::TracingLayer::decorator) or
/// [`TracingClientLayer::decorator`](crate::TracingClientLayer::decorator).
///
/// The layer's own tags are set first, so a decorator may overwrite them. Each hook runs once at most, on the thread that drives
/// the request, also for spans that are not recorded: what is expensive to make belongs into
/// [`set_tag_with`](Span::set_tag_with). Hooks must not block. A panic is the request's.
///
/// ```
/// use opentracing_core::Span;
/// use opentracing_tower::{HttpFailure, SpanDecorator};
///
/// struct Tenants;
///
/// impl SpanDecorator for Tenants {
///     fn on_request(&self, span: &mut Span, request: &http::request::Parts) {
///         if let Some(tenant) = request.headers.get("x-tenant").and_then(|value| value.to_str().ok()) {
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
pub trait SpanDecorator: Send + Sync + 'static {
    /// The span has just started; the request goes to the wrapped service next. A client's headers are not injected yet.
    fn on_request(&self, span: &mut Span, request: &request::Parts) {
        let _ = (span, request);
    }

    /// The head of the answer is there; its body is not.
    fn on_response(&self, span: &mut Span, response: &response::Parts) {
        let _ = (span, response);
    }

    /// The exchange did not come to its end. The span finishes next. Does not run after a panic, which the tracer notes itself.
    fn on_error(&self, span: &mut Span, failure: &HttpFailure<'_>) {
        let _ = (span, failure);
    }
}

/// What both layers write before any other decorator does: status, error, and how an exchange ended that did not come to its end.
///
/// - On an answer: `http.status_code`, and `error` if [`ErrorStatuses`] says so.
/// - On an error of the service or of the body: `error`, and a log `event=error` with `error.kind` `service` or `body` and the error's
///   text in `message`. Of a client, `error.kind` is `timeout`, or why there is no connection, `dns`, `connect`, `tls` or `proxy`, as
///   far as [`ErrorText::as_error`] can tell; and the log has the error's `Debug` form in `error.object`, with the causes.
///   Secrets are taken out of URLs in these texts.
/// - Cancelled or aborted: the tag `http.outcome` and a log whose `event` says the same. That is no error of the server, and of a
///   stream that never ends by itself it is the usual end.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct StandardDecorator {
    error_statuses: ErrorStatuses,
    is_client: bool,
}

impl StandardDecorator {
    /// As servers have it: 5xx are errors.
    pub fn server() -> Self {
        Self::default()
    }

    /// As clients have it: 5xx are errors.
    pub fn client() -> Self {
        StandardDecorator { is_client: true, ..Self::default() }
    }

    /// Which answers are errors.
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
        let told = error.as_error().filter(|_| self.is_client).and_then(told_kind);
        let fields = [
            (logs::EVENT, Value::Static("error")),
            (logs::ERROR_KIND, Value::Static(told.unwrap_or(kind))),
            (logs::MESSAGE, Value::Message(&message)),
            (logs::ERROR_OBJECT, Value::Message(&object)),
        ];
        span.log_kv(if self.is_client { &fields } else { &fields[..3] });
    }
}

impl SpanDecorator for StandardDecorator {
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

/// What an error says that is more than where it came from.
fn told_kind(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let failure = ConnectFailure::of(error).map(ConnectFailure::name);
    failure.or_else(|| is_timeout(error).then_some("timeout"))
}
