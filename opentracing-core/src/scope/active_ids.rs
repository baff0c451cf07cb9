//! The ids of the active span, for log lines.

use crate::model::active_ids::ActiveIds;
use crate::recorder::local;

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
