//! Spans in OpenTelemetry's terms.

use crate::backends::seen::{Seen, Texts};

/// A span as a receiver of OTLP should show it.
pub(crate) fn view(span: Seen) -> Seen {
    let is_entry = span.kind == "server" || span.kind == "consumer";
    let mut process = span.process.clone();
    process.extend(
        [("name", "opentracing"), ("language", "rust"), ("version", env!("CARGO_PKG_VERSION"))]
            .map(|(key, value)| (format!("telemetry.sdk.{key}"), value.to_owned())),
    );
    let mut tags = Texts::new();
    for (tag, value) in &span.tags {
        tags.extend(
            attributes(is_entry, tag, value).into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
    }
    if tags.get("db.system.name").is_some_and(|system| system == "sql") {
        tags.insert("db.system.name".to_owned(), span.tags["peer.service"].clone());
    }
    if span.error.is_some()
        && let Some(kind) = error_kind(&span).or(span.tags.get("http.status_code"))
    {
        tags.insert("error.type".to_owned(), kind.clone());
    }
    let logs = span.logs.iter().map(|(at, fields)| (*at, event(fields))).collect();
    let mut seen = Seen { process, tags, logs, ..span };
    seen.logs.sort();
    seen
}

fn error_kind(span: &Seen) -> Option<&String> {
    span.logs.iter().filter_map(|(_, fields)| fields.get("error.kind")).next_back()
}

/// The attribute for a tag in these tests.
fn attributes<'a>(is_entry: bool, tag: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let name = match tag {
        "http.url" if is_entry => {
            let (scheme, rest) = value.split_once("://").expect("it is a whole URL");
            let (host, rest) = rest.split_once('/').expect("it has a path");
            let (path, query) = rest.split_once('?').expect("it has a query");
            let path = &value[value.len() - rest.len() - 1..][..path.len() + 1];
            return vec![("url.scheme", scheme), ("server.address", host), ("url.path", path), ("url.query", query)];
        }
        "message_bus.destination" => {
            return vec![("messaging.destination.name", value), ("messaging.system", "kafka")];
        }
        "http.method" => "http.request.method",
        "http.status_code" => "http.response.status_code",
        "http.url" => "url.full",
        "peer.hostname" if is_entry => "client.address",
        "peer.hostname" => "server.address",
        "peer.port" if is_entry => "client.port",
        "peer.port" => "server.port",
        "peer.ipv4" | "peer.ipv6" => "network.peer.address",
        "db.type" => "db.system.name",
        "db.instance" => "db.namespace",
        "db.statement" => "db.query.text",
        tag => tag,
    };
    vec![(name, value)]
}

fn event(fields: &Texts) -> Texts {
    let mut fields = fields.clone();
    match fields.get("event").map(String::as_str) {
        None => _ = fields.insert("event".to_owned(), "log".to_owned()),
        Some("error") => {
            fields.insert("event".to_owned(), "exception".to_owned());
            for (from, to) in
                [("error.kind", "exception.type"), ("message", "exception.message"), ("stack", "exception.stacktrace")]
            {
                if let Some(value) = fields.remove(from) {
                    fields.insert(to.to_owned(), value);
                }
            }
        }
        Some(_) => {}
    }
    fields
}
