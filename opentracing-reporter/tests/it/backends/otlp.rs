//! Spans in OpenTelemetry's terms.

use crate::backends::seen::{Seen, Texts};

/// A span as a receiver of OTLP should show it.
pub(crate) fn view(span: Seen) -> Seen {
    let mut process = span.process.clone();
    process.extend(
        [("name", "opentracing"), ("language", "rust"), ("version", env!("CARGO_PKG_VERSION"))]
            .map(|(key, value)| (format!("telemetry.sdk.{key}"), value.to_owned())),
    );
    let mut tags = Texts::new();
    for (tag, value) in &span.tags {
        tags.extend(attributes(&span, tag, value).into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
    if tags.get("db.system.name").is_some_and(|system| system == "sql") {
        tags.insert("db.system.name".to_owned(), span.tags["peer.service"].clone());
    }
    if span.error.is_some() {
        let kind = error_kind(&span).or(span.tags.get("http.status_code")).map_or("_OTHER", String::as_str);
        tags.insert("error.type".to_owned(), kind.to_owned());
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
fn attributes<'a>(span: &Seen, tag: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let is_server = span.kind == "server";
    let has_ip = span.tags.contains_key("peer.ipv4") || span.tags.contains_key("peer.ipv6");
    let name = match tag {
        "http.url" if is_server => {
            let (scheme, rest) = value.split_once("://").expect("it is a whole URL");
            let (host, rest) = rest.split_once('/').expect("it has a path");
            let (path, query) = rest.split_once('?').expect("it has a query");
            let path = &value[value.len() - rest.len() - 1..][..path.len() + 1];
            let port = if scheme == "https" { "443" } else { "80" };
            let server = [("server.address", host), ("server.port", port)];
            return [&server[..], &[("url.scheme", scheme), ("url.path", path), ("url.query", query)]].concat();
        }
        "message_bus.destination" => {
            let operation = if span.kind == "consumer" { "process" } else { "send" };
            return vec![
                ("messaging.destination.name", value),
                ("messaging.system", "kafka"),
                ("messaging.operation.name", operation),
                ("messaging.operation.type", operation),
            ];
        }
        "peer.hostname" => return vec![(if is_server { "client.address" } else { "server.address" }, value)],
        "peer.port" if is_server => return vec![(if has_ip { "network.peer.port" } else { "client.port" }, value)],
        "peer.port" if has_ip => return vec![("server.port", value), ("network.peer.port", value)],
        "peer.port" => "server.port",
        "peer.ipv4" | "peer.ipv6" => {
            let address = if is_server { "client.address" } else { "server.address" };
            let named = if span.tags.contains_key("peer.hostname") { None } else { Some((address, value)) };
            return [("network.peer.address", value)].into_iter().chain(named).collect();
        }
        "peer.address" => {
            let (host, port) = value.split_once(':').expect("it has a port");
            return vec![("server.address", host), ("server.port", port)];
        }
        "http.method" => "http.request.method",
        "http.status_code" => "http.response.status_code",
        "http.url" => "url.full",
        "db.user" => return Vec::new(),
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
