//! B3, the headers of Zipkin: one `b3`, or several `X-B3-…`.

use crate::model::context::{Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::text_format::{Injection, Repeated, TextFormat, optional, pair, read};
use crate::propagation::medium::Medium;
use crate::wire::hex;
use crate::wire::text::Text;

static SINGLE: Field = Field::new("b3", "b3");
static TRACE_ID: Field = Field::new("X-B3-TraceId", "x-b3-traceid");
static SPAN_ID: Field = Field::new("X-B3-SpanId", "x-b3-spanid");
static PARENT_ID: Field = Field::new("X-B3-ParentSpanId", "x-b3-parentspanid");
static SAMPLED: Field = Field::new("X-B3-Sampled", "x-b3-sampled");
static FLAGS: Field = Field::new("X-B3-Flags", "x-b3-flags");
static FIELDS: [&Field; 6] = [&SINGLE, &TRACE_ID, &SPAN_ID, &PARENT_ID, &SAMPLED, &FLAGS];

/// The formats `b3`, `b3single` and `b3multi`: [B3 propagation](https://github.com/openzipkin/b3-propagation).
///
/// All of them read both forms, the single header first. They differ in what they write. A received span id is never shared with the server
/// span; it is the id of the parent. Among the multiple headers, an empty one counts as absent, trace ids may lack leading zeros, and a
/// malformed parent is ignored.
#[derive(Clone, Copy, Debug, Default)]
pub struct B3 {
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Form {
    #[default]
    ByMedium,
    Single,
    Multi,
}

impl B3 {
    /// `b3`: writes several headers over HTTP, and a single one without the parent on messages. As Brave does.
    pub const fn new() -> Self {
        B3 { form: Form::ByMedium }
    }

    /// `b3single`: writes a single header, without the parent on messages.
    pub const fn single() -> Self {
        B3 { form: Form::Single }
    }

    /// `b3multi`: writes several headers, without the parent on messages.
    pub const fn multi() -> Self {
        B3 { form: Form::Multi }
    }
}

impl TextFormat for B3 {
    fn name(&self) -> &'static str {
        match self.form {
            Form::ByMedium => "b3",
            Form::Single => "b3single",
            Form::Multi => "b3multi",
        }
    }

    fn fields(&self, _medium: Medium) -> &[&'static Field] {
        &FIELDS
    }

    fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError> {
        if !found.is_open() {
            return Ok(());
        }
        let single = match read(carrier, &SINGLE, found, Repeated::First, parse_single) {
            Ok(Some(context)) => {
                found.add_context(&context);
                return Ok(());
            }
            Ok(None) => None,
            Err(error) => Some(error),
        };
        let multi = read_multi(carrier, found);
        if let Ok(Some(context)) = &multi {
            found.add_context(context);
        }
        match (single, multi) {
            (Some(error), Ok(_)) | (None, Err(error)) => Err(error),
            (Some(error), Err(other)) => {
                found.add_malformed(error);
                Err(other)
            }
            (None, Ok(_)) => Ok(()),
        }
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, injection: &Injection) {
        let message = injection.medium().is_message();
        let parent_id = context.parent_id().filter(|_| !message);
        match self.form {
            Form::ByMedium if message => write_single(context, parent_id, carrier),
            Form::Single => write_single(context, parent_id, carrier),
            Form::ByMedium | Form::Multi => write_multi(context, parent_id, carrier),
        }
    }
}

/// Parses `trace-span[-sampling][-parent]`, or only the sampling letter, which gives a context without ids.
fn parse_single(value: &[u8]) -> Result<SpanContext, &'static str> {
    if let &[letter] = value {
        return Ok(SpanContext::empty().with_sampling(parse_letter(letter)?));
    }
    let [trace_id, rest] = split(value).ok_or("it has no span id")?;
    let (span_id, rest) = rest.split_at_checked(16).ok_or("the span id is too short")?;
    let (sampling, parent_id) = match rest {
        [] => (Sampling::Undecided, None),
        [b'-', letter] => (parse_letter(*letter)?, None),
        [b'-', letter, b'-', parent_id @ ..] => (parse_letter(*letter)?, Some(parent_id)),
        [b'-', parent_id @ ..] => (Sampling::Undecided, Some(parent_id)),
        _ => return Err("the span id is too long"),
    };
    let parent_id = parent_id.map_or(Ok(SpanId::INVALID), parse_parent_id)?;
    Ok(parse_ids(trace_id, span_id)?.with_sampling(sampling).with_parent_id(parent_id))
}

