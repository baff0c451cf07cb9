//! Spans, processes, tags, logs and references as Jaeger's structs (jaeger-idl, `jaeger.thrift`).

use opentracing_core::{FinishedSpan, LogRecord, Process, Reference, ReferenceKind, SpanKind, Value};

use super::thrift::{Protocol, Struct};
use crate::batch::Detail;

/// `Span`.
pub(super) fn write_span<P: Protocol>(span: FinishedSpan<'_>, detail: Detail, out: &mut Vec<u8>) {
    let context = span.context();
    let mut fields = Struct::<P>::new(out);
    fields.i64(1, context.trace_id().low() as i64);
    fields.i64(2, context.trace_id().high() as i64);
    fields.i64(3, context.span_id().get() as i64);
    fields.i64(4, span.parent_id().map_or(0, |parent| parent.get() as i64));
    fields.text(5, detail.text(span.operation_name()));
    write_references(&mut fields, span);
    fields.i32(7, flags(span));
    fields.i64(8, us(span.start_unix_ns()));
    fields.i64(9, us(span.duration_ns()));
    write_tags(&mut fields, span, detail);
    if detail.has_logs() && span.logs().len() > 0 {
        let out = fields.list(11, span.logs().len());
        span.logs().for_each(|log| write_log::<P>(log, out));
    }
    fields.end();
}

/// The operation name of an encoded `Span`, which follows four ids.
pub(super) fn read_operation<P: Protocol>(mut span: &[u8]) -> Option<String> {
    for _ in 0..4 {
        P::skip_i64_field(&mut span)?;
    }
    P::read_text_field(&mut span).map(|name| String::from_utf8_lossy(name).into_owned())
}

/// `Process`.
pub(super) fn write_process<P: Protocol>(process: &Process, out: &mut Vec<u8>) {
    let mut fields = Struct::<P>::new(out);
    fields.text(1, process.service());
    let tags = process.tags().count();
    if tags > 0 {
        let out = fields.list(2, tags);
        process.tags().for_each(|(key, value)| write_tag::<P>(key, value, Detail::Full, out));
    }
    fields.end();
}

/// A process without tags.
pub(super) fn write_service<P: Protocol>(service: &str, out: &mut Vec<u8>) {
    let mut fields = Struct::<P>::new(out);
    fields.text(1, service);
    fields.end();
}

/// Writes the references, unless the only one is the parent by `child_of`, which the parent id expresses.
fn write_references<P: Protocol>(fields: &mut Struct<'_, P>, span: FinishedSpan<'_>) {
    let (trace, parent) = (span.context().trace_id(), span.parent_id());
    let is_parent = |reference: &Reference| {
        let context = &reference.context;
        reference.kind == ReferenceKind::ChildOf && context.trace_id() == trace && Some(context.span_id()) == parent
    };
    let references = || span.references().filter(|reference| reference.context.is_valid());
    let length = references().count();
    if length == 0 || references().all(|reference| is_parent(&reference)) {
        return;
    }
    let out = fields.list(6, length);
    for Reference { kind, context, .. } in references() {
        let mut fields = Struct::<P>::new(out);
        fields.i32(1, if kind == ReferenceKind::ChildOf { 0 } else { 1 });
        fields.i64(2, context.trace_id().low() as i64);
        fields.i64(3, context.trace_id().high() as i64);
        fields.i64(4, context.span_id().get() as i64);
        fields.end();
    }
}

/// Writes `error` only if it is true, since some readers treat any value as a failure.
fn write_tags<P: Protocol>(fields: &mut Struct<'_, P>, span: FinishedSpan<'_>, detail: Detail) {
    let kind =
        Some(span.kind()).filter(|&kind| kind != SpanKind::Internal).map(|kind| ("span.kind", kind.as_str().into()));
    let error = span.is_failed().then_some(("error", Value::Bool(true)));
    let tracestate = span.context().tracestate().map(|state| ("w3c.tracestate", Value::Str(state)));
    let logs = Some(span.logs().len()).filter(|&logs| logs > 0 && !detail.has_logs());
    let logs = logs.map(|logs| ("otel.dropped_events_count", Value::from(logs)));
    let own = || [kind, error, tracestate, logs].into_iter().flatten();
    let users = || span.tags().filter(|(key, value)| *key != "error" || is_text_of_error(*value));
    let length = own().count() + users().count();
    if length > 0 {
        let out = fields.list(10, length);
        own().chain(users()).for_each(|(key, value)| write_tag::<P>(key, value, detail, out));
    }
}

/// Whether the tag `error` has a text other than a boolean, which is the reason of the failure.
fn is_text_of_error(value: Value<'_>) -> bool {
    !matches!(value, Value::Bool(_) | Value::Static("true" | "false") | Value::Str("true" | "false"))
}

/// `Log`.
fn write_log<P: Protocol>(log: LogRecord<'_>, out: &mut Vec<u8>) {
    let mut fields = Struct::<P>::new(out);
    fields.i64(1, us(log.unix_ns()));
    let out = fields.list(2, log.fields().count());
    log.fields().for_each(|(key, value)| write_tag::<P>(key, value, Detail::Full, out));
    fields.end();
}

/// `Tag`: its type, and the value in the field for that type.
fn write_tag<P: Protocol>(key: &str, value: Value<'_>, detail: Detail, out: &mut Vec<u8>) {
    const TEXT: i32 = 0;
    const DOUBLE: i32 = 1;
    const BOOL: i32 = 2;
    const LONG: i32 = 3;
    let mut fields = Struct::<P>::new(out);
    fields.text(1, detail.text(key));
    let mut text = |text: &str| {
        fields.i32(2, TEXT);
        fields.text(3, detail.text(text));
    };
    match value {
        Value::Static(value) => text(value),
        Value::Str(value) | Value::Message(value) => text(value),
        // Jaeger stores NaN and infinities, and then cannot show the trace, since JSON cannot express them.
        Value::F64(value) if value.is_finite() => {
            fields.i32(2, DOUBLE);
            fields.double(4, value);
        }
        Value::Bool(value) => {
            fields.i32(2, BOOL);
            fields.bool(5, value);
        }
        Value::I64(value) => {
            fields.i32(2, LONG);
            fields.i64(6, value);
        }
        Value::U64(value) => match i64::try_from(value) {
            Ok(value) => {
                fields.i32(2, LONG);
                fields.i64(6, value);
            }
            Err(_) => text(&value.to_string()),
        },
        other => text(&other.to_string()),
    }
    fields.end();
}

fn flags(span: FinishedSpan<'_>) -> i32 {
    const SAMPLED: i32 = 1;
    const DEBUG: i32 = 2;
    let context = span.context();
    (i32::from(context.is_sampled()) * SAMPLED) | (i32::from(context.is_debug()) * DEBUG)
}

/// Microseconds. They fit, since nanoseconds have 64 bits.
fn us(ns: u64) -> i64 {
    (ns / 1000) as i64
}
