//! OpenTelemetry's consistent probability sampling, which propagates its threshold.

use crate::model::context::SpanContext;
use crate::sampler::threshold::with_sub_key;
use crate::sampler::{Decision, Sampler, SamplingDetails, SamplingParams, SamplingThreshold, clamp};

/// Keeps a fraction of the traces and writes the threshold to `tracestate` as `ot=th:…` (OpenTelemetry, "`TraceState`: Probability
/// Sampling", which is still in development).
///
/// The random value of a trace is the sub-key `rv` of the parent's `ot` member, which is propagated unchanged, or else the lower 56 bits
/// of the trace id. A trace is kept if its random value is not below the threshold. A service with a smaller fraction therefore keeps a
/// subset of the same traces, and a backend can extrapolate the number of traces from the threshold. If a trace is dropped, the threshold
/// of an earlier decision is removed.
///
/// The ids of the default generator are random enough, also with 64-bit trace ids.
///
/// ```
/// use opentracing_core::{ConsistentProbabilitySampler, Decision, Sampler, SamplingDetails};
/// use opentracing_core::{SamplingParams, TraceId};
///
/// let sampler = ConsistentProbabilitySampler::new(0.25);
/// let params = SamplingParams::root(TraceId::from_parts(0, 0xff_ffff_ffff_ffff), "GET /cart");
/// let mut details = SamplingDetails::default();
/// assert_eq!(sampler.decide_with_details(&params, &mut details), Decision::RecordAndSample);
/// assert_eq!(details.tracestate().map(|list| list.to_string()).as_deref(), Some("ot=th:c"));
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct ConsistentProbabilitySampler {
    probability: f64,
    threshold: SamplingThreshold,
    /// The sub-key of the threshold: `th:…`.
    sub_key: String,
}

impl ConsistentProbabilitySampler {
    /// Creates a sampler that keeps this fraction, 2^-56 to 1. Smaller numbers and NaN keep nothing; larger numbers count as 1.
    pub fn new(probability: f64) -> Self {
        let probability = clamp(probability);
        let threshold = SamplingThreshold::new(probability);
        ConsistentProbabilitySampler { probability, threshold, sub_key: threshold.sub_key() }
    }

    /// The fraction of traces that are kept.
    pub fn probability(&self) -> f64 {
        self.probability
    }

    fn keeps(&self, params: &SamplingParams<'_>) -> bool {
        self.threshold.keeps_trace(params.trace_id, params.parent.and_then(SpanContext::tracestate))
    }
}

impl Sampler for ConsistentProbabilitySampler {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        if self.keeps(params) { Decision::RecordAndSample } else { Decision::Drop }
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails) -> Decision {
        let decision = self.decide(params);
        let own = if decision == Decision::RecordAndSample { &*self.sub_key } else { "" };
        let list = params.parent.and_then(SpanContext::tracestate).unwrap_or_default();
        if let Some(tracestate) = with_sub_key(list, own) {
            details.set_tracestate(tracestate);
        }
        decision
    }
}
