//! What Jaeger's headers say beside ids, decision and baggage.

use crate::model::context::{Sampling, SpanContext};

const SAMPLED: u8 = 1;
const DEBUG: u8 = 2;

/// Vendor state that a context from Jaeger carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JaegerState {
    /// The flags beside sampled and debug, firehose (8) for example, passed on to whoever is called.
    pub(crate) other_flags: u8,
    /// Under what name somebody asked for the trace that is yet to begin.
    pub(crate) debug_id: Option<Box<str>>,
}

/// The flags byte. That nobody has decided cannot be said.
pub(crate) fn flags(context: &SpanContext) -> u8 {
    let other = context.jaeger().map_or(0, |state| state.other_flags);
    other
        | match context.sampling() {
            Sampling::Undecided | Sampling::NotSampled => 0,
            Sampling::Sampled => SAMPLED,
            Sampling::Debug => SAMPLED | DEBUG,
        }
}

/// The decision that a flags byte stands for, and its other flags.
pub(crate) fn read_flags(flags: u8) -> (Sampling, u8) {
    let sampling = match flags {
        flags if flags & DEBUG != 0 => Sampling::Debug,
        flags if flags & SAMPLED != 0 => Sampling::Sampled,
        _ => Sampling::NotSampled,
    };
    (sampling, flags & !(SAMPLED | DEBUG))
}
