//! Which traces are kept.

mod bucket;
mod consistent_probability;
mod constant;
mod notes;
mod parent_based;
mod per_operation;
mod probabilistic;
mod rate_limiting;
mod remote;
mod rules;
mod strategy;
mod trace_id_ratio;

use std::fmt;

use crate::model::context::SpanContext;
use crate::model::ids::TraceId;
use crate::model::kind::SpanKind;
use crate::model::value::{Text, Value};

pub use self::consistent_probability::ConsistentProbabilitySampler;
pub use self::constant::ConstSampler;
pub use self::notes::SamplingDetails;
pub use self::parent_based::ParentBased;
pub use self::per_operation::PerOperationSampler;
pub use self::probabilistic::ProbabilisticSampler;
pub use self::rate_limiting::RateLimitingSampler;
pub use self::remote::RemoteSampler;
pub use self::rules::{Rule, RuleSampler};
pub use self::strategy::{InvalidStrategy, PerOperationStrategies, SamplingStrategy};
pub use self::trace_id_ratio::TraceIdRatioSampler;
pub use crate::model::decision::Decision;
pub use crate::stats::sampler_stats::SamplerStats;

/// Decides once for each span that begins a trace in this process, unless its remote parent has decided: that holds, as with the
/// Jaeger clients and OpenTelemetry's parent based sampler. The tag `sampling.priority` at the start goes before any sampler.
///
/// Called on the starting thread, so it must be quick and must not block. It may trace, with another tracer. If it panics, that is counted, and the span is
/// dropped.
pub trait Sampler: Send + Sync + fmt::Debug + 'static {
    /// Decides about one span.
    fn decide(&self, params: &SamplingParams<'_>) -> Decision;

    /// Decides about one span, and notes what is to be known of that. This is what tracers call, and samplers that ask others; by
    /// default it decides and notes nothing.
    fn decide_with_details(&self, params: &SamplingParams<'_>, notes: &mut SamplingDetails) -> Decision {
        let _ = notes;
        self.decide(params)
    }

    /// A decision that never changes. Asked once, when the tracer is built, it saves the call, and with it the notes.
    fn constant(&self) -> Option<Decision> {
        None
    }

    /// Whether the decision looks at the start tags. Asked once, when the tracer is built; otherwise no tags are handed in.
    fn reads_tags(&self) -> bool {
        false
    }

    /// Whether the sampler is asked also where a remote parent has decided. Asked once, when the tracer is built.
    fn overrides_remote(&self) -> bool {
        false
    }

    /// How it went with what the sampler is told from elsewhere. Becomes part of [`Tracer::stats`](crate::Tracer::stats). Nothing by
    /// default.
    fn stats(&self) -> SamplerStats {
        SamplerStats::default()
    }
}

impl<S: Sampler + ?Sized> Sampler for Box<S> {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        (**self).decide(params)
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, notes: &mut SamplingDetails) -> Decision {
        (**self).decide_with_details(params, notes)
    }

    fn constant(&self) -> Option<Decision> {
        (**self).constant()
    }

    fn reads_tags(&self) -> bool {
        (**self).reads_tags()
    }

    fn overrides_remote(&self) -> bool {
        (**self).overrides_remote()
    }

    fn stats(&self) -> SamplerStats {
        (**self).stats()
    }
}

/// What a sampler may look at.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SamplingParams<'a> {
    /// The trace's id.
    pub trace_id: TraceId,
    /// The span's name at its start.
    pub operation_name: &'a str,
    /// The span's role.
    pub kind: SpanKind,
    /// The start tags, if the sampler [reads them](Sampler::reads_tags).
    pub tags: &'a [(Text<'a>, Value<'a>)],
    /// The remote parent, if there is one.
    pub parent: Option<&'a SpanContext>,
}

impl<'a> SamplingParams<'a> {
    /// The parameters of a root span without tags, for tests of samplers.
    pub fn root(trace_id: TraceId, operation_name: &'a str) -> Self {
        SamplingParams { trace_id, operation_name, kind: SpanKind::Internal, tags: &[], parent: None }
    }

    /// The same with that remote parent.
    #[must_use]
    pub fn with_parent(mut self, parent: &'a SpanContext) -> Self {
        self.parent = Some(parent);
        self
    }
}

/// A probability as the samplers take it: what is below 0 or not a number counts as 0, what is above 1 as 1.
fn clamp(probability: f64) -> f64 {
    if probability.is_nan() { 0.0 } else { probability.clamp(0.0, 1.0) }
}
