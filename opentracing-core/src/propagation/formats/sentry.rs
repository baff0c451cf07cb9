//! Sentry: the header `sentry-trace`.

use crate::model::context::{Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::text_format::{ContextHeader, Injection, Repeated, TextFormat, read, trim};
use crate::propagation::medium::Medium;
use crate::wire::hex;
use crate::wire::text::Text;

static TRACE: Field = Field::new("sentry-trace", "sentry-trace");
static FIELDS: [&Field; 1] = [&TRACE];

/// The format `sentry-trace`: `<32 digits>-<16 digits>[-<0 or 1>]`, as
/// [Sentry](https://develop.sentry.dev/sdk/telemetry/traces/#header-sentry-trace) defines it.
///
/// Without the last part, the trace is undecided. An undecided context is written without it. Sentry's other values, such as the sample rate, are items of the header
/// `baggage` whose names start with `sentry-`. The format `baggage` passes them on, so use both together.
#[derive(Clone, Copy, Debug, Default)]
pub struct SentryTrace(());

impl SentryTrace {
    /// Creates the format.
    pub const fn new() -> Self {
        SentryTrace(())
    }
}

impl TextFormat for SentryTrace {
    fn name(&self) -> &'static str {
        "sentry-trace"
    }

    fn fields(&self, _medium: Medium) -> &[&'static Field] {
        &FIELDS
    }

    fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError> {
        if !found.is_open() {
            return Ok(());
        }
        let repeated = Repeated::SameTrace(ContextHeader::trace_id);
        let Some(ContextHeader { ids, sampling }) = read(carrier, &TRACE, found, repeated, parse)? else {
            return Ok(());
        };
        let ids = ids.map_err(|reason| ExtractError::corrupted(TRACE.name(), reason));
        let (trace_id, span_id) = ids.map_err(|error| found.keep_sampling(sampling, error))?;
        found.add_context(&SpanContext::new(trace_id, span_id).with_sampling(sampling));
        Ok(())
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, _injection: &Injection) {
        if !context.is_valid() {
            return;
        }
        let mut value = Text::new();
        value.push_trace_id(context.trace_id());
        value.push("-");
        value.push_span_id(context.span_id());
        value.push(match context.sampling() {
            Sampling::Undecided => "",
            Sampling::NotSampled => "-0",
            Sampling::Sampled | Sampling::Debug => "-1",
        });
        carrier.set_bytes(&TRACE, value.as_bytes());
    }
}

fn parse(value: &[u8]) -> Result<ContextHeader, &'static str> {
    let mut parts = trim(value).split(|&byte| byte == b'-');
    let (Some(trace_id), Some(span_id)) = (parts.next(), parts.next()) else { return Err("it has no span id") };
    let sampling = match (parts.next(), parts.next()) {
        (None, _) => Sampling::Undecided,
        (Some(b"0"), None) => Sampling::NotSampled,
        (Some(b"1"), None) => Sampling::Sampled,
        _ => return Err("there is no such sampling state"),
    };
    Ok(ContextHeader { ids: parse_ids(trace_id, span_id), sampling })
}

fn parse_ids(trace_id: &[u8], span_id: &[u8]) -> Result<(TraceId, SpanId), &'static str> {
    if (trace_id.len(), span_id.len()) != (32, 16) {
        return Err("the ids have not 32 and 16 digits");
    }
    let (high, low) = trace_id.split_at(16);
    let digits = (hex::any_case(high), hex::any_case(low), hex::any_case(span_id));
    let (Some(high), Some(low), Some(span_id)) = digits else { return Err("a character is no hexadecimal digit") };
    let (trace_id, span_id) = (TraceId::from_parts(high, low), SpanId::new(span_id));
    if trace_id.is_valid() && span_id.is_valid() { Ok((trace_id, span_id)) } else { Err("an id is zero") }
}
