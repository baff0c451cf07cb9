//! The ids of the active span, for log lines.

use crate::model::ids::{SpanId, TraceId};
use crate::recorder::local;

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

/// Returns the ids of this thread's active span, of any tracer; `None` if no span is active. Costs about as much as an access to a
/// thread-local, and allocates nothing.
#[inline]
pub fn active_ids() -> Option<ActiveIds> {
    local::with(|local| {
        local.context_of_any(|context| ActiveIds {
            trace_id: context.trace_id(),
            span_id: context.span_id(),
            is_sampled: context.is_sampled(),
        })
    })?
}
