//! OpenTelemetry's older rule for probabilistic sampling.

use crate::sampler::{Decision, Sampler, SamplingParams, clamp};

/// Keeps a fraction of the traces by the rule of `TraceIdRatioBased` in OpenTelemetry's Rust SDK, which compares the upper 63 of the lower
/// 64 bits of the trace id with a bound.
///
/// Jaeger's rule keeps other traces at the same rate; see [`ProbabilisticSampler`](crate::ProbabilisticSampler).
///
/// ```
/// use opentracing_core::{Decision, Sampler, SamplingParams, TraceId, TraceIdRatioSampler};
///
/// let sampler = TraceIdRatioSampler::new(0.25);
/// let params = |low| SamplingParams::root(TraceId::from_parts(0, low), "GET /cart");
/// assert_eq!(sampler.decide(&params(1 << 61)), Decision::RecordAndSample);
/// assert_eq!(sampler.decide(&params(1 << 63)), Decision::Drop);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TraceIdRatioSampler {
    ratio: f64,
    bound: u64,
}

impl TraceIdRatioSampler {
    /// Creates a sampler that keeps this fraction, 0 to 1. Ratios outside of the range are clamped, and NaN counts as 0.
    pub fn new(ratio: f64) -> Self {
        let ratio = clamp(ratio);
        TraceIdRatioSampler { ratio, bound: (ratio * (1u64 << 63) as f64) as u64 }
    }

    /// The fraction of traces that are kept.
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
