//! OTLP in JSON (opentelemetry-proto, "OTLP/JSON"), as the receiver reads it.

use std::sync::Arc;

use opentracing_core::SpanKind;
use serde_json::{Value as Json, json};

use crate::model::{Link, LinkKind, Log, Resource, Span, Text, Value};

/// Writes spans as one request.
pub(crate) fn otlp_json(spans: &[Span]) -> Json {
    let mut groups: Vec<(&Arc<Resource>, Vec<Json>)> = Vec::new();
    for span in spans {
        match groups.iter_mut().find(|(resource, _)| **resource == span.resource) {
            Some((_, spans)) => spans.push(span_json(span)),
            None => groups.push((&span.resource, vec![span_json(span)])),
        }
    }
    let group = |(resource, spans): (&Arc<Resource>, Vec<Json>)| {
        let mut attributes =
            vec![json!({ "key": "service.name", "value": { "stringValue": resource.service.as_str() } })];
        attributes.extend(resource.tags.iter().map(attribute));
        json!({ "resource": { "attributes": attributes }, "scopeSpans": [{ "scope": {}, "spans": spans }] })
    };
    json!({ "resourceSpans": groups.into_iter().map(group).collect::<Vec<_>>() })
}

/// Tags that the receiver makes of fields of OTLP.
const TRACE_STATE: &str = "w3c.tracestate";
const STATUS: &str = "otel.status_code";
const STATUS_MESSAGE: &str = "otel.status_description";

fn span_json(span: &Span) -> Json {
    let text = |key| span.tag(key).and_then(Value::as_text).unwrap_or_default();
    let code = if span.is_failed { 2 } else { i32::from(text(STATUS) == "OK") };
    let is_attribute = |tag: &&(Text, Value)| ![TRACE_STATE, STATUS, STATUS_MESSAGE].contains(&tag.0.as_str());
    json!({
        "traceId": span.trace_id.to_string(),
        "spanId": span.span_id.to_string(),
        "parentSpanId": span.parent_id.map(|id| id.to_string()).unwrap_or_default(),
        "traceState": text(TRACE_STATE),
        "name": span.name.as_str(),
        "kind": kind(span.kind),
        "startTimeUnixNano": span.start_unix_ns.to_string(),
        "endTimeUnixNano": span.end_unix_ns().to_string(),
        "attributes": span.tags.iter().filter(is_attribute).map(attribute).collect::<Vec<_>>(),
        "events": span.logs.iter().map(event).collect::<Vec<_>>(),
        "links": span.links.iter().map(link).collect::<Vec<_>>(),
        "status": { "code": code, "message": text(STATUS_MESSAGE) },
    })
}

/// The name of an event is the field `event` in first place.
fn event(log: &Log) -> Json {
    let name = log.fields.first().filter(|(key, _)| key == "event").and_then(|(_, value)| value.as_text());
    let fields = &log.fields[usize::from(name.is_some())..];
    json!({
        "timeUnixNano": log.unix_ns.to_string(),
        "name": name.unwrap_or_default(),
        "attributes": fields.iter().map(attribute).collect::<Vec<_>>(),
    })
}

fn link(link: &Link) -> Json {
    let mut attributes: Vec<Json> = link.tags.iter().map(attribute).collect();
    let kind = match link.kind {
        LinkKind::ChildOf => Some("child_of"),
        LinkKind::FollowsFrom => Some("follows_from"),
        LinkKind::Link => None,
    };
    attributes.extend(kind.map(|kind| json!({ "key": "opentracing.ref_type", "value": { "stringValue": kind } })));
    json!({ "traceId": link.trace_id.to_string(), "spanId": link.span_id.to_string(), "attributes": attributes })
}

fn kind(kind: SpanKind) -> u8 {
    match kind {
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
        _ => 1,
    }
}

fn attribute((key, value): &(Text, Value)) -> Json {
    json!({ "key": key.as_str(), "value": any_value(value) })
}

fn any_value(value: &Value) -> Json {
    match value {
        Value::Bool(value) => json!({ "boolValue": value }),
        Value::I64(value) => json!({ "intValue": value.to_string() }),
        // OTLP has no unsigned integers.
        Value::U64(value) => match i64::try_from(*value) {
            Ok(value) => json!({ "intValue": value.to_string() }),
            Err(_) => json!({ "stringValue": value.to_string() }),
        },
        Value::F64(value) if value.is_finite() => json!({ "doubleValue": value }),
        Value::F64(value) => json!({ "doubleValue": value.to_string().replace("inf", "Infinity") }),
        Value::Str(text) => json!({ "stringValue": text.as_str() }),
        Value::Json(text) => match serde_json::from_str(text) {
            Ok(json) => nested(&json),
            Err(_) => json!({ "stringValue": text.as_str() }),
        },
    }
}

/// The parser has bounded the depth.
fn nested(value: &Json) -> Json {
    match value {
        Json::Array(list) => json!({ "arrayValue": { "values": list.iter().map(nested).collect::<Vec<_>>() } }),
        Json::Object(fields) => {
            let values = fields.iter().map(|(key, value)| json!({ "key": key, "value": nested(value) }));
            json!({ "kvlistValue": { "values": values.collect::<Vec<_>>() } })
        }
        Json::Bool(value) => json!({ "boolValue": value }),
        Json::Number(number) => match number.as_i64() {
            Some(value) => json!({ "intValue": value.to_string() }),
            None => json!({ "doubleValue": number.as_f64() }),
        },
        Json::String(text) => json!({ "stringValue": text }),
        Json::Null => json!({}),
    }
}
