//! Spans that have not finished, for `report()`.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::model::context::SpanContext;

/// A span that has been open for a second or longer. See [`Report::open_spans`](crate::Report::open_spans).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenSpan {
    /// The last name that the span was given.
    pub operation_name: Cow<'static, str>,
    /// Its ids and its decision, without baggage.
    pub context: SpanContext,
    /// How long it has been open.
    pub age: Duration,
    /// Where it was seen last.
    pub place: OpenPlace,
}

/// Where a span that has not finished was seen last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenPlace {
    /// It was started on a thread of that name, and has not waited since as part of a future.
    Thread(Arc<str>),
    /// It belongs to a future or a body that was polled on a thread of that name and was not ready.
    Future(Arc<str>),
    /// A [`SpanRef`](crate::SpanRef) was made of it on a thread of that name.
    Handle(Arc<str>),
}

impl fmt::Display for OpenPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, thread) = match self {
            OpenPlace::Thread(thread) => ("started on thread", thread),
            OpenPlace::Future(thread) => ("in a future, polled on thread", thread),
            OpenPlace::Handle(thread) => ("shared by a handle on thread", thread),
        };
        write!(f, "{what} {}", thread.escape_debug())
    }
}

impl fmt::Display for OpenSpan {
    /// A name from outside makes neither lines of its own nor a long one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OpenSpan { operation_name, context, age, place } = self;
        let name = operation_name.chars().take(NAME_CHARS).collect::<String>();
        let (trace, span) = (context.trace_id(), context.span_id());
        write!(f, "{} for {age:.1?}, trace {trace}, span {span}, {place}", name.escape_debug())
    }
}

const NAME_CHARS: usize = 100;
