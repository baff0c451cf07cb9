//! Contexts, kinds, values and times, from one system to the other.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    SpanContext as OtelContext, SpanId as OtelSpanId, SpanKind as OtelKind, TraceFlags, TraceId as OtelTraceId,
    TraceState,
};
use opentelemetry::{KeyValue, Value as OtelValue};
use opentracing_core::{Sampling, SpanContext, SpanId, SpanKind, Text, TraceId, Value};
use smallvec::SmallVec;

/// The random flag of W3C Trace Context level 2, which OpenTelemetry's crate does not name.
const RANDOM: u8 = 2;

pub(crate) fn to_otel(context: &SpanContext) -> OtelContext {
    let random = if context.is_random() { RANDOM } else { 0 };
    OtelContext::new(
        OtelTraceId::from_bytes(context.trace_id().to_bytes()),
        OtelSpanId::from_bytes(context.span_id().to_bytes()),
        TraceFlags::new(u8::from(context.is_sampled()) | random),
        context.is_remote(),
        context.tracestate().and_then(|list| list.parse().ok()).unwrap_or(TraceState::NONE),
    )
}

/// A remote context. Its sampling decision is made: OpenTelemetry has no word for an open one.
pub(crate) fn to_core(context: &OtelContext) -> SpanContext {
    let sampling = if context.is_sampled() { Sampling::Sampled } else { Sampling::NotSampled };
    let ids = SpanContext::new(
        TraceId::from_bytes(context.trace_id().to_bytes()),
        SpanId::from_bytes(context.span_id().to_bytes()),
    );
    let context_of_flags = ids.with_sampling(sampling).with_random(context.trace_flags().to_u8() & RANDOM != 0);
    if context.trace_state() == &TraceState::NONE {
        context_of_flags
    } else {
        context_of_flags.with_tracestate(&context.trace_state().header())
    }
}

pub(crate) fn to_core_kind(kind: &OtelKind) -> SpanKind {
    match kind {
        OtelKind::Client => SpanKind::Client,
        OtelKind::Server => SpanKind::Server,
        OtelKind::Producer => SpanKind::Producer,
        OtelKind::Consumer => SpanKind::Consumer,
        OtelKind::Internal => SpanKind::Internal,
    }
}

/// Names a tag for an attribute of a span of that kind: `terms::from_opentelemetry` of `opentracing-reporter`, for example.
pub type AttributeNames = for<'a, 'v> fn(&'a str, SpanKind, Value<'v>) -> &'a str;

/// How attributes of a span become tags.
#[derive(Clone, Copy)]
pub(crate) struct Naming {
    pub(crate) names: Option<AttributeNames>,
    pub(crate) kind: SpanKind,
}

impl Naming {
    /// Attributes keep their names.
    pub(crate) const SAME: Naming = Naming { names: None, kind: SpanKind::Internal };

    #[inline]
    pub(crate) fn of<'a>(&self, attribute: &'a str, value: Value<'_>) -> Text<'a> {
        Text::Copied(match self.names {
            None => attribute,
            Some(names) => names(attribute, self.kind, value),
        })
    }
}

/// A value without a type of ours is given as text: arrays.
pub(crate) enum Given<'a> {
    Value(Value<'a>),
    Text(String),
}

pub(crate) fn to_core_value(value: &OtelValue) -> Given<'_> {
    Given::Value(match value {
        OtelValue::Bool(truth) => Value::Bool(*truth),
        OtelValue::I64(number) => Value::I64(*number),
        OtelValue::F64(number) => Value::F64(*number),
        OtelValue::String(text) => Value::Str(text.as_str()),
        other => return Given::Text(other.to_string()),
    })
}

impl Given<'_> {
    pub(crate) fn as_value(&self) -> Value<'_> {
        match self {
            Given::Value(value) => *value,
            Given::Text(text) => Value::Str(text),
        }
    }
}

/// Calls the closure with those fields, and behind them with the attributes.
pub(crate) fn with_fields<R>(
    first: &[(Text<'_>, Value<'_>)],
    attributes: &[KeyValue],
    f: impl FnOnce(&[(Text<'_>, Value<'_>)]) -> R,
) -> R {
    let given: SmallVec<[_; 8]> =
        attributes.iter().map(|attribute| (attribute.key.as_str(), to_core_value(&attribute.value))).collect();
    let mut fields: SmallVec<[_; 10]> = SmallVec::from_slice(first);
    fields.extend(given.iter().map(|(key, value)| (Text::Copied(key), value.as_value())));
    f(&fields)
}

/// `None` if it is this moment. Callers of `end` and `add_event` read the system's clock even if they mean now, while our spans have a finer
/// one, by which they also start.
pub(crate) fn unless_now(at: SystemTime) -> Option<SystemTime> {
    match SystemTime::now().duration_since(at) {
        Ok(ago) if ago < MOMENT => None,
        _ => Some(at),
    }
}

const MOMENT: Duration = Duration::from_millis(1);
