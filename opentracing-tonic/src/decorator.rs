//! Hooks: what is written to a span at the stations of a call.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, request, response};
use opentracing_core::Span;
use tonic::Code;

/// Writes to the spans of a layer what its user wants to see there: further tags, another operation name, another view of what an
/// error is. Add it with [`TracingLayer::decorator`](crate::TracingLayer::decorator) or
/// [`TracingClientLayer::decorator`](crate::TracingClientLayer::decorator).
///
/// The layer's own tags are set first, so a decorator may overwrite them. Each hook runs once at most, on the thread that drives
/// the call, also for spans that are not recorded: what is expensive to make belongs into [`set_tag_with`](Span::set_tag_with). Hooks must
/// not block. A panic is the call's.
///
/// ```
/// use opentracing_core::Span;
/// use opentracing_tonic::{Ending, SpanDecorator};
///
/// struct Quotas;
///
/// impl SpanDecorator for Quotas {
///     fn on_end(&self, span: &mut Span, ending: &Ending<'_>) {
///         let left = ending.trailers().and_then(|trailers| trailers.get("x-quota-left")?.to_str().ok());
///         if let Some(left) = left {
///             span.set_tag("quota.left", left);
///         }
///     }
/// }
/// ```
pub trait SpanDecorator: Send + Sync + 'static {
    /// The span has just started; the call goes to the wrapped service next. A client's metadata has no context yet.
    fn on_request(&self, span: &mut Span, request: &request::Parts) {
        let _ = (span, request);
    }

    /// The head of the answer is there, with the metadata that come first; messages and status are not.
    fn on_response(&self, span: &mut Span, response: &response::Parts) {
        let _ = (span, response);
    }

    /// The call is over, in whatever way. The span finishes next. Does not run after a panic, which the tracer notes itself.
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
    /// A status, in the trailers or in an answer of nothing else.
    Status,
    /// The answer came to its end without a status. The code is made of the HTTP status.
    NoStatus,
    /// The wrapped service returned an error: of a client, the connection failed or a time-out was over.
    Service,
    /// The body of the answer returned an error: the stream was reset, or the connection is lost.
    Body,
    /// The call was dropped before the answer had begun. On a server the client left or a time-out was over; on a client nobody wanted
    /// the answer any more.
    Cancelled,
    /// The body of the answer was dropped before its end, for the same reasons.
    Aborted,
}

impl<'a> Ending<'a> {
    /// The status, or what comes nearest to how the call ended.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The text of the status, decoded, or that of the error; may be empty.
    pub fn message(&self) -> &'a str {
        self.message
    }

    /// What ended the call.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// The trailers; those of an answer that has nothing else are its headers, as far as they came.
    pub fn trailers(&self) -> Option<&'a HeaderMap> {
        self.trailers
    }
}

/// The decorators of a layer, in order.
#[derive(Clone, Default)]
pub(crate) struct Hooks(Vec<Arc<dyn SpanDecorator>>);

impl Hooks {
    pub(crate) fn add(&mut self, decorator: impl SpanDecorator) {
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
