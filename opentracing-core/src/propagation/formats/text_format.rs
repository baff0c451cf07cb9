//! Text formats.

use std::cell::Cell;
use std::fmt::Debug;

use crate::model::context::{Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::tracestate::TracestateMembers;
use crate::propagation::medium::Medium;

/// A format of text headers, for the lists of a [`Composite`](crate::propagation::Composite).
///
/// Called for every request, on the thread that serves or sends it, so it must be quick and must not block.
pub trait TextFormat: Debug + Send + Sync + 'static {
    /// The format's name in configuration, for example `tracecontext`.
    fn name(&self) -> &'static str;

    /// Every header that the format reads or writes. Must always return the same. Headers that [`inject`](TextFormat::inject) does not set are
    /// removed, so that none that was copied from an incoming request remains.
    fn fields(&self, medium: Medium) -> &[&'static Field];

    /// Prefixes of the names of further headers, which are removed in the same way.
    fn prefixes(&self) -> &[&'static str] {
        &[]
    }

    /// Reads the carrier and adds the results to `found`. A carrier without this format is not an error.
    ///
    /// Not called for a carrier that has none of the format's [fields](TextFormat::fields), unless it has [prefixes](TextFormat::prefixes), or
    /// no fields at all.
    ///
    /// # Errors
    ///
    /// If a field is malformed. Results that were added before stay valid.
    fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError>;

    /// Adds the format's own members of `tracestate`. Called before any format injects.
    fn add_tracestate_members(&self, _context: &SpanContext, _members: &mut TracestateMembers) {}

    /// Writes the context in this format.
    fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, injection: &Injection);
}

/// The settings of an injection.
#[derive(Debug)]
pub struct Injection {
    pub(crate) medium: Medium,
    pub(crate) max_baggage_items: usize,
    pub(crate) max_baggage_bytes: usize,
    pub(crate) tracestate: TracestateMembers,
    pub(crate) baggage_dropped: Cell<u32>,
}

impl Injection {
    /// The kind of the carrier.
    pub fn medium(&self) -> Medium {
        self.medium
    }

    /// The maximum number of baggage items to write.
    pub fn max_baggage_items(&self) -> usize {
        self.max_baggage_items
    }

    /// The maximum size of the encoded baggage, in bytes.
    pub fn max_baggage_bytes(&self) -> usize {
        self.max_baggage_bytes
    }

    /// Counts a baggage item that is not written, because of a limit or because its name cannot be written.
    pub fn count_dropped_baggage(&self) {
        self.baggage_dropped.update(|count| count + 1);
    }

    /// The members of `tracestate` that the formats of the list have added.
    pub fn tracestate(&self) -> &TracestateMembers {
        &self.tracestate
    }
}

/// How to treat several different values of a header that should have one. Equal values count as one.
#[derive(Clone, Copy)]
pub(crate) enum Repeated<T> {
    /// The header is malformed.
    Malformed,
    /// The first value is used.
    First,
    /// The last value is used, and the others are counted as malformed.
    Last,
    /// As `Last`, if all have the same trace id; as `Malformed` otherwise.
    SameTrace(fn(&T) -> TraceId),
}

/// Reads a header with one value. In messages, the last value is used. Over HTTP, the values may also be joined by commas, as proxies do.
pub(crate) fn read<T: PartialEq>(
    carrier: &dyn TextMapReader,
    field: &'static Field,
    found: &mut Extraction,
    repeated: Repeated<T>,
    mut parse: impl FnMut(&[u8]) -> Result<T, &'static str>,
) -> Result<Option<T>, ExtractError> {
    let corrupted = |reason| ExtractError::corrupted(field.name(), reason);
    if found.medium().is_message() {
        return carrier.last(field).map(|value| parse(&value)).transpose().map_err(corrupted);
    }
    let (mut read, mut differs) = (None, false);
    let mut add = |parsed: Result<T, &'static str>| {
        read = Some(match (read.take(), parsed) {
            (None, parsed) => parsed,
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
        Err(_) if value.contains(&b',') => {
            value.split(|&byte| byte == b',').for_each(|value| add(parse(trim(value))));
        }
        parsed => add(parsed),
    });
    let read = read.transpose().map_err(corrupted)?;
    if differs {
        found.add_malformed(corrupted(DIFFERENT));
    }
    Ok(read)
}

/// Makes a value optional: if it is malformed, the error is added and the value is treated as absent.
pub(crate) fn optional<T>(read: Result<Option<T>, ExtractError>, found: &mut Extraction) -> Option<T> {
    read.unwrap_or_else(|error| {
        found.add_malformed(error);
        None
    })
}

/// What a header holds that carries a whole context: the ids, or the reason why they are malformed, and the decision.
#[derive(PartialEq)]
pub(crate) struct ContextHeader {
    pub(crate) ids: Result<(TraceId, SpanId), &'static str>,
    pub(crate) sampling: Sampling,
}

impl ContextHeader {
    /// The trace id; invalid if the ids are malformed.
    pub(crate) fn trace_id(&self) -> TraceId {
        self.ids.map_or(TraceId::INVALID, |(trace_id, _)| trace_id)
    }
}

/// Combines a trace id and a span id from two headers. It is an error if one of them is missing.
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

/// Removes optional whitespace (RFC 9110, section 5.6.3). HTTP/1.1 libraries remove it; HTTP/2 and messages keep it.
pub(crate) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}
