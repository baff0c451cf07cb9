//! Spans in Jaeger's query API.

use serde_json::Value;

use crate::backends::backend::From;
use crate::backends::json::{array, digits, number, text};
use crate::backends::seen::{Seen, Texts};

/// A span as Jaeger's Thrift format contains it.
pub(crate) fn view(span: Seen) -> Seen {
    // The reason is in the logs.
    let error = span.error.clone().map(|_| "true".to_owned());
    Seen { error, is_ok: false, ..span }.with_two_kinds_of_links()
}

/// A span as Jaeger should show it, by the format in which it was received.
pub(crate) fn view_from(from: From, span: Seen) -> Seen {
    match from {
        // OTLP has no such flag.
        From::Otlp => Seen { is_debug: false, ..span }.with_two_kinds_of_links(),
        _ => view(span),
    }
}

/// `{"data":[{"spans":[…],"processes":{…}}]}`.
pub(crate) fn read(from: From, json: &Value) -> Vec<Seen> {
    let traces = array(&json["data"]).iter();
    traces
        .flat_map(|trace| array(&trace["spans"]).iter().map(|span| read_span(from, span, &trace["processes"])))
        .collect()
}

fn read_span(from: From, json: &Value, processes: &Value) -> Seen {
    let process = &processes[text(&json["processID"])];
    let mut process_tags = key_values(&process["tags"]);
    let mut tags = key_values(&json["tags"]);
    // Jaeger's collector adds it.
    assert!(tags.remove("internal.span.format").is_some(), "{json}");
    let (mut is_ok, mut reason) = (false, None);
    if from == From::Otlp {
        let component = tags.get("component").map_or("opentracing", String::as_str).to_owned();
        assert_eq!(tags.remove("otel.scope.name"), Some(component), "{json}");
        assert_eq!(tags.remove("otel.scope.version").as_deref(), Some(env!("CARGO_PKG_VERSION")), "{json}");
        assert!(process_tags.remove("service.instance.id").is_some(), "{json}");
        is_ok = tags.remove("otel.status_code").as_deref() == Some("OK");
        reason = tags.remove("otel.status_description");
    }
    let is = |reference: &&Value, kind: &str| reference["refType"] == kind && reference["traceID"] == json["traceID"];
    let references = array(&json["references"]);
    let parent = references.iter().find(|reference| is(reference, "CHILD_OF"));
    let parent = parent.or_else(|| references.iter().find(|reference| is(reference, "FOLLOWS_FROM")));
    let mut seen = Seen {
        service: text(&process["serviceName"]),
        process: process_tags,
        name: text(&json["operationName"]),
        trace: digits(&json["traceID"], 32),
        id: digits(&json["spanID"], 16),
        parent: parent.map(|parent| digits(&parent["spanID"], 16)),
        kind: tags.remove("span.kind").filter(|kind| kind != "internal").unwrap_or_default(),
        start_us: number(&json["startTime"]),
        duration_us: number(&json["duration"]),
        error: tags.remove("error").map(|error| reason.unwrap_or(error)),
        is_ok,
        tags,
        logs: array(&json["logs"]).iter().map(|log| (number(&log["timestamp"]), key_values(&log["fields"]))).collect(),
        is_debug: json["flags"].as_u64().is_some_and(|flags| flags & 2 != 0),
        ..Seen::default()
    };
    for reference in references {
        let kind = text(&reference["refType"]).to_lowercase();
        seen.link(&kind, &digits(&reference["traceID"], 32), &digits(&reference["spanID"], 16));
    }
    seen.logs.sort();
    seen
}

/// `[{"key":…,"type":…,"value":…}]`.
fn key_values(json: &Value) -> Texts {
    array(json).iter().map(|tag| (text(&tag["key"]), text(&tag["value"]))).collect()
}
