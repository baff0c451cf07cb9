//! The counters of a remote sampling strategy.

/// Queries for a sampling strategy and their results. They stay zero for samplers other than [`RemoteSampler`](crate::RemoteSampler).
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SamplerStats {
    /// Queries that succeeded.
    pub queries_ok: u64,
    /// Queries that failed.
    pub queries_failed: u64,
    /// Strategies that took effect. An answer equal to the one before does not count.
    pub updates_ok: u64,
    /// Answers that are no valid strategy; the previous one stayed in effect.
    pub updates_failed: u64,
}

impl SamplerStats {
    /// The sum for a sampler that combines several.
    pub(crate) fn sum(stats: impl Iterator<Item = SamplerStats>) -> Self {
        stats.fold(SamplerStats::default(), |sum, stats| SamplerStats {
            queries_ok: sum.queries_ok + stats.queries_ok,
            queries_failed: sum.queries_failed + stats.queries_failed,
            updates_ok: sum.updates_ok + stats.updates_ok,
            updates_failed: sum.updates_failed + stats.updates_failed,
        })
    }
}
