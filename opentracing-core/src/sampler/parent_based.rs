//! Different samplers for new traces and for traces with a remote parent.

use crate::model::context::Sampling;
use crate::sampler::{Decision, Sampler, SamplerStats, SamplingDetails, SamplingParams};

/// Delegates to different samplers, depending on the decision of the remote parent (OpenTelemetry Trace SDK, `ParentBased`).
///
/// One sampler decides about traces without a remote decision. Two more can override the decision of a remote parent. Without them, the
/// remote decision wins, as it does for every tracer. The decision of a local parent always wins.
///
/// ```
/// use opentracing_core::{ConstSampler, ParentBased, Tracer};
/// use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};
///
/// // Keeps new traces, and drops what others have sampled.
/// let sampler = ParentBased::new(ConstSampler::on()).remote_sampled(ConstSampler::off());
/// let (tracer, _drain) = Tracer::builder("shop").sampler(sampler).build();
/// let remote = SpanContext::new(TraceId::from_parts(0, 7), SpanId::new(9))
///     .with_sampling(Sampling::Sampled);
/// assert!(tracer.span("new").start().is_recording());
/// assert!(!tracer.span("remote").child_of(&remote).start().is_recording());
/// ```
#[derive(Debug)]
pub struct ParentBased {
    root: Box<dyn Sampler>,
    remote_sampled: Option<Box<dyn Sampler>>,
    remote_not_sampled: Option<Box<dyn Sampler>>,
}

impl ParentBased {
    /// Sets the sampler for traces without a remote decision.
    pub fn new(root: impl Sampler) -> Self {
        ParentBased { root: Box::new(root), remote_sampled: None, remote_not_sampled: None }
    }

    /// Sets the sampler for spans whose remote parent is sampled. By default they are sampled.
    #[must_use]
    pub fn remote_sampled(mut self, sampler: impl Sampler) -> Self {
        self.remote_sampled = Some(Box::new(sampler));
        self
    }

    /// Sets the sampler for spans whose remote parent is not sampled. By default they are dropped.
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

    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails) -> Decision {
        let (sampler, otherwise) = match params.parent.map_or(Sampling::Undecided, |parent| parent.sampling()) {
            Sampling::Undecided => (Some(&self.root), Decision::Drop),
            Sampling::NotSampled => (self.remote_not_sampled.as_ref(), Decision::Drop),
            Sampling::Sampled | Sampling::Debug => (self.remote_sampled.as_ref(), Decision::RecordAndSample),
        };
        sampler.map_or(otherwise, |sampler| sampler.decide_with_details(params, details))
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
