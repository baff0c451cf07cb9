//! Datadog: the headers `x-datadog-…`, and the member `dd` of `tracestate`.

use std::fmt::{self, Write as _};

use crate::model::context::{Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::model::vendor::datadog::{DatadogState, MAX_TAGS_BYTES, TRACE_ID_HIGH, read_tags};
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::ot;
use crate::propagation::formats::text_format::{Injection, Repeated, TextFormat, optional, read, trim};
use crate::propagation::formats::tracestate::TracestateMembers;
use crate::propagation::medium::Medium;
use crate::wire::decimal;
use crate::wire::text::Text;

static TRACE_ID: Field = Field::new("x-datadog-trace-id", "x-datadog-trace-id");
static PARENT_ID: Field = Field::new("x-datadog-parent-id", "x-datadog-parent-id");
static PRIORITY: Field = Field::new("x-datadog-sampling-priority", "x-datadog-sampling-priority");
static ORIGIN: Field = Field::new("x-datadog-origin", "x-datadog-origin");
static TAGS: Field = Field::new("x-datadog-tags", "x-datadog-tags");
static FIELDS: [&Field; 5] = [&TRACE_ID, &PARENT_ID, &PRIORITY, &ORIGIN, &TAGS];

/// The key of Datadog's member of `tracestate`.
pub(crate) const MEMBER: &str = "dd";

/// The format `datadog`: `x-datadog-trace-id`, `-parent-id`, `-sampling-priority`, `-origin`, `-tags`, baggage in headers that begin
/// with `ot-baggage-`, and the member `dd` of `tracestate` if `tracecontext` is in the same list.
///
/// - Ids are 64-bit decimal numbers. The upper half of a trace id is the tag `_dd.p.tid`.
/// - The origin, tags that begin with `_dd.p.`, and user decisions (priority 2 or -1) are passed on. Malformed tags, and tags of more than 512
///   characters, are dropped; the ids stay valid.
/// - A context with an origin may lack the parent, as with synthetic tests. Then a new trace begins, with this trace id.
/// - If a `traceparent` of the same trace is read after it, its parent id is used, since a service in between has added a span.
/// - The member `dd` is used if there are no Datadog headers. The sampled flag of `traceparent` wins over its priority.
///   Its unknown parts are passed on.
/// - Baggage is passed on byte for byte, as by `ottrace`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Datadog(());

impl Datadog {
    /// Creates the format.
    pub const fn new() -> Self {
        Datadog(())
    }

    /// The sampling priority for the decision of a context: 1 or 0, or 2 or -1 if a user rather than a sampler decided. `None` if it is
    /// undecided.
    pub fn sampling_priority(context: &SpanContext) -> Option<i8> {
        DatadogState::priority(context)
    }
}

impl TextFormat for Datadog {
    fn name(&self) -> &'static str {
        "datadog"
    }

    fn fields(&self, _medium: Medium) -> &[&'static Field] {
        &FIELDS
    }

    fn prefixes(&self) -> &[&'static str] {
        &[ot::BAGGAGE_PREFIX]
    }

    fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError> {
        found.read_datadog();
        ot::BAGGAGE.extract(carrier, found);
        let low = read(carrier, &TRACE_ID, found, Repeated::Malformed, parse_trace_id).transpose();
        let Some(low) = low else { return Ok(()) };
        let priority = optional(read(carrier, &PRIORITY, found, Repeated::Last, parse_priority), found);
        let sampling = priority.map_or(Sampling::Undecided, |priority| match priority {
            1.. => Sampling::Sampled,
            _ => Sampling::NotSampled,
        });
        let low = low.map_err(|error| found.keep_sampling(sampling, error))?;
        let origin = optional(read(carrier, &ORIGIN, found, Repeated::First, parse_origin), found).flatten();
        let span_id = read(carrier, &PARENT_ID, found, Repeated::Last, parse_parent_id);
        let span_id = span_id.map_err(|error| found.keep_sampling(sampling, error))?.unwrap_or_default();
        if !span_id.is_valid() && origin.is_none() {
            let error = ExtractError::corrupted(PARENT_ID.name(), "it is missing or zero");
            return Err(found.keep_sampling(sampling, error));
        }
        let (tags, high) = optional(read(carrier, &TAGS, found, Repeated::First, read_tags), found).unwrap_or_default();
        if high == Some(0) {
            found.add_malformed(ExtractError::corrupted(TAGS.name(), "_dd.p.tid has not 16 digits, or is zero"));
        }
        let high = high.unwrap_or(0);
        let context = SpanContext::new(TraceId::from_parts(high, low), span_id).with_64_bit(high == 0);
        let by_user = priority.is_some_and(|priority| !matches!(priority, 0 | 1));
        found.add_datadog(
            &context.with_sampling(sampling),
            DatadogState { by_user, origin, tags, others: Box::default() },
        );
        Ok(())
    }

    fn add_tracestate_members(&self, context: &SpanContext, members: &mut TracestateMembers) {
        if context.is_valid() {
            members.push(MEMBER, DatadogState::member(context).as_str());
        }
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, injection: &Injection) {
        ot::BAGGAGE.inject(context, carrier, injection);
        let (trace_id, span_id) = (context.trace_id(), context.span_id());
        // The header has only the lower half of the trace id, which must not be zero.
        if !context.is_valid() || trace_id.low() == 0 {
            return;
        }
        let mut value = Text::new();
        let mut set = |field, number: fmt::Arguments<'_>| {
            value.truncate(0);
            let _ = value.write_fmt(number);
            carrier.set_bytes(field, value.as_bytes());
        };
        set(&TRACE_ID, format_args!("{}", trace_id.low()));
        set(&PARENT_ID, format_args!("{}", span_id.get()));
        if let Some(priority) = DatadogState::priority(context) {
            set(&PRIORITY, format_args!("{priority}"));
        }
        let state = context.datadog();
        if let Some(origin) = state.and_then(|state| state.origin.as_deref()) {
            carrier.set(&ORIGIN, origin);
        }
        value.truncate(0);
        if trace_id.high() != 0 {
            value.push(TRACE_ID_HIGH);
            value.push("=");
            value.push_hex(trace_id.high());
        }
        for tag in state.into_iter().flat_map(DatadogState::pairs) {
            let before = value.len();
            value.push(if before == 0 { "" } else { "," });
            value.push(tag);
            if value.len() > MAX_TAGS_BYTES {
                value.truncate(before);
            }
        }
        if !value.is_empty() {
            carrier.set_bytes(&TAGS, value.as_bytes());
        }
    }
}

