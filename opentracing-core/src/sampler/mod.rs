//! Samplers, which decide which traces are kept.

mod bucket;
mod consistent_probability;
mod constant;
mod details;
mod parent_based;
mod per_operation;
mod probabilistic;
mod rate_limiting;
mod remote;
mod rules;
mod strategy;
mod threshold;
mod trace_id_ratio;

use std::fmt;

use crate::model::context::SpanContext;
use crate::model::ids::TraceId;
use crate::model::kind::SpanKind;
use crate::model::value::{Text, Value};

pub use self::consistent_probability::ConsistentProbabilitySampler;
pub use self::constant::ConstSampler;
pub use self::details::SamplingDetails;
pub use self::parent_based::ParentBased;
pub use self::per_operation::PerOperationSampler;
pub use self::probabilistic::ProbabilisticSampler;
pub use self::rate_limiting::RateLimitingSampler;
pub use self::remote::RemoteSampler;
pub use self::rules::{Rule, RuleSampler};
pub use self::strategy::{InvalidStrategy, PerOperationStrategies, SamplingStrategy};
pub use self::threshold::SamplingThreshold;
pub use self::trace_id_ratio::TraceIdRatioSampler;
pub use crate::model::decision::Decision;
pub use crate::stats::sampler_stats::SamplerStats;

/// Decides which traces are kept.
///
/// The tracer calls the sampler once for each span that starts a trace in this process. It does not call it
///
/// - if the remote parent has a sampling decision, which always wins, as with the Jaeger clients and OpenTelemetry's `ParentBased`
///   (unless [`overrides_remote`](Sampler::overrides_remote) is `true`);
/// - if the span starts with the tag `sampling.priority`, which always wins over the sampler;
/// - if the decision is [`constant`](Sampler::constant).
///
/// It is called on the thread that starts the span, so it must be fast and must not block. It may use another tracer, but not the one
/// that calls it. A panic is counted in [`Stats::sampler_panics`](crate::Stats::sampler_panics), and the span is dropped.
///
/// ```
/// use opentracing_core::{Decision, Sampler, SamplingParams, Tracer};
///
/// #[derive(Debug)]
/// struct Checkouts;
///
/// impl Sampler for Checkouts {
///     fn decide(&self, params: &SamplingParams<'_>) -> Decision {
///         match params.operation_name {
///             "POST /checkout" => Decision::RecordAndSample,
///             _ => Decision::Drop,
///         }
///     }
/// }
///
/// let (tracer, _drain) = Tracer::builder("shop").sampler(Checkouts).build();
/// assert!(tracer.span("POST /checkout").start().is_recording());
/// assert!(!tracer.span("GET /cart").start().is_recording());
/// ```
pub trait Sampler: Send + Sync + fmt::Debug + 'static {
    /// Decides whether to keep the trace that the span starts.
    fn decide(&self, params: &SamplingParams<'_>) -> Decision;

    /// Decides like [`decide`](Sampler::decide), and sets details of the decision. Tracers call this method, and samplers that delegate to
    /// others should do so, too. The default implementation calls `decide` and sets no details.
    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails) -> Decision {
        let _ = details;
        self.decide(params)
    }

    /// The decision, if it never changes. The tracer reads it once, when it is built, and then never calls the sampler, so that
    /// [details](SamplingDetails) are not set. `None` by default.
    fn constant(&self) -> Option<Decision> {
        None
    }

    /// Whether the sampler reads [`SamplingParams::tags`], which are empty otherwise. The tracer reads it once, when it is built. `false` by
    /// default.
    fn reads_tags(&self) -> bool {
        false
    }

    /// Whether the sampler is also called for spans whose remote parent has a decision. The tracer reads it once, when it is built. `false`
    /// by default.
    fn overrides_remote(&self) -> bool {
        false
    }

    /// Statistics of remote strategies, which become part of [`Tracer::stats`](crate::Tracer::stats). All zero by default.
    fn stats(&self) -> SamplerStats {
        SamplerStats::default()
    }
}

impl<S: Sampler + ?Sized> Sampler for Box<S> {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        (**self).decide(params)
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails) -> Decision {
        (**self).decide_with_details(params, details)
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

/// The parameters of a sampling decision.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SamplingParams<'a> {
    /// The id of the new trace, or that of the remote parent.
    pub trace_id: TraceId,
    /// The operation name that the span starts with.
    pub operation_name: &'a str,
    /// The kind of the span.
    pub kind: SpanKind,
    /// The tags that the span starts with, if the sampler [reads them](Sampler::reads_tags). Empty otherwise.
    pub tags: &'a [(Text<'a>, Value<'a>)],
    /// The remote parent, if the span has one.
    pub parent: Option<&'a SpanContext>,
}

impl<'a> SamplingParams<'a> {
    /// Creates the parameters of a root span without tags, for tests of samplers.
    pub fn root(trace_id: TraceId, operation_name: &'a str) -> Self {
        SamplingParams { trace_id, operation_name, kind: SpanKind::Internal, tags: &[], parent: None }
    }

    /// Sets the remote parent.
    #[must_use]
    pub fn with_parent(mut self, parent: &'a SpanContext) -> Self {
        self.parent = Some(parent);
        self
    }
}

/// Limits a probability to 0 to 1. NaN becomes 0.
fn clamp(probability: f64) -> f64 {
    if probability.is_nan() { 0.0 } else { probability.clamp(0.0, 1.0) }
}
