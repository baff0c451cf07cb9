//! The fields of Jaeger's headers other than ids, decision and baggage.

use crate::model::context::{Sampling, SpanContext};

const SAMPLED: u8 = 1;
const DEBUG: u8 = 2;

/// The vendor state of a context from Jaeger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JaegerState {
    /// The flags other than sampled and debug, such as firehose (8). They are propagated to all called services.
    pub(crate) other_flags: u8,
    /// The value of `jaeger-debug-id`, which requests a new debug trace that can be found by this id.
    pub(crate) debug_id: Option<Box<str>>,
}

/// The flags byte. Jaeger has no flag for an undecided context, which is written as not sampled.
pub(crate) fn flags(context: &SpanContext) -> u8 {
    let other = context.jaeger().map_or(0, |state| state.other_flags);
    other
        | match context.sampling() {
            Sampling::Undecided | Sampling::NotSampled => 0,
            Sampling::Sampled => SAMPLED,
            Sampling::Debug => SAMPLED | DEBUG,
        }
}

/// The decision in a flags byte, and its other flags.
pub(crate) fn read_flags(flags: u8) -> (Sampling, u8) {
    let sampling = match flags {
        flags if flags & DEBUG != 0 => Sampling::Debug,
        flags if flags & SAMPLED != 0 => Sampling::Sampled,
        _ => Sampling::NotSampled,
    };
    (sampling, flags & !(SAMPLED | DEBUG))
}
