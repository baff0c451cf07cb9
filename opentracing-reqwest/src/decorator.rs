//! The hook into every span.

use std::error::Error;

use opentracing_core::Span;
use reqwest::{Request, Response};

/// Writes more to the spans of a client than the standard tags, or something else in their place: it runs after they are set.
///
/// Called on the thread that sends the request or polls the call, so it must be quick and must not block. A panic in it passes on to
/// that thread.
///
/// ```
/// use opentracing_core::Span;
/// use opentracing_reqwest::SpanDecorator;
/// use reqwest::Response;
///
/// struct CacheStatus;
///
/// impl SpanDecorator for CacheStatus {
///     fn on_response(&self, response: &Response, span: &mut Span) {
///         if let Some(status) = response.headers().get("x-cache").and_then(|value| value.to_str().ok()) {
///             span.set_tag("cache.status", status);
///         }
///     }
/// }
/// ```
pub trait SpanDecorator: Send + Sync + 'static {
    /// Called once a call, before its context is written to the request's headers, so baggage that is set here goes along. Called for
    /// spans that are not recorded too.
    fn on_request(&self, request: &Request, span: &mut Span) {
        let _ = (request, span);
    }

    /// Called when the head of the answer is there, after redirects, for spans that are recorded.
    fn on_response(&self, response: &Response, span: &mut Span) {
        let _ = (response, span);
    }

    /// Called at most once a call, for spans that are recorded: when there is no answer, or when reading its body fails. The error is
    /// a [`reqwest::Error`], or, if the body is not concerned, that of the middleware around it.
    fn on_error(&self, error: &(dyn Error + 'static), span: &mut Span) {
        let _ = (error, span);
    }
}
