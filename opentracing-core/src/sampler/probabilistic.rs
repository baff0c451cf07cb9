//! Jaeger's probabilistic sampling.

use crate::sampler::{Decision, Sampler, SamplingDetails, SamplingParams, clamp};

/// Keeps a fraction of the traces by Jaeger's rule, which compares the lower 63 bits of the trace id with a boundary.
///
/// Services with this sampler and the same rate make the same decision about a trace. OpenTelemetry's rule gives other decisions; see
/// [`TraceIdRatioSampler`](crate::TraceIdRatioSampler).
///
/// ```
/// use opentracing_core::{Decision, ProbabilisticSampler, Sampler, SamplingParams, TraceId};
///
/// let sampler = ProbabilisticSampler::new(0.25);
/// let params = |low| SamplingParams::root(TraceId::from_parts(0, low), "GET /cart");
/// assert_eq!(sampler.decide(&params(1 << 60)), Decision::RecordAndSample);
/// assert_eq!(sampler.decide(&params(1 << 62)), Decision::Drop);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ProbabilisticSampler {
    rate: f64,
    boundary: u64,
}

const MAX: u64 = u64::MAX >> 1;

impl ProbabilisticSampler {
    /// Creates a sampler that keeps this fraction, 0 to 1. Rates outside of the range are clamped, and NaN counts as 0.
    pub fn new(rate: f64) -> Self {
        let rate = clamp(rate);
        ProbabilisticSampler { rate, boundary: (rate * MAX as f64) as u64 }
    }

    /// The fraction of traces that are kept.
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

    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails) -> Decision {
        details.set_rule("probabilistic", self.rate);
        self.decide(params)
    }

    /// A rate of 1 is not constant, since Jaeger's backend needs the tags with the rate for adaptive sampling.
    fn constant(&self) -> Option<Decision> {
        (self.rate <= 0.0).then_some(Decision::Drop)
    }
}
