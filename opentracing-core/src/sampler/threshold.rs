//! The threshold of consistent probability sampling.

use crate::model::context::SpanContext;
use crate::model::ids::TraceId;
use crate::propagation::TraceState;
use crate::sampler::clamp;

/// A threshold of OpenTelemetry's consistent probability sampling ("`TraceState`: Probability Sampling"): a trace is kept if its random value
/// is not below the threshold.
///
/// The random value is the sub-key `rv` of the `ot` member of `tracestate`, or else the lower 56 bits of the trace id. So all that use the same
/// threshold keep the same traces, and a higher threshold keeps a subset of them.
///
/// [`ConsistentProbabilitySampler`](crate::ConsistentProbabilitySampler) applies one when a trace begins. This type is for decisions at the
/// end of a trace.
///
/// ```
/// use opentracing_core::{SamplingThreshold, SpanContext, SpanId, TraceId};
///
/// let quarter = SamplingThreshold::new(0.25);
/// let context = SpanContext::new(TraceId::from_parts(0, 0xff_ffff_ffff_ffff), SpanId::new(7));
/// assert!(quarter.keeps(&context) && quarter > SamplingThreshold::KEEP_ALL);
/// assert_eq!((quarter.probability(), quarter.adjusted_count()), (0.25, 4.0));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SamplingThreshold(u64);

const BITS: u32 = 56;
const DIGITS: i32 = 14;
const LIMIT: u64 = 1 << BITS;
/// The number of hexadecimal digits of the threshold after its leading zeros or leading `f`s.
const PRECISION: i32 = 4;
/// The maximum size of the member's value in the specification.
const MAX_MEMBER: usize = 256;

impl SamplingThreshold {
    /// Keeps every trace.
    pub const KEEP_ALL: SamplingThreshold = SamplingThreshold(0);

    /// The threshold for a probability, 2^-56 to 1. Smaller numbers and NaN keep nothing; larger numbers count as 1. Rounded so that the
    /// relative precision is the same for all probabilities.
    pub fn new(probability: f64) -> Self {
        SamplingThreshold(threshold(clamp(probability)))
    }

    /// The threshold in the `tracestate` of a context, with which the trace has been sampled before.
    pub fn of(context: &SpanContext) -> Option<Self> {
        let digits = sub_key(context.tracestate()?, "th:")?;
        let valid = !digits.is_empty() && digits.len() <= DIGITS as usize && is_lower_hex(digits);
        let value = u64::from_str_radix(digits, 16).ok().filter(|_| valid)?;
        Some(SamplingThreshold(value << (4 * (DIGITS as usize - digits.len()))))
    }

    /// Whether the trace is kept.
    pub fn keeps(self, context: &SpanContext) -> bool {
        self.keeps_trace(context.trace_id(), context.tracestate())
    }

    pub(super) fn keeps_trace(self, trace_id: TraceId, tracestate: Option<&str>) -> bool {
        tracestate.and_then(random_value).unwrap_or_else(|| trace_id.low() & (LIMIT - 1)) >= self.0
    }

    /// The fraction of traces that are kept.
    pub fn probability(self) -> f64 {
        (LIMIT - self.0) as f64 / LIMIT as f64
    }

    /// The number of traces that a kept one stands for. Infinite if none is kept.
    pub fn adjusted_count(self) -> f64 {
        1.0 / self.probability()
    }

    /// Returns a `tracestate` list with this threshold instead of its own. `None` if nothing changes.
    pub fn write_to(self, tracestate: &str) -> Option<TraceState> {
        with_sub_key(tracestate, &self.sub_key())
    }

    pub(super) fn sub_key(self) -> String {
        let digits = format!("{:014x}", self.0);
        match digits.trim_end_matches('0') {
            "" => "th:0".to_owned(),
            digits => format!("th:{digits}"),
        }
    }
}

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

/// The random value in the sub-key `rv` of the member `ot`: exactly 14 lower-case hexadecimal digits.
fn random_value(list: &str) -> Option<u64> {
    let digits = sub_key(list, "rv:")?;
    let valid = digits.len() == DIGITS as usize && is_lower_hex(digits);
    u64::from_str_radix(digits, 16).ok().filter(|_| valid)
}

/// The value of a sub-key in the member `ot`.
fn sub_key<'a>(list: &'a str, key: &str) -> Option<&'a str> {
    let (_, value) = crate::propagation::members(list).find(|(key, _)| *key == "ot")?;
    value.split(';').find_map(|sub_key| sub_key.strip_prefix(key))
}

fn is_lower_hex(digits: &str) -> bool {
    digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Replaces the threshold in a tracestate by `own`, or removes it if `own` is empty. `None` if nothing changes.
pub(super) fn with_sub_key(list: &str, own: &str) -> Option<TraceState> {
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
