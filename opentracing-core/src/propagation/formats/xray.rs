//! AWS X-Ray: the header `X-Amzn-Trace-Id`.

use std::fmt::Write as _;

use crate::model::context::{Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::text_format::{Injection, Repeated, TextFormat, read, trim};
use crate::propagation::formats::trace_context::UnsampledParent;
use crate::propagation::medium::Medium;
use crate::wire::hex;
use crate::wire::text::Text;

static TRACE_ID: Field = Field::new("X-Amzn-Trace-Id", "x-amzn-trace-id");
static FIELDS: [&Field; 1] = [&TRACE_ID];

const MAX_OTHERS_BYTES: usize = 512;

/// The format `xray`: `X-Amzn-Trace-Id: Root=1-<8 digits>-<24 digits>;Parent=<16 digits>;Sampled=1`, as
/// [AWS X-Ray](https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader) has it.
///
/// - The fields may come in any order. Unknown ones are passed on, up to 512 bytes: AWS Lambda detects recursion with `Lineage`. `Self`, which
///   load balancers add for their own use, is not passed on.
/// - A malformed field does not invalidate the others: `Sampled=0` applies also with ids of zero, and a root also with a malformed parent.
/// - A header with only `Root=`, as load balancers send it, sets the trace id of the new trace, unless another format has a context.
/// - `Sampled=?`, or no such field, means undecided. An undecided context is written with `Sampled=?`.
///
/// X-Ray used to read the first eight digits of a trace id as the start time of the trace. This crate generates random ids, which X-Ray accepts
/// since 2023.
#[derive(Clone, Copy, Debug, Default)]
pub struct XRay {
    unsampled: UnsampledParent,
}

impl XRay {
    /// Creates the format.
    pub const fn new() -> Self {
        XRay { unsampled: UnsampledParent::Honor }
    }

    /// Sets the meaning of `Sampled=0`. [`UnsampledParent::Honor`] by default.
    #[must_use]
    pub const fn unsampled_parent(mut self, unsampled: UnsampledParent) -> Self {
        self.unsampled = unsampled;
        self
    }
}

impl TextFormat for XRay {
    fn name(&self) -> &'static str {
        "xray"
    }

    fn fields(&self, _medium: Medium) -> &[&'static Field] {
        &FIELDS
    }

    fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError> {
        let repeated = Repeated::SameTrace(|header: &Header| header.trace_id);
        let Some(header) = read(carrier, &TRACE_ID, found, repeated, parse)? else { return Ok(()) };
        let sampling = match header.sampling {
            Sampling::NotSampled => self.unsampled.sampling(),
            sampling => sampling,
        };
        if header.trace_id.is_valid() {
            found.add_xray(&SpanContext::new(header.trace_id, header.span_id).with_sampling(sampling), header.others);
        } else {
            found.add_sampling(sampling);
        }
        header.malformed.map_or(Ok(()), |reason| Err(ExtractError::corrupted(TRACE_ID.name(), reason)))
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, _injection: &Injection) {
        if !context.is_valid() {
            return;
        }
        let (high, low) = (context.trace_id().high(), context.trace_id().low());
        let mut value = Text::new();
        let _ = write!(value, "Root=1-{:08x}-{:08x}", high >> 32, high & 0xffff_ffff);
        value.push_hex(low);
        value.push(";Parent=");
        value.push_span_id(context.span_id());
        value.push(match context.sampling() {
            Sampling::Undecided => ";Sampled=?",
            Sampling::NotSampled => ";Sampled=0",
            Sampling::Sampled | Sampling::Debug => ";Sampled=1",
        });
        if let Some(others) = context.xray() {
            value.push(";");
            value.push(others);
        }
        carrier.set_bytes(&TRACE_ID, value.as_bytes());
    }
}

/// Trace id and parent, which are zero if missing or malformed, and the other fields.
#[derive(Default, PartialEq)]
struct Header {
    trace_id: TraceId,
    span_id: SpanId,
    sampling: Sampling,
    /// The fields to pass on, separated by semicolons.
    others: String,
    malformed: Option<&'static str>,
}

/// Parses fields that are separated by semicolons and optional whitespace. Empty values and ids of zero count as absent: AWS's SDK for Python
/// sends zeros for a request that it does not sample.
fn parse(value: &[u8]) -> Result<Header, &'static str> {
    let mut header = Header::default();
    let value = trim(value);
    if value.is_empty() {
        return Ok(header);
    }
    if value.contains(&b',') {
        return Err("it has a comma");
    }
    for field in value.split(|&byte| byte == b';').map(trim) {
        if let Some(root) = field.strip_prefix(b"Root=") {
            match parse_root(root) {
                Some(trace_id) => header.trace_id = trace_id,
                None => header.malformed = Some("the root is not 1, up to 8 and 24 hexadecimal digits"),
            }
        } else if let Some(parent) = field.strip_prefix(b"Parent=") {
            match hex::any_case(parent) {
                Some(id) if matches!(parent.len(), 0 | 16) => header.span_id = SpanId::new(id),
                _ => header.malformed = Some("the parent has not 16 hexadecimal digits"),
            }
        } else if let Some(sampled) = field.strip_prefix(b"Sampled=") {
            match sampled {
                b"0" => header.sampling = Sampling::NotSampled,
                b"1" => header.sampling = Sampling::Sampled,
                b"?" | b"" => header.sampling = Sampling::Undecided,
                _ => header.malformed = Some("there is no such sampling state"),
            }
        } else if !field.starts_with(b"Self=")
            && field.contains(&b'=')
            && header.others.len() + field.len() < MAX_OTHERS_BYTES
            && field.iter().all(|byte| matches!(byte, b' '..=b'~'))
        {
            header.others.push_str(if header.others.is_empty() { "" } else { ";" });
            header.others.push_str(&String::from_utf8_lossy(field));
        }
    }
    if !header.trace_id.is_valid() && header.sampling == Sampling::Undecided {
        header.malformed.get_or_insert("it has no root");
    }
    Ok(header)
}

/// Parses `1-<8 digits>-<24 digits>`, which form one id. AWS omits leading zeros of the time.
fn parse_root(root: &[u8]) -> Option<TraceId> {
    let rest = root.strip_prefix(b"1-")?;
    let hyphen = rest.iter().take(9).position(|&byte| byte == b'-').filter(|&digits| digits > 0)?;
    let (time, unique) = (rest.get(..hyphen)?, rest.get(hyphen + 1..)?);
    let (middle, low) = unique.split_at_checked(8).filter(|(_, low)| low.len() == 16)?;
    Some(TraceId::from_parts(hex::any_case(time)? << 32 | hex::any_case(middle)?, hex::any_case(low)?))
}
