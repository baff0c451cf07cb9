//! Open spans, for `report()`.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::model::context::SpanContext;

/// A span that has been open for a second or longer. See [`Report::open_spans`](crate::Report::open_spans).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenSpan {
    /// The operation name, as last set.
    pub operation_name: Cow<'static, str>,
    /// The ids and the sampling decision of the span, without baggage.
    pub context: SpanContext,
    /// How long the span has been open.
    pub age: Duration,
    /// Where the span was last seen.
    pub place: OpenPlace,
}

/// Where an open span was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenPlace {
    /// The span was started on the thread with this name, and is not part of a pending future.
    Thread(Arc<str>),
    /// The span belongs to a future or an HTTP body that was last polled on the thread with this name, and is pending.
    Future(Arc<str>),
    /// The span was shared by a [`SpanRef`](crate::SpanRef) on the thread with this name.
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
    /// The name may come from outside, so line breaks are escaped and its length is limited.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OpenSpan { operation_name, context, age, place } = self;
        let name = operation_name.chars().take(NAME_CHARS).collect::<String>();
        let (trace, span) = (context.trace_id(), context.span_id());
        write!(f, "{} for {age:.1?}, trace {trace}, span {span}, {place}", name.escape_debug())
    }
}

const NAME_CHARS: usize = 100;
