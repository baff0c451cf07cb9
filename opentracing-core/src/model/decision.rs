//! The sampling decision.

/// The decision of a sampler about a span and its descendants in this process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// The span is not recorded. Ids, decision and baggage are still propagated.
    Drop,
    /// The span is recorded, but propagated as not sampled. The tag `sampling.priority` can still sample it later. Otherwise it is dropped
    /// when it is drained, and counted in [`Stats::dropped_unsampled`](crate::Stats::dropped_unsampled).
    Record,
    /// The span is recorded and sampled.
    RecordAndSample,
}
