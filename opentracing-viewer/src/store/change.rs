//! What live pages hear of.

use std::sync::Arc;

use opentracing_core::TraceId;

/// New spans in the store. See [`Store::subscribe`](crate::Store::subscribe).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Change {
    /// The number of this change, one more than that of the change before it. The first has 1.
    pub sequence: u64,
    /// The number of new spans.
    pub spans: usize,
    /// The traces that have new spans, the first 256 of them, each once.
    pub traces: Arc<[TraceId]>,
    /// Whether further traces have new spans.
    pub has_more: bool,
}
