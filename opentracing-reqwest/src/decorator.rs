//! Hooks: what is written to a span at the stations of a call.

use opentracing_core::Span;
use opentracing_core::http_rules::HttpFailure;
use reqwest::{Request, Response};

/// Writes to the spans of a client what its user wants to see there: further tags, another operation name, another view of what an
/// error is.
///
/// The standard tags are set first, so a decorator may overwrite them. Each hook runs once a call at most, on the thread that sends
/// the request or polls the call, also for spans that are not recorded: what is expensive to make belongs into
/// [`set_tag_with`](Span::set_tag_with). Hooks must not block. A panic is the caller's.
///
/// ```
/// use opentracing_core::Span;
/// use opentracing_reqwest::SpanDecorator;
/// use reqwest::Response;
///
/// struct CacheStatus;
///
/// impl SpanDecorator for CacheStatus {
///     fn on_response(&self, span: &mut Span, response: &Response) {
///         if let Some(status) = response.headers().get("x-cache").and_then(|value| value.to_str().ok()) {
///             span.set_tag("cache.status", status);
///         }
///     }
/// }
/// ```
pub trait SpanDecorator: Send + Sync + 'static {
    /// The span has just started; the request is sent next. Its headers do not have the span's context yet, so baggage that is set
    /// here goes along.
    fn on_request(&self, span: &mut Span, request: &Request) {
        let _ = (span, request);
    }

    /// The head of the answer is there, after redirects; its body is not.
    fn on_response(&self, span: &mut Span, response: &Response) {
        let _ = (span, response);
    }

    /// The call did not come to its end. [`HttpFailure::Service`] has a [`reqwest::Error`], or the error of a middleware. The span finishes next. Does not run after a panic, which the tracer notes itself.
    fn on_error(&self, span: &mut Span, failure: &HttpFailure<'_>) {
        let _ = (span, failure);
    }
}
