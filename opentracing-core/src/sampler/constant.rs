//! The same decision for all.

use crate::sampler::{Decision, Sampler, SamplingDetails, SamplingParams};

/// Decides the same for every trace: Jaeger's `const`, OpenTelemetry's always-on and always-off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConstSampler {
    decision: Decision,
}

impl ConstSampler {
    /// Keeps every trace.
    pub const fn on() -> Self {
        ConstSampler { decision: Decision::RecordAndSample }
    }

    /// Keeps no trace.
    pub const fn off() -> Self {
        ConstSampler { decision: Decision::Drop }
    }

    /// Decides so for every trace.
    pub const fn new(decision: Decision) -> Self {
        ConstSampler { decision }
    }
}

impl Sampler for ConstSampler {
    fn decide(&self, _: &SamplingParams<'_>) -> Decision {
        self.decision
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, notes: &mut SamplingDetails) -> Decision {
        notes.set_rule("const", self.decision == Decision::RecordAndSample);
        self.decide(params)
    }

    fn constant(&self) -> Option<Decision> {
        Some(self.decision)
    }
}