fn parse_trace_id(value: &[u8]) -> Result<u64, &'static str> {
    match decimal::parse(trim(value)) {
        Some(0) => Err("it is zero"),
        Some(id) => Ok(id),
        None => Err("it is no decimal number below 2^64"),
    }
}

fn parse_parent_id(value: &[u8]) -> Result<SpanId, &'static str> {
    decimal::parse(trim(value)).map(SpanId::new).ok_or("it is no decimal number below 2^64")
}

/// Parses the priority. A trace with a priority above zero is sampled.
fn parse_priority(value: &[u8]) -> Result<i64, &'static str> {
    let value = trim(value);
    let (sign, digits) = value.strip_prefix(b"-").map_or((1, value), |digits| (-1, digits));
    let number = decimal::parse(digits).and_then(|number| i64::try_from(number).ok());
    number.map(|number| sign * number).ok_or("it is no number")
}

/// Reads the origin. An invalid header value is not passed on.
fn parse_origin(value: &[u8]) -> Result<Option<Box<str>>, &'static str> {
    let origin = trim(value);
    if origin.len() > MAX_TAGS_BYTES || !origin.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err("it is too long or no printable ASCII");
    }
    let origin = std::str::from_utf8(origin).map_err(|_| "it is not text")?;
    Ok(Some(origin).filter(|origin| !origin.is_empty()).map(Into::into))
}
