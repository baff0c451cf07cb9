//! AWS X-Ray: the header `X-Amzn-Trace-Id`.

use std::fmt::Write as _;

use crate::model::context::{Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::text_format::{Injection, Repeated, TextFormat, read, trim};
use crate::propagation::medium::Medium;
use crate::wire::hex;
use crate::wire::text::Text;

static TRACE_ID: Field = Field::new("X-Amzn-Trace-Id", "x-amzn-trace-id");
static FIELDS: [&Field; 1] = [&TRACE_ID];

/// The format `xray`: `X-Amzn-Trace-Id: Root=1-<8 digits>-<24 digits>;Parent=<16 digits>;Sampled=1`, as
/// [AWS X-Ray](https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader) has it.
///
/// - The fields may come in any order; unknown ones are skipped and not passed on.
/// - A root alone, which a load balancer adds, gives the trace id of a trace that begins here, unless another format brings a context.
/// - `Sampled=?`, or none, is undecided, and is written so.
///
/// X-Ray takes the first eight digits of a trace id for the time at which the trace began. Ids that are made here are random, which
/// X-Ray accepts since 2023.
#[derive(Clone, Copy, Debug, Default)]
pub struct XRay(());

impl XRay {
    /// The format.
    pub const fn new() -> Self {
        XRay(())
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
        if found.is_open()
            && let Some(Some(context)) = read(carrier, &TRACE_ID, found.medium(), Repeated::Malformed, parse)?
        {
            found.add_context(&context);
        }
        Ok(())
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
        carrier.set(&TRACE_ID, value.as_str());
    }
}

/// Fields with a semicolon and perhaps blanks between them. An empty value says nothing.
fn parse(value: &[u8]) -> Result<Option<SpanContext>, &'static str> {
    let value = trim(value);
    if value.is_empty() {
        return Ok(None);
    }
    let (mut trace_id, mut span_id, mut sampling) = (None, SpanId::INVALID, Sampling::Undecided);
    for field in value.split(|&byte| byte == b';').map(trim) {
        if let Some(root) = field.strip_prefix(b"Root=") {
            trace_id = Some(parse_root(root).ok_or("the root is not 1, 8 and 24 hexadecimal digits")?);
        } else if let Some(parent) = field.strip_prefix(b"Parent=") {
            let id = hex::any_length(parent).filter(|_| parent.len() == 16);
            span_id = id.map(|(_, id)| SpanId::new(id)).ok_or("the parent has not 16 hexadecimal digits")?;
            if !span_id.is_valid() {
                return Err("the parent is zero");
            }
        } else if let Some(sampled) = field.strip_prefix(b"Sampled=") {
            sampling = match sampled {
                b"0" => Sampling::NotSampled,
                b"1" => Sampling::Sampled,
                b"?" | b"" => Sampling::Undecided,
                _ => return Err("there is no such sampling state"),
            };
        }
    }
    let trace_id = trace_id.ok_or("it has no root")?;
    if !trace_id.is_valid() {
        return Err("the root is zero");
    }
    Ok(Some(SpanContext::new(trace_id, span_id).with_sampling(sampling)))
}

/// `1-<8 digits>-<24 digits>`, which make one id.
fn parse_root(root: &[u8]) -> Option<TraceId> {
    let (time, rest) = root.strip_prefix(b"1-")?.split_at_checked(8)?;
    let unique = rest.strip_prefix(b"-").filter(|digits| digits.len() == 24)?;
    let (middle, low) = unique.split_at_checked(8)?;
    Some(TraceId::from_parts(hex::any_case(time)? << 32 | hex::any_case(middle)?, hex::any_case(low)?))
}
