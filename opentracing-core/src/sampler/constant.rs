//! A constant decision.

use crate::sampler::{Decision, Sampler, SamplingDetails, SamplingParams};

/// Makes the same decision for every trace: Jaeger's `const`, OpenTelemetry's `AlwaysOn` and `AlwaysOff`.
///
/// ```
/// use opentracing_core::{ConstSampler, Tracer};
///
/// let (tracer, _drain) = Tracer::builder("shop").sampler(ConstSampler::off()).build();
/// assert!(!tracer.span("GET /cart").start().is_recording());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConstSampler {
    decision: Decision,
}

impl ConstSampler {
    /// Creates a sampler that keeps every trace.
    pub const fn on() -> Self {
        ConstSampler { decision: Decision::RecordAndSample }
    }

    /// Creates a sampler that drops every trace.
    pub const fn off() -> Self {
        ConstSampler { decision: Decision::Drop }
    }

    /// Creates a sampler with any constant decision.
    pub const fn new(decision: Decision) -> Self {
        ConstSampler { decision }
    }
}

impl Sampler for ConstSampler {
    fn decide(&self, _: &SamplingParams<'_>) -> Decision {
        self.decision
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails) -> Decision {
        details.set_rule("const", self.decision == Decision::RecordAndSample);
        self.decide(params)
    }

    fn constant(&self) -> Option<Decision> {
        Some(self.decision)
    }
}
