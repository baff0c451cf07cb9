//! W3C Trace Context, level 2: `traceparent` and `tracestate`.

use crate::model::context::{Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::instana;
use crate::propagation::formats::text_format::{Injection, Repeated, TextFormat, read, trim};
use crate::propagation::formats::tracestate::{ReadList, is_within_limit};
use crate::propagation::medium::Medium;
use crate::wire::hex;
use crate::wire::text::Text;

static TRACEPARENT: Field = Field::new("traceparent", "traceparent");
static TRACESTATE: Field = Field::new("tracestate", "tracestate");
static FIELDS: [&Field; 2] = [&TRACEPARENT, &TRACESTATE];

const SAMPLED: u64 = 1;
const RANDOM: u64 = 2;

/// The format `tracecontext`: [W3C Trace Context](https://www.w3.org/TR/trace-context-2/), level 2.
///
/// A malformed `tracestate` does not invalidate `traceparent`. A malformed `traceparent` invalidates both. Version `00` is written, with the
/// flags sampled and random only.
#[derive(Clone, Copy, Debug, Default)]
pub struct TraceContext {
    unsampled: UnsampledParent,
    correlation: TraceCorrelation,
    random_flag: RandomFlag,
}

/// The traces whose `traceparent` has the random flag of W3C Trace Context level 2.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum RandomFlag {
    /// Traces that were received with the flag. OpenTelemetry's Go tracer up to release 1.41 rejects the flag and would begin a new trace.
    #[default]
    Received,
    /// Also traces that begin in this process, if their ids are random.
    Always,
}

/// The meaning of a context that is not sampled: a clear flag of `traceparent`, `o=0` of Google Cloud, or `Sampled=0` of X-Ray.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum UnsampledParent {
    /// The trace is not sampled. This service does not record it either.
    #[default]
    Honor,
    /// The caller does not record the trace, but this service makes its own sampling decision.
    Defer,
}

/// Whether a service joins the trace of a `traceparent`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum TraceCorrelation {
    /// It joins the trace.
    #[default]
    Enabled,
    /// It does not join the trace. The parent is the last Instana span, from the member `in` of `tracestate`, or there is none. The trace id of
    /// `traceparent` is still passed on. The official Instana tracers have the variable `INSTANA_DISABLE_W3C_TRACE_CORRELATION` for this.
    Disabled,
}

impl UnsampledParent {
    pub(crate) fn sampling(self) -> Sampling {
        match self {
            UnsampledParent::Honor => Sampling::NotSampled,
            UnsampledParent::Defer => Sampling::Undecided,
        }
    }
}

impl TraceContext {
    /// Creates the format with the behaviour of the specification.
    pub const fn new() -> Self {
        TraceContext {
            unsampled: UnsampledParent::Honor,
            correlation: TraceCorrelation::Enabled,
            random_flag: RandomFlag::Received,
        }
    }

    /// Sets the meaning of a clear sampled flag. [`UnsampledParent::Honor`] by default.
    #[must_use]
    pub const fn unsampled_parent(mut self, unsampled: UnsampledParent) -> Self {
        self.unsampled = unsampled;
        self
    }

    /// Sets whether the service joins the trace of `traceparent`. [`TraceCorrelation::Enabled`] by default.
    #[must_use]
    pub const fn trace_correlation(mut self, correlation: TraceCorrelation) -> Self {
        self.correlation = correlation;
        self
    }

    /// Sets which traces are sent with the random flag. [`RandomFlag::Received`] by default.
    #[must_use]
    pub const fn random_flag(mut self, random_flag: RandomFlag) -> Self {
        self.random_flag = random_flag;
        self
    }
}

