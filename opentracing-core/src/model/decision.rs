//! The sampling decision.

/// What a sampler says of a span and its descendants in this process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Ids, decision and baggage only: nothing is recorded.
    Drop,
    /// Recorded, and not sampled as far as other services are told: somebody may decide later. Without such a somebody the span is
    /// counted in [`Stats::dropped_unsampled`](crate::Stats::dropped_unsampled).
    Record,
    /// Recorded and sampled.
    RecordAndSample,
}
