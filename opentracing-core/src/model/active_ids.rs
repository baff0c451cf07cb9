//! The ids of an active span.

use crate::model::context::SpanContext;
use crate::model::ids::{SpanId, TraceId};

/// The ids of this thread's active span.
///
/// ```
/// use opentracing_core::{active_ids, mock::MockTracer};
///
/// let mock = MockTracer::new();
/// assert_eq!(active_ids(), None);
/// let scope = mock.tracer().span("checkout").start_active();
/// let ids = active_ids().expect("a span is active");
/// assert_eq!(Some(ids.span_id), scope.span().context().map(|context| context.span_id()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ActiveIds {
    /// The id of the trace.
    pub trace_id: TraceId,
    /// The id of the span.
    pub span_id: SpanId,
    /// Whether the trace is kept. The ids of a span that is not kept are useful too: they join the log lines of a request.
    pub is_sampled: bool,
}

impl ActiveIds {
    #[inline]
    pub(crate) fn of(context: &SpanContext) -> Self {
        ActiveIds { trace_id: context.trace_id(), span_id: context.span_id(), is_sampled: context.is_sampled() }
    }
}
