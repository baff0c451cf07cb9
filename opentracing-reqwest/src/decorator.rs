//! Hooks that write to spans.

use std::fmt;
use std::sync::Arc;

use opentracing_core::Span;
use opentracing_core::http_rules::{HeaderTags, HttpFailure};
use reqwest::{Request, Response};

/// Writes tags, logs or another operation name to the spans of a client. Add it with
/// [`TracingClientBuilder::decorator`](crate::TracingClientBuilder::decorator).
///
/// The client sets its own tags first, so a decorator may overwrite them. Each hook runs at most once a call, on the thread that sends
/// the request or polls the call, and also for spans that are not recorded: compute expensive values in
/// [`set_tag_with`](Span::set_tag_with). Hooks must not block. A panic in a hook is a panic of the caller.
///
/// ```
/// use opentracing_core::Span;
/// use opentracing_reqwest::ReqwestDecorator;
/// use reqwest::Response;
///
/// struct CacheStatus;
///
/// impl ReqwestDecorator for CacheStatus {
///     fn on_response(&self, span: &mut Span, response: &Response) {
///         let status = response.headers().get("x-cache");
///         if let Some(status) = status.and_then(|value| value.to_str().ok()) {
///             span.set_tag("cache.status", status);
///         }
///     }
/// }
/// ```
pub trait ReqwestDecorator: Send + Sync + 'static {
    /// Runs after the start of the span, before the request is sent. Its headers do not have the context yet, so baggage that is set
    /// here is sent along.
    fn on_request(&self, span: &mut Span, request: &Request) {
        let _ = (span, request);
    }

    /// Runs with the head of the response, after redirects and before its body.
    fn on_response(&self, span: &mut Span, response: &Response) {
        let _ = (span, response);
    }

    /// Runs when the call fails or is dropped, before the span finishes. [`HttpFailure::Service`] has a [`reqwest::Error`], or the error
    /// of a middleware. Does not run after a panic, which the tracer records.
    fn on_error(&self, span: &mut Span, failure: &HttpFailure<'_>) {
        let _ = (span, failure);
    }
}

impl ReqwestDecorator for HeaderTags {
    fn on_request(&self, span: &mut Span, request: &Request) {
        self.set_request_tags(span, request.headers());
    }

    fn on_response(&self, span: &mut Span, response: &Response) {
        self.set_response_tags(span, response.headers());
    }
}

/// The decorators of a client, in order.
#[derive(Clone, Default)]
pub(crate) struct Decorators(Vec<Arc<dyn ReqwestDecorator>>);

impl Decorators {
    pub(crate) fn add(&mut self, decorator: impl ReqwestDecorator) {
        self.0.push(Arc::new(decorator));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn on_request(&self, span: &mut Span, request: &Request) {
        self.0.iter().for_each(|decorator| decorator.on_request(span, request));
    }

    pub(crate) fn on_response(&self, span: &mut Span, response: &Response) {
        self.0.iter().for_each(|decorator| decorator.on_response(span, response));
    }

    pub(crate) fn on_error(&self, span: &mut Span, failure: &HttpFailure<'_>) {
        self.0.iter().for_each(|decorator| decorator.on_error(span, failure));
    }
}

impl fmt::Debug for Decorators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Decorators").field(&self.0.len()).finish()
    }
}