fn split(value: &[u8]) -> Option<[&[u8]; 2]> {
    let hyphen = value.iter().take(33).position(|&byte| byte == b'-')?;
    Some([value.get(..hyphen)?, value.get(hyphen + 1..)?])
}

fn parse_letter(letter: u8) -> Result<Sampling, &'static str> {
    match letter {
        b'0' => Ok(Sampling::NotSampled),
        b'1' => Ok(Sampling::Sampled),
        b'd' => Ok(Sampling::Debug),
        _ => Err("there is no such sampling state"),
    }
}

/// Reads the several headers. Ids may be missing if there is a decision, and a decision stays valid next to malformed ids. A malformed parent is
/// ignored. Empty headers are ignored as well, since applications in service meshes copy headers that they did not receive.
fn read_multi(carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<Option<SpanContext>, ExtractError> {
    let sampled = read_filled(carrier, &SAMPLED, found, parse_sampled);
    let debug = read_filled(carrier, &FLAGS, found, |value| Ok(value == b"1"))? == Some(true);
    let sampling = match &sampled {
        _ if debug => Sampling::Debug,
        Ok(Some(sampling)) => *sampling,
        Ok(None) | Err(_) => Sampling::Undecided,
    };
    let trace_id = read_filled(carrier, &TRACE_ID, found, parse_padded_trace_id);
    let span_id = read_filled(carrier, &SPAN_ID, found, parse_span_id);
    if matches!(trace_id, Ok(None)) && sampling != Sampling::Undecided {
        return Ok(Some(SpanContext::empty().with_sampling(sampling)));
    }
    let ids = pair(&TRACE_ID, trace_id, &SPAN_ID, span_id).map_err(|error| found.keep_sampling(sampling, error))?;
    sampled?;
    let Some(((trace_id, short), span_id)) = ids else { return Ok(None) };
    let parent_id = optional(read_filled(carrier, &PARENT_ID, found, parse_parent_id), found).unwrap_or_default();
    let context = SpanContext::new(trace_id, span_id).with_64_bit(short);
    Ok(Some(context.with_sampling(sampling).with_parent_id(parent_id)))
}

/// Reads a header. An empty value counts as absent. Of several values, the first is used.
fn read_filled<T: PartialEq>(
    carrier: &dyn TextMapReader,
    field: &'static Field,
    found: &mut Extraction,
    parse: impl Fn(&[u8]) -> Result<T, &'static str>,
) -> Result<Option<T>, ExtractError> {
    let parse = |value: &[u8]| if value.is_empty() { Ok(None) } else { parse(value).map(Some) };
    Ok(read(carrier, field, found, Repeated::First, parse)?.flatten())
}

/// Parses the decision. Old libraries wrote it as a word.
fn parse_sampled(value: &[u8]) -> Result<Sampling, &'static str> {
    match value {
        b"1" => Ok(Sampling::Sampled),
        b"0" => Ok(Sampling::NotSampled),
        _ if value.eq_ignore_ascii_case(b"true") => Ok(Sampling::Sampled),
        _ if value.eq_ignore_ascii_case(b"false") => Ok(Sampling::NotSampled),
        _ => Err("it is neither 0 nor 1"),
    }
}

fn parse_ids(trace_id: &[u8], span_id: &[u8]) -> Result<SpanContext, &'static str> {
    let (trace_id, short) = parse_trace_id(trace_id)?;
    Ok(SpanContext::new(trace_id, parse_span_id(span_id)?).with_64_bit(short))
}

