//! Jaeger's rule for keeping a share of the traces.

use crate::sampler::{Decision, Sampler, SamplingDetails, SamplingParams, clamp};

/// Keeps a share of the traces by Jaeger's rule: the lower 63 bits of the trace id are compared with a boundary.
///
/// Services that use this rule with the same rate decide alike about a trace. OpenTelemetry's rule differs:
/// [`TraceIdRatioSampler`](crate::TraceIdRatioSampler).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ProbabilisticSampler {
    rate: f64,
    boundary: u64,
}

const MAX: u64 = u64::MAX >> 1;

impl ProbabilisticSampler {
    /// Keeps that share, 0 to 1. A rate outside of that counts as the nearer end, one that is not a number as 0.
    pub fn new(rate: f64) -> Self {
        let rate = clamp(rate);
        ProbabilisticSampler { rate, boundary: (rate * MAX as f64) as u64 }
    }

    /// The share that is kept.
    pub fn rate(&self) -> f64 {
        self.rate
    }
}

impl Sampler for ProbabilisticSampler {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        if self.boundary >= params.trace_id.low() & MAX && self.rate > 0.0 {
            Decision::RecordAndSample
        } else {
            Decision::Drop
        }
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, notes: &mut SamplingDetails) -> Decision {
        notes.set_rule("probabilistic", self.rate);
        self.decide(params)
    }

    /// Nothing is dropped at a rate of 1 either, but Jaeger's backend wants to see the rate.
    fn constant(&self) -> Option<Decision> {
        (self.rate <= 0.0).then_some(Decision::Drop)
    }
}
