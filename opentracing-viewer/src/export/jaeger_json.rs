//! The JSON of Jaeger's query service, which its page can load from a file.

use std::collections::HashMap;
use std::sync::Arc;

use opentracing_core::{SpanId, SpanKind, TraceId};
use serde_json::{Value as Json, json};

use crate::model::{Link, LinkKind, Log, Resource, Span, Text, Value};

/// Writes traces.
pub(crate) fn jaeger_json(spans: &[Span]) -> Json {
    let mut order: Vec<TraceId> = Vec::new();
    let mut traces: HashMap<TraceId, Vec<&Span>> = HashMap::new();
    for span in spans {
        traces.entry(span.trace_id).or_insert_with(|| {
            order.push(span.trace_id);
            Vec::new()
        });
        traces.entry(span.trace_id).and_modify(|spans| spans.push(span));
    }
    let data: Vec<Json> = order.iter().map(|id| trace(*id, &traces[id])).collect();
    json!({ "data": data, "total": 0, "limit": 0, "offset": 0, "errors": null })
}

fn trace(id: TraceId, spans: &[&Span]) -> Json {
    let mut processes: Vec<&Arc<Resource>> = Vec::new();
    let mut rows = Vec::with_capacity(spans.len());
    for span in spans {
        let known = processes.iter().position(|process| **process == span.resource);
        let process = known.unwrap_or_else(|| {
            processes.push(&span.resource);
            processes.len() - 1
        });
        rows.push(span_json(span, &format!("p{}", process + 1)));
    }
    let process = |(index, resource): (usize, &&Arc<Resource>)| {
        (format!("p{}", index + 1), json!({ "serviceName": resource.service.as_str(), "tags": fields(&resource.tags) }))
    };
    let processes: serde_json::Map<String, Json> = processes.iter().enumerate().map(process).collect();
    json!({ "traceID": id.to_string(), "spans": rows, "processes": processes, "warnings": null })
}

fn span_json(span: &Span, process: &str) -> Json {
    let reference = |kind: &str, trace: TraceId, id: SpanId| json!({ "refType": kind, "traceID": trace.to_string(), "spanID": id.to_string() });
    let is_parent = |link: &&Link| link.trace_id == span.trace_id && Some(link.span_id) == span.parent_id;
    let follows = span.links.iter().filter(is_parent).any(|link| link.kind == LinkKind::FollowsFrom);
    let kind = if follows { "FOLLOWS_FROM" } else { "CHILD_OF" };
    let mut references: Vec<Json> = span.parent_id.map(|id| reference(kind, span.trace_id, id)).into_iter().collect();
    for link in span.links.iter().filter(|link| !is_parent(link)) {
        // Jaeger knows no other kinds, and shows links of OpenTelemetry like this.
        let kind = if link.kind == LinkKind::ChildOf { "CHILD_OF" } else { "FOLLOWS_FROM" };
        references.push(reference(kind, link.trace_id, link.span_id));
    }
    let mut tags = fields(&span.tags);
    if span.kind != SpanKind::Internal && span.tag("span.kind").is_none() {
        tags.push(json!({ "key": "span.kind", "type": "string", "value": span.kind.as_str() }));
    }
    if span.is_failed && span.tag("error").is_none() {
        tags.push(json!({ "key": "error", "type": "bool", "value": true }));
    }
    let log = |log: &Log| json!({ "timestamp": log.unix_ns / 1_000, "fields": fields(&log.fields) });
    json!({
        "traceID": span.trace_id.to_string(),
        "spanID": span.span_id.to_string(),
        "operationName": span.name.as_str(),
        "references": references,
        "startTime": span.start_unix_ns / 1_000,
        "duration": span.duration_ns / 1_000,
        "tags": tags,
        "logs": span.logs.iter().map(log).collect::<Vec<_>>(),
        "processID": process,
        "warnings": null,
    })
}

fn fields(fields: &[(Text, Value)]) -> Vec<Json> {
    let field = |(key, value): &(Text, Value)| {
        let (kind, value) = match value {
            Value::Bool(value) => ("bool", json!(value)),
            Value::I64(value) => ("int64", json!(value)),
            Value::U64(value) => ("int64", json!(value)),
            Value::F64(value) if value.is_finite() => ("float64", json!(value)),
            Value::F64(value) => ("string", json!(value.to_string())),
            Value::Str(text) | Value::Json(text) => ("string", json!(text.as_str())),
        };
        json!({ "key": key.as_str(), "type": kind, "value": value })
    };
    fields.iter().map(field).collect()
}

