//! Different samplers for traces that begin here and for those that a remote parent has decided about.

use crate::model::context::Sampling;
use crate::sampler::{Decision, Sampler, SamplerStats, SamplingDetails, SamplingParams};

/// Asks one sampler about traces that begin here, and two others where a remote parent has decided
/// (OpenTelemetry Trace SDK, `ParentBased`).
///
/// Without the two others it does what every tracer does by itself: the remote decision holds. Local parents always hold.
#[derive(Debug)]
pub struct ParentBased {
    root: Box<dyn Sampler>,
    remote_sampled: Option<Box<dyn Sampler>>,
    remote_not_sampled: Option<Box<dyn Sampler>>,
}

impl ParentBased {
    /// Asks that sampler about traces that begin here.
    pub fn new(root: impl Sampler) -> Self {
        ParentBased { root: Box::new(root), remote_sampled: None, remote_not_sampled: None }
    }

    /// Asks that sampler where the remote parent is sampled. By default the span is sampled.
    #[must_use]
    pub fn remote_sampled(mut self, sampler: impl Sampler) -> Self {
        self.remote_sampled = Some(Box::new(sampler));
        self
    }

    /// Asks that sampler where the remote parent is not sampled. By default the span is dropped.
    #[must_use]
    pub fn remote_not_sampled(mut self, sampler: impl Sampler) -> Self {
        self.remote_not_sampled = Some(Box::new(sampler));
        self
    }

    fn all(&self) -> impl Iterator<Item = &dyn Sampler> {
        [Some(&self.root), self.remote_sampled.as_ref(), self.remote_not_sampled.as_ref()]
            .into_iter()
            .flatten()
            .map(|s| &**s)
    }
}

impl Sampler for ParentBased {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        self.decide_with_details(params, &mut SamplingDetails::default())
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, notes: &mut SamplingDetails) -> Decision {
        let (sampler, otherwise) = match params.parent.map_or(Sampling::Undecided, |parent| parent.sampling()) {
            Sampling::Undecided => (Some(&self.root), Decision::Drop),
            Sampling::NotSampled => (self.remote_not_sampled.as_ref(), Decision::Drop),
            Sampling::Sampled | Sampling::Debug => (self.remote_sampled.as_ref(), Decision::RecordAndSample),
        };
        sampler.map_or(otherwise, |sampler| sampler.decide_with_details(params, notes))
    }

    fn constant(&self) -> Option<Decision> {
        if self.overrides_remote() { None } else { self.root.constant() }
    }

    fn reads_tags(&self) -> bool {
        self.all().any(|sampler| sampler.reads_tags())
    }

    fn overrides_remote(&self) -> bool {
        self.remote_sampled.is_some() || self.remote_not_sampled.is_some()
    }

    fn stats(&self) -> SamplerStats {
        SamplerStats::sum(self.all().map(|sampler| sampler.stats()))
    }
}
