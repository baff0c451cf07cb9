//! Spans as Jaeger's query API shows them.

use serde_json::Value;

use crate::backends::json::{array, digits, number, text};
use crate::backends::seen::{Seen, Texts};

/// What Jaeger is expected to have of a span.
pub(crate) fn view(span: Seen) -> Seen {
    // The reason is in the logs.
    Seen { error: span.error.clone().map(|_| "true".to_owned()), ..span }
}

/// `{"data":[{"spans":[…],"processes":{…}}]}`.
pub(crate) fn read(json: &Value) -> Vec<Seen> {
    let traces = array(&json["data"]).iter();
    traces.flat_map(|trace| array(&trace["spans"]).iter().map(|span| read_span(span, &trace["processes"]))).collect()
}

fn read_span(json: &Value, processes: &Value) -> Seen {
    let process = &processes[text(&json["processID"])];
    let mut tags = key_values(&json["tags"]);
    // Jaeger's collector adds it.
    assert!(tags.remove("internal.span.format").is_some(), "{json}");
    let is = |reference: &&Value, kind: &str| reference["refType"] == kind && reference["traceID"] == json["traceID"];
    let references = array(&json["references"]);
    let parent = references.iter().find(|reference| is(reference, "CHILD_OF"));
    let parent = parent.or_else(|| references.iter().find(|reference| is(reference, "FOLLOWS_FROM")));
    let mut seen = Seen {
        service: text(&process["serviceName"]),
        process: key_values(&process["tags"]),
        name: text(&json["operationName"]),
        trace: digits(&json["traceID"], 32),
        id: digits(&json["spanID"], 16),
        parent: parent.map(|parent| digits(&parent["spanID"], 16)),
        kind: tags.remove("span.kind").unwrap_or_default(),
        start_us: number(&json["startTime"]),
        duration_us: number(&json["duration"]),
        error: tags.remove("error"),
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
