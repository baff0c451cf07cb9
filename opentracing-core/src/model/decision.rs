//! The sampling decision.

/// The decision of a sampler about a span and its descendants in this process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// Nothing is recorded. Ids, decision and baggage are still propagated.
    Drop,
    /// The span is recorded, but propagated as not sampled, so that a later decision may still keep it. Unless something decides so, the
    /// span is counted in [`Stats::dropped_unsampled`](crate::Stats::dropped_unsampled).
    Record,
    /// The span is recorded and sampled.
    RecordAndSample,
}
