//! A way to write a context as text headers.

use std::cell::Cell;
use std::fmt::Debug;

use crate::model::context::SpanContext;
use crate::model::ids::TraceId;
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

/// What to make of a header that has several different values, where only one makes sense. Equal values count once.
#[derive(Clone, Copy)]
pub(crate) enum Repeated<T> {
    /// Nobody can tell which is meant.
    Malformed,
    /// The first one counts.
    First,
    /// The last one counts, and the others are counted as malformed.
    Last,
    /// As `Last`, if all have the same trace id; as `Malformed` otherwise.
    SameTrace(fn(&T) -> TraceId),
}

/// Reads a header that has one value. Of messages the last value counts. Over HTTP, proxies fold several lines into one with commas.
pub(crate) fn read<T: PartialEq>(
    carrier: &dyn TextMapReader,
    field: &'static Field,
    found: &mut Extraction,
    repeated: Repeated<T>,
    mut parse: impl FnMut(&[u8]) -> Result<T, &'static str>,
) -> Result<Option<T>, ExtractError> {
    let is_message = found.medium().is_message();
    let (mut read, mut differs) = (None, false);
    let mut add = |parsed: Result<T, &'static str>| {
        read = Some(match (read.take(), parsed) {
            (None, parsed) => parsed,
            (Some(_), parsed) if is_message => parsed,
            (Some(Ok(first)), parsed) if matches!(repeated, Repeated::First) || parsed.as_ref() == Ok(&first) => {
                Ok(first)
            }
            (Some(Ok(first)), Ok(last)) => {
                let is_usable = match repeated {
                    Repeated::SameTrace(trace_id) => trace_id(&first) == trace_id(&last),
                    Repeated::Last => true,
                    Repeated::First | Repeated::Malformed => false,
                };
                differs |= is_usable;
                if is_usable { Ok(last) } else { Err(DIFFERENT) }
            }
            (Some(Err(reason)), _) | (_, Err(reason)) => Err(reason),
        });
    };
    carrier.values(field, &mut |value| match parse(value) {
        Err(_) if !is_message && value.contains(&b',') => {
            value.split(|&byte| byte == b',').for_each(|value| add(parse(trim(value))));
        }
        parsed => add(parsed),
    });
    let read = read.transpose().map_err(|reason| ExtractError::corrupted(field.name(), reason))?;
    if differs {
        found.add_malformed(ExtractError::corrupted(field.name(), DIFFERENT));
    }
    Ok(read)
}

/// A value on which nothing depends: without it the context stays what it is.
pub(crate) fn optional<T>(read: Result<Option<T>, ExtractError>, found: &mut Extraction) -> Option<T> {
    read.unwrap_or_else(|error| {
        found.add_malformed(error);
        None
    })
}

/// Trace id and span id that stand in two headers: both or none.
pub(crate) fn pair<T, S>(
    trace_field: &Field,
    trace_id: Result<Option<T>, ExtractError>,
    span_field: &Field,
    span_id: Result<Option<S>, ExtractError>,
) -> Result<Option<(T, S)>, ExtractError> {
    let missing = |field: &Field| Err(ExtractError::corrupted(field.name(), "it is missing"));
    match (trace_id?, span_id?) {
        (Some(trace_id), Some(span_id)) => Ok(Some((trace_id, span_id))),
        (None, None) => Ok(None),
        (None, Some(_)) => missing(trace_field),
        (Some(_), None) => missing(span_field),
    }
}

const DIFFERENT: &str = "two different values";

/// Takes off optional whitespace (RFC 9110, section 5.6.3). HTTP/1.1 libraries do it, HTTP/2 and messages keep it.
pub(crate) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}
