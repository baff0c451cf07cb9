//! Hooks that write to spans.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, request, response};
use opentracing_core::Span;
use tonic::Code;

/// Writes tags, logs or another operation name to the spans of a layer. Add it with
/// [`TracingLayer::decorator`](crate::TracingLayer::decorator) or
/// [`TracingClientLayer::decorator`](crate::TracingClientLayer::decorator).
///
/// The layer sets its own tags first, so a decorator may overwrite them. Each hook runs at most once, on the thread that polls the call,
/// and also for spans that are not recorded: compute expensive values in [`set_tag_with`](Span::set_tag_with). Hooks must not block. A
/// panic in a hook is a panic of the call.
///
/// ```
/// use opentracing_core::Span;
/// use opentracing_tonic::{Ending, GrpcDecorator};
///
/// struct Quotas;
///
/// impl GrpcDecorator for Quotas {
///     fn on_end(&self, span: &mut Span, ending: &Ending<'_>) {
///         let left = ending.trailers().and_then(|trailers| trailers.get("x-quota-left"));
///         if let Some(left) = left.and_then(|value| value.to_str().ok()) {
///             span.set_tag("quota.left", left);
///         }
///     }
/// }
/// ```
pub trait GrpcDecorator: Send + Sync + 'static {
    /// Runs after the start of the span, before the wrapped service is called. The metadata of a client's call do not have the context
    /// yet, so baggage that is set here is sent along.
    fn on_request(&self, span: &mut Span, request: &request::Parts) {
        let _ = (span, request);
    }

    /// Runs with the head of the response and its metadata, before messages and status.
    fn on_response(&self, span: &mut Span, response: &response::Parts) {
        let _ = (span, response);
    }

    /// Runs when the call ends in any way but a panic, before the span finishes.
    fn on_end(&self, span: &mut Span, ending: &Ending<'_>) {
        let _ = (span, ending);
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    pub(crate) code: Code,
    pub(crate) message: &'a str,
    pub(crate) cause: Cause,
    pub(crate) trailers: Option<&'a HeaderMap>,
}

/// What ended a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// A status, in the trailers or in a response of nothing but headers.
    Status,
    /// The response ended without a status. The code is derived from the HTTP status.
    NoStatus,
    /// The wrapped service returned an error. On a client, the connection failed or a time-out expired.
    Service,
    /// The body of the response returned an error: the stream was reset, or the connection is lost.
    Body,
    /// The call was dropped before the response. On a server the client disconnected or a time-out expired; on a client the caller
    /// dropped the future.
    Cancelled,
    /// The body of the response was dropped before its end, for the same reasons.
    Aborted,
    /// The client received a message that it does not accept: the message is larger than its limit, or cannot be decoded.
    Refused,
}

impl Cause {
    /// The value of the tag `grpc.outcome`, in the words of `http.outcome`: `cancelled`, `aborted`, or `None` if the call was not dropped.
    pub const fn outcome(self) -> Option<&'static str> {
        match self {
            Cause::Cancelled => Some("cancelled"),
            Cause::Aborted => Some("aborted"),
            _ => None,
        }
    }
}

impl<'a> Ending<'a> {
    /// The status code, or the code that describes best how the call ended.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The decoded text of the status, or the text of the error. May be empty.
    pub fn message(&self) -> &'a str {
        self.message
    }

    /// What ended the call.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// The trailers, if they arrived. For a response of nothing but headers, these are the headers.
    pub fn trailers(&self) -> Option<&'a HeaderMap> {
        self.trailers
    }
}

/// The decorators of a layer, in order.
#[derive(Clone, Default)]
pub(crate) struct Hooks(Vec<Arc<dyn GrpcDecorator>>);

impl Hooks {
    pub(crate) fn add(&mut self, decorator: impl GrpcDecorator) {
        self.0.push(Arc::new(decorator));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn on_request(&self, span: &mut Span, request: &request::Parts) {
        self.0.iter().for_each(|decorator| decorator.on_request(span, request));
    }

    pub(crate) fn on_response(&self, span: &mut Span, response: &response::Parts) {
        self.0.iter().for_each(|decorator| decorator.on_response(span, response));
    }

    pub(crate) fn on_end(&self, span: &mut Span, ending: &Ending<'_>) {
        self.0.iter().for_each(|decorator| decorator.on_end(span, ending));
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hooks").field(&self.0.len()).finish()
    }
}