/// Parses 16 or 32 lower-case digits. Returns whether there are 16.
fn parse_trace_id(digits: &[u8]) -> Result<(TraceId, bool), &'static str> {
    let (high, low) = match digits.len() {
        16 => (&[][..], digits),
        32 => digits.split_at(16),
        _ => return Err("the trace id has neither 16 nor 32 digits"),
    };
    let id = TraceId::from_parts(parse_half(high)?, parse_half(low)?);
    if id.is_valid() { Ok((id, high.is_empty())) } else { Err("the trace id is zero") }
}

/// Parses 1 to 32 digits, since the several headers may lack leading zeros. Returns whether there are at most 16.
fn parse_padded_trace_id(digits: &[u8]) -> Result<(TraceId, bool), &'static str> {
    if digits.len() > 32 {
        return Err("the trace id has more than 32 digits");
    }
    let (high, low) = digits.split_at(digits.len().saturating_sub(16));
    let id = TraceId::from_parts(parse_half(high)?, parse_half(low)?);
    if id.is_valid() { Ok((id, high.is_empty())) } else { Err("the trace id is zero") }
}

fn parse_span_id(digits: &[u8]) -> Result<SpanId, &'static str> {
    let id = parse_parent_id(digits)?;
    if id.is_valid() { Ok(id) } else { Err("the span id is zero") }
}

/// Parses the parent id. Zero means that there is none.
fn parse_parent_id(digits: &[u8]) -> Result<SpanId, &'static str> {
    if digits.len() != 16 {
        return Err("the span id has not 16 digits");
    }
    parse_half(digits).map(SpanId::new)
}

fn parse_half(digits: &[u8]) -> Result<u64, &'static str> {
    hex::lower_case(digits).ok_or("a character is no lower-case hexadecimal digit")
}

fn write_single(context: &SpanContext, parent_id: Option<SpanId>, carrier: &mut dyn TextMapWriter) {
    let letter = match context.sampling() {
        Sampling::Undecided => "",
        Sampling::NotSampled => "0",
        Sampling::Sampled => "1",
        Sampling::Debug => "d",
    };
    let mut value = Text::new();
    if context.is_valid() {
        push_trace_id(&mut value, context);
        value.push("-");
        value.push_span_id(context.span_id());
        if !letter.is_empty() {
            value.push("-");
        }
    }
    value.push(letter);
    if let Some(parent_id) = parent_id.filter(|_| context.is_valid()) {
        value.push("-");
        value.push_span_id(parent_id);
    }
    if !value.is_empty() {
        carrier.set_bytes(&SINGLE, value.as_bytes());
    }
}

fn write_multi(context: &SpanContext, parent_id: Option<SpanId>, carrier: &mut dyn TextMapWriter) {
    if context.is_valid() {
        let mut value = Text::new();
        push_trace_id(&mut value, context);
        carrier.set_bytes(&TRACE_ID, value.as_bytes());
        let mut set = |field, id| {
            value.truncate(0);
            value.push_span_id(id);
            carrier.set_bytes(field, value.as_bytes());
        };
        set(&SPAN_ID, context.span_id());
        if let Some(parent_id) = parent_id {
            set(&PARENT_ID, parent_id);
        }
    }
    match context.sampling() {
        Sampling::Undecided => {}
        Sampling::NotSampled => carrier.set_static(&SAMPLED, "0"),
        Sampling::Sampled => carrier.set_static(&SAMPLED, "1"),
        // The debug flag implies that the trace is sampled, so `X-B3-Sampled` is not written.
        Sampling::Debug => carrier.set_static(&FLAGS, "1"),
    }
}

/// Writes the trace id in the width in which it was received, since some readers know only 16 digits. Longer ids are never truncated.
fn push_trace_id(value: &mut Text, context: &SpanContext) {
    if context.trace_id().high() == 0 && context.is_64_bit() {
        value.push_hex(context.trace_id().low());
    } else {
        value.push_trace_id(context.trace_id());
    }
}
