//! Wavefront: the headers `wf-ot-…`.

use std::fmt::Write as _;

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

static TRACE_ID: Field = Field::new("wf-ot-traceid", "wf-ot-traceid");
static SPAN_ID: Field = Field::new("wf-ot-spanid", "wf-ot-spanid");
static SAMPLE: Field = Field::new("wf-ot-sample", "wf-ot-sample");
static FIELDS: [&Field; 3] = [&TRACE_ID, &SPAN_ID, &SAMPLE];
const BAGGAGE_PREFIX: &str = "wf-ot-";
static BAGGAGE: PrefixedBaggage =
    PrefixedBaggage::new(BAGGAGE_PREFIX, Encoding::Raw).reserving(&["traceid", "spanid", "sample"]);

/// The format `wavefront`: `wf-ot-traceid`, `wf-ot-spanid` (both UUIDs), `wf-ot-sample`, and for each baggage item a header that
/// begins with `wf-ot-`, as Wavefront's OpenTracing SDKs have it.
///
/// A UUID is a 128-bit number, but span ids have 64 bits here: the lower half of a received UUID is used, and the upper half of a written one is
/// zero. Both ids are required. `wf-ot-sample` is not written for an undecided context. Baggage items with the names `traceid`, `spanid` or
/// `sample`, in any letter case, are not written. Values are passed on byte for byte, as by `ottrace`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wavefront(());

impl Wavefront {
    /// Creates the format.
    pub const fn new() -> Self {
        Wavefront(())
    }
}

impl TextFormat for Wavefront {
    fn name(&self) -> &'static str {
        "wavefront"
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
        let sampling = optional(read(carrier, &SAMPLE, found, Repeated::Last, parse_sample), found);
        let sampling = sampling.unwrap_or_default();
        let (trace_id, span_id) = ids.map_err(|error| found.keep_sampling(sampling, error))?;
        found.add_context(&SpanContext::new(trace_id, span_id).with_sampling(sampling));
        Ok(())
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, injection: &Injection) {
        BAGGAGE.inject(context, carrier, injection);
        if !context.is_valid() {
            return;
        }
        let mut value = Text::new();
        push_uuid(&mut value, context.trace_id().high(), context.trace_id().low());
        carrier.set_bytes(&TRACE_ID, value.as_bytes());
        value.truncate(0);
        push_uuid(&mut value, 0, context.span_id().get());
        carrier.set_bytes(&SPAN_ID, value.as_bytes());
        // Wavefront's SDK for Python reads and writes only this spelling.
        match context.sampling() {
            Sampling::Undecided => {}
            Sampling::NotSampled => carrier.set_static(&SAMPLE, "False"),
            Sampling::Sampled | Sampling::Debug => carrier.set_static(&SAMPLE, "True"),
        }
    }
}

fn parse_trace_id(value: &[u8]) -> Result<TraceId, &'static str> {
    let (high, low) = parse_uuid(value).ok_or("it is no UUID")?;
    let id = TraceId::from_parts(high, low);
    if id.is_valid() { Ok(id) } else { Err("it is zero") }
}

fn parse_span_id(value: &[u8]) -> Result<SpanId, &'static str> {
    let (_, low) = parse_uuid(value).ok_or("it is no UUID")?;
    let id = SpanId::new(low);
    if id.is_valid() { Ok(id) } else { Err("its lower half is zero") }
}

fn parse_sample(value: &[u8]) -> Result<Sampling, &'static str> {
    match trim(value) {
        word if word.eq_ignore_ascii_case(b"true") => Ok(Sampling::Sampled),
        word if word.eq_ignore_ascii_case(b"false") => Ok(Sampling::NotSampled),
        _ => Err("it is neither true nor false"),
    }
}

/// Parses 8, 4, 4, 4 and 12 digits of either case, separated by hyphens (RFC 9562, section 4).
fn parse_uuid(value: &[u8]) -> Option<(u64, u64)> {
    let mut parts = trim(value).split(|&byte| byte == b'-');
    let mut part = |len: usize| hex::any_case(parts.next().filter(|digits| digits.len() == len)?);
    let (a, b, c, d, e) = (part(8)?, part(4)?, part(4)?, part(4)?, part(12)?);
    parts.next().is_none().then_some((a << 32 | b << 16 | c, d << 48 | e))
}

fn push_uuid(value: &mut Text, high: u64, low: u64) {
    let [a, b, c] = [high >> 32, high >> 16 & 0xffff, high & 0xffff];
    let _ = write!(value, "{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff);
}
