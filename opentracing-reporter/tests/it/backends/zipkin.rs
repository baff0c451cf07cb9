//! Spans in Zipkin's API.

use serde_json::Value;

use crate::backends::json::{array, digits, number, text, texts};
use crate::backends::seen::{Seen, Texts};

/// A span as Zipkin's JSON contains it.
pub(crate) fn view(span: Seen) -> Seen {
    let Seen { mut tags, process, logs, is_local_root, .. } = span.clone();
    if is_local_root {
        let process = process.into_iter().filter(|(key, _)| !tags.contains_key(key)).collect::<Vec<_>>();
        tags.extend(process);
    }
    let logs = logs.into_iter().map(|(at, fields)| (at, annotated(fields)));
    Seen {
        process: Texts::new(),
        is_ok: false,
        duration_us: span.duration_us.max(1),
        tags,
        logs: logs.collect(),
        ..span
    }
    .with_two_kinds_of_links()
}

/// Zipkin converts names to lower case.
pub(crate) fn lower_case(span: Seen) -> Seen {
    Seen { name: span.name.to_lowercase(), service: span.service.to_lowercase(), ..span }
}

/// A single value has no field name.
fn annotated(fields: Texts) -> Texts {
    let alone = fields.iter().next().filter(|_| fields.len() == 1).filter(|(_, text)| !text.contains('|'));
    match alone {
        Some((key, text)) if key == "message" => Texts::from([("event".to_owned(), text.clone())]),
        _ => fields,
    }
}

/// An array of spans.
pub(crate) fn read(json: &Value) -> Vec<Seen> {
    array(json).iter().map(read_span).collect()
}

fn read_span(json: &Value) -> Seen {
    let mut tags = texts(&json["tags"]);
    let mut seen = Seen {
        service: text(&json["localEndpoint"]["serviceName"]),
        name: text(&json["name"]),
        trace: digits(&json["traceId"], 32),
        id: text(&json["id"]),
        parent: json.get("parentId").map(text),
        kind: text(&json["kind"]).to_lowercase(),
        start_us: number(&json["timestamp"]),
        duration_us: number(&json["duration"]),
        error: tags.remove("error"),
        is_debug: json["debug"] == true,
        logs: array(&json["annotations"])
            .iter()
            .map(|log| (number(&log["timestamp"]), read_log(&text(&log["value"]))))
            .collect(),
        ..Seen::default()
    };
    for index in 0.. {
        let Some(link) = tags.remove(&format!("otlp.link.{index}")) else { break };
        let [trace, id, "", attributes, "0"] = link.split('|').collect::<Vec<_>>()[..] else { panic!("{link:?}") };
        let attributes: Value = serde_json::from_str(attributes).expect("attributes are JSON");
        seen.link(&text(&attributes["opentracing.ref_type"]), trace, id);
    }
    seen.tags = tags;
    seen.logs.sort();
    seen
}

/// A text, or `"event": {"field":"value"}`.
pub(crate) fn read_log(value: &str) -> Texts {
    let alone = || Texts::from([("event".to_owned(), value.to_owned())]);
    let Ok(Value::Object(event)) = serde_json::from_str(&format!("{{{value}}}")) else { return alone() };
    let Some((event, fields)) = event.into_iter().next() else { return alone() };
    let mut fields = texts(&fields);
    if event != "log" {
        fields.insert("event".to_owned(), event);
    }
    fields
}
