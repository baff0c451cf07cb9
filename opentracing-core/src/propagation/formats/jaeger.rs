//! Jaeger's own headers, such as `uber-trace-id`.

use std::fmt::Write as _;

use crate::model::baggage::BaggageItem;
use crate::model::context::{Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::model::vendor::jaeger::{flags, read_flags};
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::prefixed_baggage::{Encoding, PrefixedBaggage};
use crate::propagation::formats::text_format::{Injection, Repeated, TextFormat, read, trim};
use crate::propagation::medium::Medium;
use crate::wire::hex;
use crate::wire::percent;
use crate::wire::text::Text;

static TRACE_ID: Field = Field::new("uber-trace-id", "uber-trace-id");
static DEBUG_ID: Field = Field::new(DEBUG_ID_TAG, DEBUG_ID_TAG);
static ROOT_BAGGAGE: Field = Field::new("jaeger-baggage", "jaeger-baggage");
static FIELDS: [&Field; 3] = [&TRACE_ID, &DEBUG_ID, &ROOT_BAGGAGE];
const BAGGAGE_PREFIX: &str = "uberctx-";
static BAGGAGE: PrefixedBaggage = PrefixedBaggage::new(BAGGAGE_PREFIX, Encoding::Form);

/// The name of the header, and of the tag of the trace's root.
pub(crate) const DEBUG_ID_TAG: &str = "jaeger-debug-id";
/// More than the longest value with every colon encoded.
const MAX_VALUE_BYTES: usize = 128;
const MAX_DEBUG_ID_BYTES: usize = 256;

/// The format `jaeger`: `uber-trace-id` and, for each baggage item, a header that begins with `uberctx-`, as the
/// [Jaeger clients](https://www.jaegertracing.io/docs/1.21/client-libraries/#propagation-format) have it.
///
/// - Ids may lack leading zeros, and colons may be percent-encoded. 16 digits are written, and 32 only if the trace id needs them.
/// - Flags other than sampled and debug are passed on. An undecided context cannot be expressed, and is written as not sampled.
/// - `jaeger-debug-id` without a context begins a trace that is recorded regardless of the sampler. Its root has a tag of that name.
/// - `jaeger-baggage` contains baggage as a list. It is read, but never written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Jaeger(());

impl Jaeger {
    /// Creates the format.
    pub const fn new() -> Self {
        Jaeger(())
    }
}

impl TextFormat for Jaeger {
    fn name(&self) -> &'static str {
        "jaeger"
    }

    fn fields(&self, _medium: Medium) -> &[&'static Field] {
        &FIELDS
    }

    fn prefixes(&self) -> &[&'static str] {
        &[BAGGAGE_PREFIX]
    }

    fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError> {
        carrier.values(&ROOT_BAGGAGE, &mut |list| read_list(list, found));
        BAGGAGE.extract(carrier, found);
        let repeated =
            Repeated::SameTrace(|header: &Header| header.ids.as_ref().map_or(TraceId::INVALID, SpanContext::trace_id));
        let header = read(carrier, &TRACE_ID, found, repeated, parse);
        if let Ok(Some(Header { ids: Ok(context), sampling, other_flags })) = &header {
            let is_of_trace = found.add_jaeger(&context.clone().with_sampling(*sampling));
            if is_of_trace && *other_flags != 0 {
                found.jaeger_state().other_flags = *other_flags;
            }
            return Ok(());
        }
        if let Some(id) = read(carrier, &DEBUG_ID, found, Repeated::First, parse_debug_id)? {
            found.add_sampling(Sampling::Debug);
            found.jaeger_state().debug_id = Some(id);
        }
        match header? {
            Some(Header { ids: Err(reason), sampling, .. }) => {
                Err(found.keep_sampling(sampling, ExtractError::corrupted(TRACE_ID.name(), reason)))
            }
            _ => Ok(()),
        }
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, injection: &Injection) {
        BAGGAGE.inject(context, carrier, injection);
        if !context.is_valid() {
            return;
        }
        let mut value = Text::new();
        if context.trace_id().high() != 0 {
            value.push_hex(context.trace_id().high());
        }
        value.push_hex(context.trace_id().low());
        value.push(":");
        value.push_span_id(context.span_id());
        match context.parent_id() {
            Some(parent_id) => {
                value.push(":");
                value.push_span_id(parent_id);
            }
            None => value.push(":0"),
        }
        let _ = write!(value, ":{:x}", flags(context));
        carrier.set_bytes(&TRACE_ID, value.as_bytes());
    }
}

/// The ids, or the reason why they are malformed, the decision, and the other flags.
#[derive(PartialEq)]
struct Header {
    ids: Result<SpanContext, &'static str>,
    sampling: Sampling,
    other_flags: u8,
}

/// Parses `<trace>:<span>:<parent>:<flags>`. The parent is deprecated, and zero for a root.
fn parse(value: &[u8]) -> Result<Header, &'static str> {
    let value = trim(value);
    if value.len() > MAX_VALUE_BYTES {
        return Err("it is too long");
    }
    let value = percent::decode(value);
    let mut parts = value.as_bytes().split(|&byte| byte == b':');
    let parts = (parts.next(), parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(trace_id), Some(span_id), Some(parent_id), Some(flags), None) = parts else {
        return Err("it has not four parts");
    };
    let flags = match flags {
        [_] | [_, _] => hex::any_case(flags).and_then(|flags| u8::try_from(flags).ok()),
        _ => None,
    };
    // The Go client reads decimal digits. All other clients and the documentation use hexadecimal ones.
    let (sampling, other_flags) = read_flags(flags.ok_or("the flags have not 1 or 2 hexadecimal digits")?);
    Ok(Header { ids: parse_ids(trace_id, span_id, parent_id), sampling, other_flags })
}

fn parse_ids(trace_id: &[u8], span_id: &[u8], parent_id: &[u8]) -> Result<SpanContext, &'static str> {
    let (high, low) = hex::any_length(trace_id).ok_or("the trace id has not 1 to 32 hexadecimal digits")?;
    let span_id = parse_id(span_id).ok_or("the span id has not 1 to 16 hexadecimal digits")?;
    let parent_id = parse_id(parent_id).ok_or("the parent id has not 1 to 16 hexadecimal digits")?;
    let context = SpanContext::new(TraceId::from_parts(high, low), span_id).with_64_bit(trace_id.len() <= 16);
    if context.is_valid() { Ok(context.with_parent_id(parent_id)) } else { Err("an id is zero") }
}

fn parse_id(digits: &[u8]) -> Option<SpanId> {
    let (high, low) = hex::any_length(digits)?;
    (digits.len() <= 16 && high == 0).then_some(SpanId::new(low))
}

/// Parses a debug id, which people choose to find the trace.
fn parse_debug_id(value: &[u8]) -> Result<Box<str>, &'static str> {
    let id = std::str::from_utf8(trim(value)).map_err(|_| "it is not text")?;
    match id.len() {
        0 => Err("it is empty"),
        1..=MAX_DEBUG_ID_BYTES => Ok(id.into()),
        _ => Err("it is too long"),
    }
}

/// Reads `key=value, key=value`, which people type by hand.
fn read_list(list: &[u8], found: &mut Extraction) {
    if list.len() > found.max_baggage_bytes() {
        return found.count_dropped_baggage();
    }
    for pair in String::from_utf8_lossy(list).split(',') {
        if let Some((key, value)) = pair.split_once('=')
            && !key.trim().is_empty()
        {
            found.add_baggage(BaggageItem::new(key.trim(), value.trim()));
        }
    }
}
