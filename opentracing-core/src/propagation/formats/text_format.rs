//! A way to write a context as text headers.

use std::cell::Cell;
use std::fmt::Debug;

use crate::model::context::SpanContext;
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::tracestate::TracestateMembers;
use crate::propagation::medium::Medium;

/// A format of text headers, which can stand in the lists of a [`Composite`](crate::propagation::Composite).
///
/// Called on the thread that serves or makes the request, for every request: it must be quick and must not block.
pub trait TextFormat: Debug + Send + Sync + 'static {
    /// The format's name in configuration, for example `tracecontext`.
    fn name(&self) -> &'static str;

    /// Every header that the format reads or writes, at any time the same. Those that [`inject`](TextFormat::inject) does not set are
    /// removed, so that none which was copied from an incoming request survives beside it.
    fn fields(&self, medium: Medium) -> &[&'static Field];

    /// The beginnings of the names of further headers, removed likewise.
    fn prefixes(&self) -> &[&'static str] {
        &[]
    }

    /// Reads what the carrier has in this format and hands it over. Nothing there is no error.
    ///
    /// # Errors
    ///
    /// If there is something that cannot be read. What was handed over before stays valid.
    fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError>;

    /// Adds the format's own members of `tracestate`. Called before any format injects.
    fn add_tracestate_members(&self, _context: &SpanContext, _members: &mut TracestateMembers) {}

    /// Writes what the context says in this format.
    fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, injection: &Injection);
}

/// What a format is told when it writes.
#[derive(Debug)]
pub struct Injection {
    pub(crate) medium: Medium,
    pub(crate) max_baggage_items: usize,
    pub(crate) max_baggage_bytes: usize,
    pub(crate) tracestate: TracestateMembers,
    pub(crate) baggage_dropped: Cell<u32>,
}

impl Injection {
    /// What is written to.
    pub fn medium(&self) -> Medium {
        self.medium
    }

    /// The most baggage items to write.
    pub fn max_baggage_items(&self) -> usize {
        self.max_baggage_items
    }

    /// The most bytes of encoded baggage to write.
    pub fn max_baggage_bytes(&self) -> usize {
        self.max_baggage_bytes
    }

    /// Takes note of a baggage item that is not written: it is beyond a limit, or its name cannot be written.
    pub fn count_dropped_baggage(&self) {
        self.baggage_dropped.update(|count| count + 1);
    }

    /// The members of `tracestate` that the formats of the list have added.
    pub fn tracestate(&self) -> &TracestateMembers {
        &self.tracestate
    }
}

/// What to make of a header that has several values, where only one makes sense.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeated {
    /// Nobody can tell which is meant.
    Malformed,
    /// The first one counts.
    First,
}

/// Reads a header that has one value. Of messages the last value counts.
pub(crate) fn read<T>(
    carrier: &dyn TextMapReader,
    field: &'static Field,
    medium: Medium,
    repeated: Repeated,
    mut parse: impl FnMut(&[u8]) -> Result<T, &'static str>,
) -> Result<Option<T>, ExtractError> {
    let (mut values, mut read) = (0, Ok(None));
    carrier.values(field, &mut |value| {
        values += 1;
        if values == 1 || medium.is_message() {
            read = parse(value).map(Some);
        } else if repeated == Repeated::Malformed {
            read = Err("more than one value");
        }
    });
    read.map_err(|reason| ExtractError::corrupted(field.name(), reason))
}

/// Takes off optional whitespace (RFC 9110, section 5.6.3). HTTP/1.1 libraries do it, HTTP/2 and messages keep it.
pub(crate) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}
