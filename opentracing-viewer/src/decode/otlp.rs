//! OTLP: messages as spans (opentelemetry-proto, `trace.proto`).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource as ProtoResource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link as ProtoLink};
use opentelemetry_proto::tonic::trace::v1::{Span as ProtoSpan, Status};
use opentracing_core::{SpanId, SpanKind, TraceId};
use prost::Message;

use super::{Decoded, InvalidRequest};
use crate::model::{Link, LinkKind, Log, Resource, Span, Text, Value};

/// Lists and maps inside of each other that are shown.
const MAX_DEPTH: usize = 16;

/// Reads a request in Protocol Buffers.
pub(crate) fn otlp(body: &[u8]) -> Result<Decoded, InvalidRequest> {
    let request = ExportTraceServiceRequest::decode(body).map_err(|error| InvalidRequest(error.to_string()))?;
    Ok(otlp_request(request))
}

/// Reads a decoded request.
pub(crate) fn otlp_request(request: ExportTraceServiceRequest) -> Decoded {
    let mut decoded = Decoded::default();
    for (group, spans) in request.resource_spans.into_iter().enumerate() {
        let resource = Arc::new(resource(spans.resource));
        for (part, spans) in spans.scope_spans.into_iter().enumerate() {
            let scope = scope_tags(spans.scope);
            for (index, span) in spans.spans.into_iter().enumerate() {
                let position = || format!("resourceSpans[{group}].scopeSpans[{part}].spans[{index}]");
                add_span(span, &resource, &scope, position, &mut decoded);
            }
        }
    }
    decoded
}

pub(super) fn add_span(
    proto: ProtoSpan,
    resource: &Arc<Resource>,
    scope: &[(Text, Value)],
    position: impl Fn() -> String,
    decoded: &mut Decoded,
) {
    let Some(trace_id) = read_trace_id(&proto.trace_id) else {
        let length = proto.trace_id.len();
        return decoded
            .reject(1, || format!("{}: the trace id has {length} bytes instead of 16, or is zero", position()));
    };
    let Some(span_id) = read_span_id(&proto.span_id) else {
        let length = proto.span_id.len();
        return decoded
            .reject(1, || format!("{}: the span id has {length} bytes instead of 8, or is zero", position()));
    };
    let mut span = Span::new(trace_id, span_id, resource.clone(), proto.name);
    span.parent_id = read_span_id(&proto.parent_span_id);
    if span.parent_id.is_none() && proto.parent_span_id.iter().any(|byte| *byte != 0) {
        let length = proto.parent_span_id.len();
        return decoded.reject(1, || format!("{}: the parent's id has {length} bytes instead of 8", position()));
    }
    span.kind = kind(proto.kind);
    span.start_unix_ns = proto.start_time_unix_nano;
    span.duration_ns = proto.end_time_unix_nano.saturating_sub(proto.start_time_unix_nano);
    span.marks.ends_before_start = proto.end_time_unix_nano < proto.start_time_unix_nano;
    span.tags = fields(proto.attributes);
    add_status(proto.status, &mut span);
    if !proto.trace_state.is_empty() {
        span.tags.push(("w3c.tracestate".into(), proto.trace_state.into()));
    }
    let dropped = [
        ("otel.dropped_attributes_count", proto.dropped_attributes_count),
        ("otel.dropped_events_count", proto.dropped_events_count),
        ("otel.dropped_links_count", proto.dropped_links_count),
    ];
    span.tags.extend(
        dropped.iter().filter(|(_, count)| *count > 0).map(|(key, count)| ((*key).into(), i64::from(*count).into())),
    );
    span.tags.extend(scope.iter().cloned());
    span.logs = proto.events.into_iter().map(log).collect();
    span.links = proto.links.into_iter().filter_map(link).collect();
    decoded.spans.push(span);
}

pub(super) fn resource(proto: Option<ProtoResource>) -> Resource {
    let mut tags = fields(proto.map(|proto| proto.attributes).unwrap_or_default());
    let service = tags.iter().position(|(key, _)| key == "service.name").map(|index| tags.remove(index).1.to_string());
    Resource::new(service.unwrap_or_default(), tags)
}

