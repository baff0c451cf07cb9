//! The headers of OpenTracing's basictracer, which Lightstep's tracers share.

use crate::model::context::{Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::prefixed_baggage::{Encoding, PrefixedBaggage};
use crate::propagation::formats::text_format::{Injection, Repeated, TextFormat, optional, pair, read, trim};
use crate::propagation::medium::Medium;
use crate::wire::hex;
use crate::wire::text::Text;

static TRACE_ID: Field = Field::new("ot-tracer-traceid", "ot-tracer-traceid");
static SPAN_ID: Field = Field::new("ot-tracer-spanid", "ot-tracer-spanid");
static SAMPLED: Field = Field::new("ot-tracer-sampled", "ot-tracer-sampled");
static FIELDS: [&Field; 3] = [&TRACE_ID, &SPAN_ID, &SAMPLED];

/// Datadog uses the same prefix.
pub(crate) const BAGGAGE_PREFIX: &str = "ot-baggage-";
pub(crate) static BAGGAGE: PrefixedBaggage = PrefixedBaggage::new(BAGGAGE_PREFIX, Encoding::Raw);

/// The format `ottrace`: `ot-tracer-traceid`, `ot-tracer-spanid`, `ot-tracer-sampled` and, for each baggage item, a header that begins
/// with `ot-baggage-`, as basictracer and Lightstep have it.
///
/// Only the lower 64 bits of a trace id are written, because readers know no more. Ids may lack leading zeros. A context without a decision is
/// undecided. An undecided context is written with `false`, since basictracer rejects a context without a decision.
///
/// Peers neither encode nor decode baggage, so values are passed on byte for byte. Over HTTP, a value that no header can hold is written with
/// `%XX`. A value is decoded only if writing it again gives the same bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct OtTrace(());

impl OtTrace {
    /// Creates the format.
    pub const fn new() -> Self {
        OtTrace(())
    }
}

impl TextFormat for OtTrace {
    fn name(&self) -> &'static str {
        "ottrace"
    }

    fn fields(&self, _medium: Medium) -> &[&'static Field] {
        &FIELDS
    }

    fn prefixes(&self) -> &[&'static str] {
        &[BAGGAGE_PREFIX]
    }

    fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError> {
        BAGGAGE.extract(carrier, found);
        let trace_id = read(carrier, &TRACE_ID, found, Repeated::Malformed, parse_trace_id);
        let span_id = read(carrier, &SPAN_ID, found, Repeated::Last, parse_span_id);
        let Some(ids) = pair(&TRACE_ID, trace_id, &SPAN_ID, span_id).transpose() else { return Ok(()) };
        let sampling = optional(read(carrier, &SAMPLED, found, Repeated::Last, parse_sampled), found);
        let sampling = sampling.unwrap_or_default();
        let ((trace_id, short), span_id) = ids.map_err(|error| found.keep_sampling(sampling, error))?;
        found.add_yes_or_no(&SpanContext::new(trace_id, span_id).with_64_bit(short).with_sampling(sampling));
        Ok(())
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, injection: &Injection) {
        BAGGAGE.inject(context, carrier, injection);
        // Only the lower half of the trace id is written, which must not be zero.
        if !context.is_valid() || context.trace_id().low() == 0 {
            return;
        }
        let mut value = Text::new();
        value.push_hex(context.trace_id().low());
        carrier.set_bytes(&TRACE_ID, value.as_bytes());
        value.truncate(0);
        value.push_span_id(context.span_id());
        carrier.set_bytes(&SPAN_ID, value.as_bytes());
        carrier.set_static(&SAMPLED, if context.is_sampled() { "true" } else { "false" });
    }
}

/// Parses 1 to 16 or 32 digits. Returns whether there are at most 16.
fn parse_trace_id(value: &[u8]) -> Result<(TraceId, bool), &'static str> {
    let digits = trim(value);
    let ids = hex::any_length(digits).filter(|_| matches!(digits.len(), 0..=16 | 32));
    let (high, low) = ids.ok_or("it has not 1 to 16 or 32 hexadecimal digits")?;
    let id = TraceId::from_parts(high, low);
    if id.is_valid() { Ok((id, digits.len() <= 16)) } else { Err("it is zero") }
}

fn parse_span_id(value: &[u8]) -> Result<SpanId, &'static str> {
    let digits = trim(value);
    let id = hex::any_length(digits).filter(|_| digits.len() <= 16);
    let id = id.map(|(_, id)| SpanId::new(id)).ok_or("it has not 1 to 16 hexadecimal digits")?;
    if id.is_valid() { Ok(id) } else { Err("it is zero") }
}

/// Parses all spellings that Go's tracers accept. They write the words.
fn parse_sampled(value: &[u8]) -> Result<Sampling, &'static str> {
    match trim(value) {
        b"1" | b"t" | b"T" => Ok(Sampling::Sampled),
        b"0" | b"f" | b"F" => Ok(Sampling::NotSampled),
        word if word.eq_ignore_ascii_case(b"true") => Ok(Sampling::Sampled),
        word if word.eq_ignore_ascii_case(b"false") => Ok(Sampling::NotSampled),
        _ => Err("it is neither true nor false"),
    }
}