impl TextFormat for TraceContext {
    fn name(&self) -> &'static str {
        "tracecontext"
    }

    fn fields(&self, _medium: Medium) -> &[&'static Field] {
        &FIELDS
    }

    fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError> {
        let medium = found.medium();
        let Some(parent) = read(carrier, &TRACEPARENT, found, Repeated::SameTrace(Traceparent::trace_id), parse)?
        else {
            return Ok(());
        };
        let context = parent.context(self.unsampled);
        if self.correlation == TraceCorrelation::Enabled {
            if !found.add_traceparent(&context) {
                return Ok(());
            }
            let list = read_tracestate(carrier, medium)?;
            if list.members > 0 {
                found.set_tracestate(list);
            }
            return Ok(());
        }
        found.keep_foreign(parent.trace_id, context.is_random());
        let list = read_tracestate(carrier, medium)?;
        if let Some(ancestor) = list.has_instana.then(|| instana::ancestor(&list.text)).flatten() {
            let context = SpanContext::new(ancestor.trace_id, ancestor.span_id).with_64_bit(!ancestor.long);
            found.add_instana(&context.with_sampling(Sampling::Sampled));
        }
        if list.members > 0 {
            found.set_tracestate(list);
        }
        Ok(())
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, injection: &Injection) {
        if !context.is_valid() {
            return;
        }
        let foreign = context.instana().and_then(|state| Some((state.foreign_trace_id?, state.foreign_random)));
        let own_random = context.is_random() && (!context.began_here() || self.random_flag == RandomFlag::Always);
        let (trace_id, random) = foreign.unwrap_or((context.trace_id(), own_random));
        let mut value = Text::new();
        value.push("00-");
        value.push_trace_id(trace_id);
        value.push("-");
        value.push_span_id(context.span_id());
        value.push(match (context.is_sampled(), random) {
            (false, false) => "-00",
            (true, false) => "-01",
            (false, true) => "-02",
            (true, true) => "-03",
        });
        carrier.set_bytes(&TRACEPARENT, value.as_bytes());

        // Only Instana's tracers shorten a list that is too long.
        let fits = |list: &&str| is_within_limit(list) || injection.tracestate.has(instana::MEMBER);
        let others = context.tracestate().filter(fits).unwrap_or("");
        if others.is_empty() && !injection.tracestate.is_empty() {
            carrier.set_bytes(&TRACESTATE, injection.tracestate.as_bytes());
        } else if !injection.tracestate.is_empty() {
            value.truncate(0);
            injection.tracestate.write(others, &mut value);
            carrier.set_bytes(&TRACESTATE, value.as_bytes());
        } else if !others.is_empty() {
            carrier.set(&TRACESTATE, others);
        }
    }
}

/// Reads all values as one list. In messages, only the last value.
fn read_tracestate(carrier: &dyn TextMapReader, medium: Medium) -> Result<ReadList, ExtractError> {
    let mut read = Ok(ReadList::default());
    let mut add = |value: &[u8]| {
        if let Ok(list) = &mut read
            && let Err(reason) = list.add(value)
        {
            read = Err(reason);
        }
    };
    if medium.is_message() {
        carrier.last(&TRACESTATE).iter().for_each(|value| add(value));
    } else {
        carrier.values(&TRACESTATE, &mut add);
    }
    read.map_err(|reason| ExtractError::corrupted(TRACESTATE.name(), reason))
}

#[derive(PartialEq)]
struct Traceparent {
    trace_id: TraceId,
    span_id: SpanId,
    flags: u64,
}

impl Traceparent {
    fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    fn context(&self, unsampled: UnsampledParent) -> SpanContext {
        let sampling = if self.flags & SAMPLED != 0 { Sampling::Sampled } else { unsampled.sampling() };
        let random = self.flags & RANDOM != 0;
        SpanContext::new(self.trace_id, self.span_id).with_sampling(sampling).with_random(random)
    }
}

/// Parses `00-<32 digits>-<16 digits>-<2 digits>`. Later versions may continue with a hyphen.
fn parse(value: &[u8]) -> Result<Traceparent, &'static str> {
    let Some((head, rest)) = trim(value).split_first_chunk::<55>() else { return Err("it is too short") };
    if [head[2], head[35], head[52]] != [b'-'; 3] {
        return Err("a hyphen is not where it should be");
    }
    let digits = (
        hex::lower_case(&head[..2]),
        hex::lower_case(&head[3..19]),
        hex::lower_case(&head[19..35]),
        hex::lower_case(&head[36..52]),
        hex::lower_case(&head[53..]),
    );
    let (Some(version), Some(high), Some(low), Some(span_id), Some(flags)) = digits else {
        return Err("a character is no lower-case hexadecimal digit");
    };
    match (version, rest) {
        (0xff, _) => return Err("there is no version ff"),
        (_, []) | (1.., [b'-', ..]) => {}
        _ => return Err("it is too long"),
    }
    let (trace_id, span_id) = (TraceId::from_parts(high, low), SpanId::new(span_id));
    if !trace_id.is_valid() || !span_id.is_valid() {
        return Err("an id is zero");
    }
    Ok(Traceparent { trace_id, span_id, flags })
}
