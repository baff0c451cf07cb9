//! Google Cloud: the header `X-Cloud-Trace-Context`.

use std::fmt::Write as _;

use crate::model::context::{Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::text_format::{ContextHeader, Injection, Repeated, TextFormat, read, trim};
use crate::propagation::formats::trace_context::UnsampledParent;
use crate::propagation::medium::Medium;
use crate::wire::decimal;
use crate::wire::hex;
use crate::wire::text::Text;

static CONTEXT: Field = Field::new("X-Cloud-Trace-Context", "x-cloud-trace-context");
static FIELDS: [&Field; 1] = [&CONTEXT];

const SAMPLED: u64 = 1;

/// The format `gcp`: `X-Cloud-Trace-Context: <32 digits>/<span id, decimal>;o=1`, as
/// [Google Cloud](https://cloud.google.com/trace/docs/trace-context#legacy-http-header) has it.
///
/// Without a span id, or with zero, it sets the trace id of a new trace, unless another format has a context. Missing options mean undecided,
/// and an undecided context is written without options.
#[derive(Clone, Copy, Debug, Default)]
pub struct GoogleCloud {
    unsampled: UnsampledParent,
}

impl GoogleCloud {
    /// Creates the format.
    pub const fn new() -> Self {
        GoogleCloud { unsampled: UnsampledParent::Honor }
    }

    /// Sets the meaning of `o=0`. [`UnsampledParent::Honor`] by default.
    #[must_use]
    pub const fn unsampled_parent(mut self, unsampled: UnsampledParent) -> Self {
        self.unsampled = unsampled;
        self
    }
}

impl TextFormat for GoogleCloud {
    fn name(&self) -> &'static str {
        "gcp"
    }

    fn fields(&self, _medium: Medium) -> &[&'static Field] {
        &FIELDS
    }

    fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError> {
        if !found.is_open() {
            return Ok(());
        }
        let repeated = Repeated::SameTrace(ContextHeader::trace_id);
        let Some(header) = read(carrier, &CONTEXT, found, repeated, parse)? else { return Ok(()) };
        let sampling = match header.sampling {
            Sampling::NotSampled => self.unsampled.sampling(),
            sampling => sampling,
        };
        let ids = header.ids.map_err(|reason| ExtractError::corrupted(CONTEXT.name(), reason));
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
        let _ = write!(value, "/{}", context.span_id().get());
        value.push(match context.sampling() {
            Sampling::Undecided => "",
            Sampling::NotSampled => ";o=0",
            Sampling::Sampled | Sampling::Debug => ";o=1",
        });
        carrier.set_bytes(&CONTEXT, value.as_bytes());
    }
}

/// `<trace>[/<span>][;o=<options>]`.
fn parse(value: &[u8]) -> Result<ContextHeader, &'static str> {
    if value.contains(&b',') {
        return Err("it has a comma");
    }
    let mut parts = trim(value).split(|&byte| byte == b';');
    let ids = parse_ids(parts.next().unwrap_or_default());
    let sampling = match (parts.next(), parts.next()) {
        (None, _) => Sampling::Undecided,
        (Some(options), None) => {
            let mask = options.strip_prefix(b"o=").and_then(decimal::parse).ok_or("the options are no number")?;
            if mask & SAMPLED != 0 { Sampling::Sampled } else { Sampling::NotSampled }
        }
        _ => return Err("it has too many parts"),
    };
    Ok(ContextHeader { ids, sampling })
}

fn parse_ids(ids: &[u8]) -> Result<(TraceId, SpanId), &'static str> {
    let (trace_id, rest) = ids.split_at_checked(32).ok_or("the trace id has not 32 digits")?;
    let (high, low) = hex::any_length(trace_id).ok_or("a character of the trace id is no hexadecimal digit")?;
    let span_id = match rest {
        [] => 0,
        [b'/', digits @ ..] => decimal::parse(digits).ok_or("the span id is no decimal number below 2^64")?,
        _ => return Err("the trace id has not 32 digits"),
    };
    let trace_id = TraceId::from_parts(high, low);
    if trace_id.is_valid() { Ok((trace_id, SpanId::new(span_id))) } else { Err("the trace id is zero") }
}
