//! OpenTelemetry's older rule for keeping a share of the traces.

use crate::sampler::{Decision, Sampler, SamplingParams, clamp};

/// Keeps a share of the traces by the rule of OpenTelemetry's `TraceIdRatioBased` in Rust: the upper 63 of the lower 64 bits of the
/// trace id are compared with a bound.
///
/// Jaeger's rule differs: [`ProbabilisticSampler`](crate::ProbabilisticSampler). With the same rate the two keep different traces.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TraceIdRatioSampler {
    ratio: f64,
    bound: u64,
}

impl TraceIdRatioSampler {
    /// Keeps that share, 0 to 1. A ratio outside of that counts as the nearer end, one that is not a number as 0.
    pub fn new(ratio: f64) -> Self {
        let ratio = clamp(ratio);
        TraceIdRatioSampler { ratio, bound: (ratio * (1u64 << 63) as f64) as u64 }
    }

    /// The share that is kept.
    pub fn ratio(&self) -> f64 {
        self.ratio
    }
}

impl Sampler for TraceIdRatioSampler {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        if params.trace_id.low() >> 1 < self.bound { Decision::RecordAndSample } else { Decision::Drop }
    }

    fn constant(&self) -> Option<Decision> {
        match self.ratio {
            ratio if ratio >= 1.0 => Some(Decision::RecordAndSample),
            ratio if ratio <= 0.0 => Some(Decision::Drop),
            _ => None,
        }
    }
}
