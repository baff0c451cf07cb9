//! OpenTelemetry's rule for keeping a share of the traces, which tells the share to whoever comes later.

use crate::model::context::SpanContext;
use crate::model::ids::TraceId;
use crate::propagation::TraceState;
use crate::sampler::{Decision, Sampler, SamplingDetails, SamplingParams, clamp};

/// Keeps a share of the traces and writes the threshold to `tracestate`, as `ot=th:…` (OpenTelemetry, `TraceState`: Probability
/// Sampling; in development there).
///
/// Randomness is the sub-key `rv` of a parent's `ot`, which is passed on unchanged, or else the lower 56 bits of the trace id. A trace
/// is kept if that is not below the threshold; so whoever keeps a smaller share keeps a part of the same traces, and a backend reckons
/// from the threshold how many traces there were. A threshold of an earlier decision is removed where the trace is dropped.
///
/// The default generator's ids are random enough. With 64-bit trace ids they still are.
#[derive(Clone, PartialEq, Debug)]
pub struct ConsistentProbabilitySampler {
    probability: f64,
    /// 2^56 for none at all.
    threshold: u64,
    /// `th:` and the threshold.
    sub_key: String,
}

const BITS: u32 = 56;
const DIGITS: i32 = 14;
const LIMIT: u64 = 1 << BITS;
/// Hexadecimal digits of the threshold, beyond leading ones that are all zeros or all `f`s.
const PRECISION: i32 = 4;
/// What the specification allows for the whole value.
const MAX_MEMBER: usize = 256;

impl ConsistentProbabilitySampler {
    /// Keeps that share, 2^-56 to 1. What is below, and what is not a number, keeps nothing; what is above 1 counts as 1.
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

    /// The share that is kept.
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

    fn decide_with_details(&self, params: &SamplingParams<'_>, notes: &mut SamplingDetails) -> Decision {
        let decision = self.decide(params);
        let own = if decision == Decision::RecordAndSample { &*self.sub_key } else { "" };
        let list = params.parent.and_then(SpanContext::tracestate).unwrap_or_default();
        if let Some(tracestate) = with_threshold(list, own) {
            notes.set_tracestate(tracestate);
        }
        decision
    }
}

/// How much of the randomness is below, rounded to a precision that does not depend on the size of the share.
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

/// Of a share as a fraction from one half to one and a power of two: that power.
fn exponent(share: f64) -> i32 {
    (share.to_bits() >> 52 & 0x7ff) as i32 - 1022
}

fn low_bits(trace_id: TraceId) -> u64 {
    trace_id.low() & (LIMIT - 1)
}

/// The sub-key `rv` of the member `ot`: exactly 14 hexadecimal digits in lower case.
fn random_value(list: &str) -> Option<u64> {
    let (_, value) = crate::propagation::members(list).find(|(key, _)| *key == "ot")?;
    let digits = value.split(';').find_map(|sub_key| sub_key.strip_prefix("rv:"))?;
    let valid = digits.len() == 14 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    u64::from_str_radix(digits, 16).ok().filter(|_| valid)
}

/// The list with that sub-key in the place of an earlier threshold; an empty one removes it. `None` if nothing changes.
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
    // Sub-keys of others are kept rather than our own where there is no room for both.
    let value = Some(joined(own)).filter(|value| value.len() <= MAX_MEMBER).unwrap_or_else(|| joined(""));
    if value.is_empty() || tracestate.insert("ot", &value).is_err() {
        tracestate.remove("ot");
    }
    Some(tracestate)
}