/// Reads the traces of a file. Spans without valid ids are left out.
pub(super) fn read(file: &Json) -> Vec<Span> {
    let traces = file["data"].as_array().map_or(&[][..], Vec::as_slice);
    traces.iter().flat_map(read_trace).collect()
}

fn read_trace(trace: &Json) -> Vec<Span> {
    let mut processes: HashMap<&str, Arc<Resource>> = HashMap::new();
    for (key, process) in trace["processes"].as_object().into_iter().flatten() {
        let service = process["serviceName"].as_str().unwrap_or_default();
        processes.insert(key, Arc::new(Resource::new(service, read_fields(&process["tags"]))));
    }
    let spans = trace["spans"].as_array().map_or(&[][..], Vec::as_slice);
    spans.iter().filter_map(|span| read_span(span, &processes)).collect()
}

fn read_span(json: &Json, processes: &HashMap<&str, Arc<Resource>>) -> Option<Span> {
    let trace_id: TraceId = json["traceID"].as_str()?.parse().ok()?;
    let span_id: SpanId = json["spanID"].as_str()?.parse().ok()?;
    let own = json.get("process").map(|process| {
        Arc::new(Resource::new(process["serviceName"].as_str().unwrap_or_default(), read_fields(&process["tags"])))
    });
    let known = || json["processID"].as_str().and_then(|id| processes.get(id).cloned());
    let resource = own.or_else(known).unwrap_or_else(|| Arc::new(Resource::new("", Vec::new())));
    let mut span = Span::new(trace_id, span_id, resource, json["operationName"].as_str().unwrap_or_default());
    span.start_unix_ns = json["startTime"].as_u64().unwrap_or(0).saturating_mul(1_000);
    span.duration_ns = json["duration"].as_u64().unwrap_or(0).saturating_mul(1_000);
    span.tags = read_fields(&json["tags"]);
    span.kind = span.tag("span.kind").and_then(Value::as_text).and_then(SpanKind::from_tag).unwrap_or_default();
    span.is_failed = span.tag("error").is_some_and(Value::is_true);
    // Files of the first versions name the parent here.
    span.parent_id = json["parentSpanID"].as_str().and_then(|id| id.parse().ok());
    for reference in json["references"].as_array().into_iter().flatten() {
        let id = (
            reference["traceID"].as_str().and_then(|id| id.parse::<TraceId>().ok()),
            reference["spanID"].as_str().and_then(|id| id.parse::<SpanId>().ok()),
        );
        let (Some(other), Some(id)) = id else { continue };
        let follows = reference["refType"].as_str() == Some("FOLLOWS_FROM");
        let is_parent = other == trace_id && span.parent_id.is_none_or(|parent| parent == id);
        if is_parent {
            span.parent_id = Some(id);
        }
        if follows || !is_parent {
            let kind = if follows { LinkKind::FollowsFrom } else { LinkKind::ChildOf };
            span.links.push(Link::new(kind, other, id));
        }
    }
    let logs = json["logs"].as_array().into_iter().flatten();
    span.logs = logs
        .map(|log| Log::new(log["timestamp"].as_u64().unwrap_or(0).saturating_mul(1_000), read_fields(&log["fields"])))
        .collect();
    Some(span)
}

fn read_fields(fields: &Json) -> Vec<(Text, Value)> {
    let field = |field: &Json| {
        let value = match &field["value"] {
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                _ if field["type"] == "float64" => Value::F64(number.as_f64()?),
                (Some(value), _) => Value::I64(value),
                (None, Some(value)) => Value::U64(value),
                (None, None) => Value::F64(number.as_f64()?),
            },
            Json::String(text) => match field["type"].as_str() {
                // Some writers quote all values.
                Some("bool") => text.parse().map_or_else(|_| text.as_str().into(), Value::Bool),
                Some("int64") => text.parse().map_or_else(|_| text.as_str().into(), Value::I64),
                Some("float64") => text.parse().map_or_else(|_| text.as_str().into(), Value::F64),
                _ => text.as_str().into(),
            },
            other => Value::Json(other.to_string().into()),
        };
        Some((Text::from(field["key"].as_str()?), value))
    };
    fields.as_array().into_iter().flatten().filter_map(field).collect()
}