/// The tags that the spans of a scope get, as OpenTelemetry's translations to other formats name them.
pub(super) fn scope_tags(scope: Option<InstrumentationScope>) -> Vec<(Text, Value)> {
    let Some(scope) = scope else { return Vec::new() };
    let named = [("otel.scope.name", scope.name), ("otel.scope.version", scope.version)];
    let named = named.into_iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key.into(), value.into()));
    named.chain(fields(scope.attributes)).collect()
}

fn add_status(status: Option<Status>, span: &mut Span) {
    const OK: i32 = 1;
    const ERROR: i32 = 2;
    let Some(status) = status else { return };
    span.is_failed = status.code == ERROR;
    if status.code == OK {
        span.tags.push(("otel.status_code".into(), "OK".into()));
    }
    if !status.message.is_empty() {
        span.tags.push(("otel.status_description".into(), status.message.into()));
    }
}

fn log(event: Event) -> Log {
    let mut log = Vec::with_capacity(event.attributes.len() + 1);
    if !event.name.is_empty() {
        log.push(("event".into(), event.name.into()));
    }
    log.extend(fields(event.attributes));
    Log::new(event.time_unix_nano, log)
}

/// A link says of what kind it is by an attribute of the OpenTracing shim (OpenTelemetry semantic conventions, "OpenTracing").
fn link(proto: ProtoLink) -> Option<Link> {
    let mut link = Link::new(LinkKind::Link, read_trace_id(&proto.trace_id)?, read_span_id(&proto.span_id)?);
    link.tags = fields(proto.attributes);
    link.tags.retain(|(key, value)| {
        let kind = match value.as_text() {
            Some("child_of") => LinkKind::ChildOf,
            Some("follows_from") => LinkKind::FollowsFrom,
            _ => return true,
        };
        if key != "opentracing.ref_type" {
            return true;
        }
        link.kind = kind;
        false
    });
    Some(link)
}

fn fields(attributes: Vec<KeyValue>) -> Vec<(Text, Value)> {
    attributes
        .into_iter()
        .map(|KeyValue { key, value, .. }| (key.into(), value.map_or_else(|| "".into(), value_of)))
        .collect()
}

fn value_of(value: AnyValue) -> Value {
    match value.value {
        Some(any_value::Value::StringValue(text)) => text.into(),
        Some(any_value::Value::BoolValue(value)) => value.into(),
        Some(any_value::Value::IntValue(value)) => value.into(),
        Some(any_value::Value::DoubleValue(value)) => value.into(),
        Some(any_value::Value::BytesValue(bytes)) => STANDARD.encode(bytes).into(),
        Some(list @ (any_value::Value::ArrayValue(_) | any_value::Value::KvlistValue(_))) => {
            Value::Json(json(AnyValue { value: Some(list) }, MAX_DEPTH).to_string().into())
        }
        Some(any_value::Value::StringValueStrindex(_)) | None => "".into(),
    }
}

fn json(value: AnyValue, depth: usize) -> serde_json::Value {
    let Some(depth) = depth.checked_sub(1) else { return "…".into() };
    match value.value {
        Some(any_value::Value::ArrayValue(list)) => list.values.into_iter().map(|value| json(value, depth)).collect(),
        Some(any_value::Value::KvlistValue(list)) => {
            let fields = list.values.into_iter();
            fields
                .map(|field| (field.key, field.value.map_or(serde_json::Value::Null, |value| json(value, depth))))
                .collect()
        }
        Some(any_value::Value::StringValue(text)) => text.into(),
        Some(any_value::Value::BoolValue(value)) => value.into(),
        Some(any_value::Value::IntValue(value)) => value.into(),
        Some(any_value::Value::DoubleValue(value)) if value.is_finite() => value.into(),
        Some(any_value::Value::DoubleValue(value)) => value.to_string().into(),
        Some(any_value::Value::BytesValue(bytes)) => STANDARD.encode(bytes).into(),
        Some(any_value::Value::StringValueStrindex(_)) | None => serde_json::Value::Null,
    }
}

fn kind(number: i32) -> SpanKind {
    match number {
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

fn read_trace_id(bytes: &[u8]) -> Option<TraceId> {
    bytes.try_into().map(TraceId::from_bytes).ok().filter(|id| id.is_valid())
}

fn read_span_id(bytes: &[u8]) -> Option<SpanId> {
    bytes.try_into().map(SpanId::from_bytes).ok().filter(|id| id.is_valid())
}
