//! Spans as the OpenTelemetry Collector writes them to its file.

use serde_json::Value;

use crate::backends::json::{array, number, text};
use crate::backends::seen::{Seen, Texts};
use crate::backends::zipkin;

/// How spans came to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Jaeger,
    Zipkin,
}

/// What it is expected to have of a span.
pub(crate) fn view(from: From, span: Seen) -> Seen {
    let span = match from {
        From::Jaeger => crate::backends::jaeger::view(span),
        From::Zipkin => zipkin::view(span),
    };
    // It has no flags.
    Seen { is_debug: false, ..span }
}

/// Lines of `ExportTraceServiceRequest`.
pub(crate) fn read(from: From, lines: &str, traces: &[String]) -> Vec<Seen> {
    let mut spans = Vec::new();
    // The last line may be half written.
    for request in lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        for resource in array(&request["resourceSpans"]) {
            for scope in array(&resource["scopeSpans"]) {
                let known = array(&scope["spans"]).iter().filter(|span| traces.contains(&text(&span["traceId"])));
                spans.extend(known.map(|span| read_span(from, span, &resource["resource"])));
            }
        }
    }
    spans
}

fn read_span(from: From, json: &Value, resource: &Value) -> Seen {
    const KINDS: [&str; 6] = ["", "", "server", "client", "producer", "consumer"];
    let (mut tags, mut process) = (attributes(json), attributes(resource));
    if from == From::Zipkin {
        // Of the remote endpoint, beside the tags that are there, in older and newer terms.
        let added = ["net.peer.ip", "net.peer.port", "network.peer.address", "service.peer.name"];
        added.iter().for_each(|key| _ = tags.remove(*key));
    }
    if let Some(state) = json["traceState"].as_str().filter(|state| !state.is_empty()) {
        tags.insert("w3c.tracestate".to_owned(), state.to_owned());
    }
    let error = tags.remove("error").or_else(|| (json["status"]["code"] == 2).then(|| "true".to_owned()));
    let start_us = number(&json["startTimeUnixNano"]) / 1000;
    let mut seen = Seen {
        service: process.remove("service.name").unwrap_or_default(),
        process,
        name: text(&json["name"]),
        trace: text(&json["traceId"]),
        id: text(&json["spanId"]),
        parent: Some(text(&json["parentSpanId"])).filter(|parent| !parent.is_empty()),
        kind: json["kind"].as_u64().and_then(|kind| KINDS.get(kind as usize)).copied().unwrap_or_default().to_owned(),
        start_us,
        duration_us: number(&json["endTimeUnixNano"]) / 1000 - start_us,
        error,
        tags,
        logs: array(&json["events"]).iter().map(|event| read_event(from, event)).collect(),
        ..Seen::default()
    };
    for link in array(&json["links"]) {
        let kind = attributes(link).remove("opentracing.ref_type").unwrap_or_default();
        seen.link(&kind, &text(&link["traceId"]), &text(&link["spanId"]));
    }
    seen.logs.sort();
    seen
}

fn read_event(from: From, json: &Value) -> (u64, Texts) {
    let name = text(&json["name"]);
    let mut fields = match from {
        From::Zipkin => zipkin::read_log(&name),
        From::Jaeger if name.is_empty() => Texts::new(),
        From::Jaeger => Texts::from([("event".to_owned(), name)]),
    };
    fields.append(&mut attributes(json));
    (number(&json["timeUnixNano"]) / 1000, fields)
}

/// `[{"key":…,"value":{"stringValue":…}}]`.
fn attributes(json: &Value) -> Texts {
    let value = |json: &Value| json.as_object().and_then(|value| value.values().next()).map(text).unwrap_or_default();
    array(&json["attributes"]).iter().map(|tag| (text(&tag["key"]), value(&tag["value"]))).collect()
}
