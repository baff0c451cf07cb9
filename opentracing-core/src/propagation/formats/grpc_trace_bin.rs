//! `OpenCensus` over gRPC: the binary metadata `grpc-trace-bin`.

use crate::model::context::{Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::text_format::{Injection, Repeated, TextFormat, read, trim};
use crate::propagation::medium::Medium;
use crate::wire::base64;
use crate::wire::text::Text;

static CONTEXT: Field = Field::new("grpc-trace-bin", "grpc-trace-bin");
static FIELDS: [&Field; 1] = [&CONTEXT];

const VERSION: u8 = 0;
const TRACE_ID: u8 = 0;
const SPAN_ID: u8 = 1;
const OPTIONS: u8 = 2;
const SAMPLED: u8 = 1;
/// The maximum length, with room for future fields.
const MAX_VALUE_BYTES: usize = 256;

/// The format `grpc-trace-bin`: the binary encoding of `OpenCensus` in gRPC metadata, where values of such names are in base64.
///
/// The value has 29 bytes: version 0, field 0 with the trace id, field 1 with the span id, and field 2 with the options, whose lowest bit means
/// that the trace is sampled. Without options it is not sampled. Padding is accepted, but not written. Put the format last in the reading list,
/// because a peer that also sends another format relies on that one.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrpcTraceBin(());

impl GrpcTraceBin {
    /// Creates the format.
    pub const fn new() -> Self {
        GrpcTraceBin(())
    }
}

impl TextFormat for GrpcTraceBin {
    fn name(&self) -> &'static str {
        "grpc-trace-bin"
    }

    fn fields(&self, _medium: Medium) -> &[&'static Field] {
        &FIELDS
    }

    fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError> {
        if found.is_open()
            && let Some(context) = read(carrier, &CONTEXT, found, Repeated::SameTrace(SpanContext::trace_id), parse)?
        {
            found.add_yes_or_no(&context);
        }
        Ok(())
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, _injection: &Injection) {
        if !context.is_valid() {
            return;
        }
        let mut bytes = [0; 29];
        let (trace_id, span_id) = (context.trace_id(), context.span_id().to_bytes());
        bytes[..2].copy_from_slice(&[VERSION, TRACE_ID]);
        bytes[2..10].copy_from_slice(&trace_id.high().to_be_bytes());
        bytes[10..18].copy_from_slice(&trace_id.low().to_be_bytes());
        bytes[18] = SPAN_ID;
        bytes[19..27].copy_from_slice(&span_id);
        bytes[27..].copy_from_slice(&[OPTIONS, u8::from(context.is_sampled())]);
        let mut value = Text::new();
        base64::encode(&bytes, &mut value);
        carrier.set_bytes(&CONTEXT, value.as_bytes());
    }
}

/// Parses the fields, which are in the order of their numbers. Fields after an unknown one cannot be read.
fn parse(value: &[u8]) -> Result<SpanContext, &'static str> {
    let value = trim(value);
    if value.len() > MAX_VALUE_BYTES {
        return Err("it is too long");
    }
    let bytes = base64::decode(value).ok_or("it is not base64")?;
    let Some((&VERSION, mut rest)) = bytes.split_first() else { return Err("there is no such version") };
    let (mut trace_id, mut span_id, mut options) = (TraceId::INVALID, SpanId::INVALID, 0);
    while let Some((&field, tail)) = rest.split_first() {
        rest = tail;
        match field {
            TRACE_ID => {
                let [high, low] = [take(&mut rest)?, take(&mut rest)?].map(u64::from_be_bytes);
                trace_id = TraceId::from_parts(high, low);
            }
            SPAN_ID => span_id = SpanId::from_bytes(take(&mut rest)?),
            OPTIONS => [options] = take(&mut rest)?,
            _ => break,
        }
    }
    let sampling = if options & SAMPLED != 0 { Sampling::Sampled } else { Sampling::NotSampled };
    let context = SpanContext::new(trace_id, span_id).with_sampling(sampling);
    if context.is_valid() { Ok(context) } else { Err("an id is zero or missing") }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], &'static str> {
    let (head, tail) = rest.split_first_chunk().ok_or("it is too short")?;
    *rest = tail;
    Ok(*head)
}
