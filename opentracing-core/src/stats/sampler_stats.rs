//! How it went with what a sampler is told from elsewhere.

/// Questions for a sampling strategy, and what came of the answers: of a [`RemoteSampler`](crate::RemoteSampler), and zero for samplers
/// that are told nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SamplerStats {
    /// Questions that were answered.
    pub queries_ok: u64,
    /// Questions that nobody answered, or not with success.
    pub queries_failed: u64,
    /// Strategies that came into effect. An answer that says the same as the one before is none of them.
    pub updates_ok: u64,
    /// Answers that are no strategy, or one with numbers that cannot be: the last strategy stayed.
    pub updates_failed: u64,
}

impl SamplerStats {
    /// Of a sampler that asks several.
    pub(crate) fn sum(stats: impl Iterator<Item = SamplerStats>) -> Self {
        stats.fold(SamplerStats::default(), |sum, stats| SamplerStats {
            queries_ok: sum.queries_ok + stats.queries_ok,
            queries_failed: sum.queries_failed + stats.queries_failed,
            updates_ok: sum.updates_ok + stats.updates_ok,
            updates_failed: sum.updates_failed + stats.updates_failed,
        })
    }
}
