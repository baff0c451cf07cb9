//! OpenTelemetry's consistent probability sampling, which propagates its threshold.

use crate::model::context::SpanContext;
use crate::model::ids::TraceId;
use crate::propagation::TraceState;
use crate::sampler::{Decision, Sampler, SamplingDetails, SamplingParams, clamp};

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
    /// 2^56 if no trace is kept.
    threshold: u64,
    /// The sub-key of the threshold: `th:…`.
    sub_key: String,
}

const BITS: u32 = 56;
const DIGITS: i32 = 14;
const LIMIT: u64 = 1 << BITS;
/// The number of hexadecimal digits of the threshold after its leading zeros or leading `f`s.
const PRECISION: i32 = 4;
/// The maximum size of the member's value in the specification.
const MAX_MEMBER: usize = 256;

impl ConsistentProbabilitySampler {
    /// Creates a sampler that keeps this fraction, 2^-56 to 1. Smaller numbers and NaN keep nothing; larger numbers count as 1.
    pub fn new(probability: f64) -> Self {
        let probability = clamp(probability);
        let threshold = threshold(probability);
        let digits = format!("{threshold:014x}");
        let digits = match digits.trim_end_matches('0') {
            "" => "0",
            digits => digits,
        };
        ConsistentProbabilitySampler { probability, threshold, sub_key: format!("th:{digits}") }
    }

    /// The fraction of traces that are kept.
    pub fn probability(&self) -> f64 {
        self.probability
    }

    fn keeps(&self, params: &SamplingParams<'_>) -> bool {
        let given = params.parent.and_then(SpanContext::tracestate).and_then(random_value);
        given.unwrap_or_else(|| low_bits(params.trace_id)) >= self.threshold
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
        if let Some(tracestate) = with_threshold(list, own) {
            details.set_tracestate(tracestate);
        }
        decision
    }
}

/// The threshold for a probability: the random values below it are dropped. Rounded so that its relative precision is the same for all
/// probabilities.
fn threshold(probability: f64) -> u64 {
    if probability >= 1.0 {
        return 0;
    }
    let kept = (probability * LIMIT as f64).round() as u64;
    if kept == 0 {
        return LIMIT;
    }
    let leading = |share: f64| -exponent(share) / 4;
    let digits = (PRECISION + leading(probability).max(leading(1.0 - probability))).min(DIGITS);
    let shift = 4 * (DIGITS - digits);
    let exact = LIMIT - kept;
    match shift {
        0 => exact,
        _ => (exact + (1 << (shift - 1))) >> shift << shift,
    }
}

/// The binary exponent of a number, with a mantissa from one half to one.
fn exponent(share: f64) -> i32 {
    (share.to_bits() >> 52 & 0x7ff) as i32 - 1022
}

fn low_bits(trace_id: TraceId) -> u64 {
    trace_id.low() & (LIMIT - 1)
}

/// The random value in the sub-key `rv` of the member `ot`: exactly 14 lower-case hexadecimal digits.
fn random_value(list: &str) -> Option<u64> {
    let (_, value) = crate::propagation::members(list).find(|(key, _)| *key == "ot")?;
    let digits = value.split(';').find_map(|sub_key| sub_key.strip_prefix("rv:"))?;
    let valid = digits.len() == 14 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    u64::from_str_radix(digits, 16).ok().filter(|_| valid)
}

/// Replaces the threshold in a tracestate by `own`, or removes it if `own` is empty. `None` if nothing changes.
fn with_threshold(list: &str, own: &str) -> Option<TraceState> {
    let others = crate::propagation::members(list).find(|(key, _)| *key == "ot").map_or("", |(_, value)| value);
    let is_threshold = |sub_key: &str| sub_key.starts_with("th:");
    if own.is_empty() && !others.split(';').any(is_threshold) {
        return None;
    }
    let mut tracestate: TraceState = list.parse().unwrap_or_default();
    let rest = || others.split(';').filter(|sub_key| !sub_key.is_empty() && !is_threshold(sub_key));
    let joined = |own: &str| {
        let mut value = own.to_owned();
        for sub_key in rest() {
            value.push_str(if value.is_empty() { "" } else { ";" });
            value.push_str(sub_key);
        }
        value
    };
    // If there is no room for all, other sub-keys take precedence over our own.
    let value = Some(joined(own)).filter(|value| value.len() <= MAX_MEMBER).unwrap_or_else(|| joined(""));
    if value.is_empty() || tracestate.insert("ot", &value).is_err() {
        tracestate.remove("ot");
    }
    Some(tracestate)
}
