//! The headers of the official Instana tracers.

use crate::model::context::{Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::model::vendor::instana::{Ancestor, Correlation};
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::text_format::{Injection, Repeated, TextFormat, pair, read, trim};
use crate::propagation::formats::tracestate::{self, TracestateMembers};
use crate::propagation::medium::Medium;
use crate::wire::hex;
use crate::wire::text::Text;

static TRACE_ID: Field = Field::new("X-INSTANA-T", "x-instana-t");
static SPAN_ID: Field = Field::new("X-INSTANA-S", "x-instana-s");
static LEVEL: Field = Field::new("X-INSTANA-L", "x-instana-l");
static SYNTHETIC: Field = Field::new("X-INSTANA-SYNTHETIC", "x-instana-synthetic");
static FIELDS: [&Field; 4] = [&TRACE_ID, &SPAN_ID, &LEVEL, &SYNTHETIC];

static KAFKA_TRACE_ID: Field = Field::new("X_INSTANA_T", "x_instana_t");
static KAFKA_SPAN_ID: Field = Field::new("X_INSTANA_S", "x_instana_s");
static KAFKA_LEVEL: Field = Field::new("X_INSTANA_L_S", "x_instana_l_s");
// The binary header of tracers before 2023. It is not read, and removed when writing, since a copied one would mislead older tracers.
static KAFKA_BINARY_IDS: Field = Field::new("X_INSTANA_C", "x_instana_c");
static KAFKA_BINARY_LEVEL: Field = Field::new("X_INSTANA_L", "x_instana_l");
static KAFKA_FIELDS: [&Field; 5] =
    [&KAFKA_TRACE_ID, &KAFKA_SPAN_ID, &KAFKA_LEVEL, &KAFKA_BINARY_IDS, &KAFKA_BINARY_LEVEL];

pub(crate) const NAME: &str = "instana";
/// The key of Instana's member of `tracestate`.
pub(crate) const MEMBER: &str = "in";
/// The correlation of longer levels is ignored.
const MAX_LEVEL_BYTES: usize = 1024;

/// The format `instana`: `X-INSTANA-T`, `-S` and `-L`, on Kafka `X_INSTANA_T`, `X_INSTANA_S` and `X_INSTANA_L_S`.
///
/// Together with [`TraceContext`](crate::propagation::TraceContext) it behaves as the official tracers do. If it is before it in the reading
/// list, Instana's ids win over `traceparent`, whose trace id is passed on, and level 0 suppresses the trace but not `traceparent`. If both are
/// written, the span of a sampled trace is the first member of `tracestate`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Instana(());

impl Instana {
    /// Creates the format.
    pub const fn new() -> Self {
        Instana(())
    }

    /// The value of `lt` of an entry span: the whole trace id, of which Instana's `t` has only the lower half. `None` for roots, and if the caller
    /// has sent a 64-bit id.
    pub fn long_trace_id(entry: &SpanContext) -> Option<TraceId> {
        let is_long = entry.parent_id().is_some() && entry.trace_id().high() != 0 && !entry.is_64_bit();
        is_long.then_some(entry.trace_id())
    }
}

impl TextFormat for Instana {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fields(&self, medium: Medium) -> &[&'static Field] {
        if medium == Medium::Kafka { &KAFKA_FIELDS } else { &FIELDS }
    }

    fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError> {
        let medium = found.medium();
        let (trace_id, span_id, level) = fields(medium);
        // Instana's gRPC clients for Node send the level twice.
        let level = read(carrier, level, found, Repeated::First, |value| Ok(parse_level(value)))?.unwrap_or_default();
        found.add_sampling(level.sampling);
        if level.sampling == Sampling::NotSampled {
            return Ok(());
        }
        if medium != Medium::Kafka
            && read(carrier, &SYNTHETIC, found, Repeated::First, |value| Ok(trim(value) == b"1"))? == Some(true)
        {
            found.instana_state().synthetic = true;
        }
        if let Some(correlation) = level.correlation {
            // The trace begins in the browser, whose ids differ from those in T and S.
            found.instana_state().correlation = Some(correlation);
            return Ok(());
        }
        let ids = (
            read(carrier, trace_id, found, Repeated::Malformed, parse_trace_id),
            read(carrier, span_id, found, Repeated::Last, parse_span_id),
        );
        if let Some(((trace_id, long), span_id)) = pair(trace_id, ids.0, span_id, ids.1)? {
            let context = SpanContext::new(trace_id, span_id).with_64_bit(!long);
            found.add_instana(&context.with_sampling(Sampling::Sampled));
        }
        Ok(())
    }

    fn add_tracestate_members(&self, context: &SpanContext, members: &mut TracestateMembers) {
        if context.is_valid() && context.is_sampled() {
            let mut value = Text::new();
            value.push_hex(context.trace_id().low());
            value.push(";");
            value.push_span_id(context.span_id());
            members.push(MEMBER, value.as_str());
        }
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, injection: &Injection) {
        let medium = injection.medium();
        let (trace_id, span_id, level) = fields(medium);
        match context.sampling() {
            Sampling::NotSampled => return carrier.set_static(level, "0"),
            Sampling::Sampled | Sampling::Debug => carrier.set_static(level, "1"),
            // Without a level there is no decision. The receiver records a trace whose ids come without a level.
            Sampling::Undecided => {}
        }
        if context.is_valid() {
            let mut value = Text::new();
            if medium == Medium::Kafka {
                value.push_hex(context.trace_id().high());
            }
            value.push_hex(context.trace_id().low());
            carrier.set_bytes(trace_id, value.as_bytes());
            value.truncate(0);
            value.push_span_id(context.span_id());
            carrier.set_bytes(span_id, value.as_bytes());
        }
    }
}

/// The fields of trace id, span id and level.
fn fields(medium: Medium) -> (&'static Field, &'static Field, &'static Field) {
    match medium {
        Medium::Kafka => (&KAFKA_TRACE_ID, &KAFKA_SPAN_ID, &KAFKA_LEVEL),
        _ => (&TRACE_ID, &SPAN_ID, &LEVEL),
    }
}

#[derive(Default, PartialEq)]
struct Level {
    sampling: Sampling,
    correlation: Option<Correlation>,
}

/// Parses `0` or `1`, of which only the first character is read, and an optional `,correlationType=web;correlationId=…`.
fn parse_level(value: &[u8]) -> Level {
    let value = trim(value);
    let sampling = match value.first() {
        Some(b'0') => Sampling::NotSampled,
        Some(b'1') => Sampling::Sampled,
        _ => Sampling::Undecided,
    };
    let correlation = (value.len() > 1 && value.len() <= MAX_LEVEL_BYTES && sampling != Sampling::NotSampled)
        .then(|| parse_correlation(std::str::from_utf8(value).ok()?))
        .flatten();
    Level { sampling, correlation }
}

fn parse_correlation(level: &str) -> Option<Correlation> {
    let (_, pairs) = level.split_once(',')?;
    let mut correlation = (None, None);
    for (name, value) in pairs.split([';', ',']).filter_map(|pair| pair.split_once('=')) {
        match (name.trim(), value.trim()) {
            (_, "") => {}
            ("correlationType", kind) => correlation.0 = Some(kind),
            ("correlationId", id) => correlation.1 = Some(id),
            _ => {}
        }
    }
    Some(Correlation { kind: correlation.0?.into(), id: correlation.1?.into() })
}

/// The last Instana span, from a valid `tracestate`.
pub(crate) fn ancestor(tracestate: &str) -> Option<Ancestor> {
    let value = tracestate::value_of(tracestate, MEMBER)?;
    let (trace_id, span_id) = value.split_once(';')?;
    let (trace_id, long) = parse_trace_id(trace_id.as_bytes()).ok()?;
    Some(Ancestor { trace_id, long, span_id: parse_span_id(span_id.as_bytes()).ok()? })
}

/// Parses 1 to 32 digits of either case. Returns whether there are more than 16.
fn parse_trace_id(value: &[u8]) -> Result<(TraceId, bool), &'static str> {
    let digits = trim(value);
    let (high, low) = digits.split_at(digits.len().saturating_sub(16));
    let id = TraceId::from_parts(parse_half(high)?, parse_half(low)?);
    if id.is_valid() { Ok((id, !high.is_empty())) } else { Err("the id is zero or missing") }
}

/// Parses 1 to 16 digits of either case.
fn parse_span_id(value: &[u8]) -> Result<SpanId, &'static str> {
    let id = SpanId::new(parse_half(trim(value))?);
    if id.is_valid() { Ok(id) } else { Err("the id is zero or missing") }
}

fn parse_half(digits: &[u8]) -> Result<u64, &'static str> {
    if digits.len() > 16 {
        return Err("the id is too long");
    }
    hex::any_case(digits).ok_or("a character is no hexadecimal digit")
}
