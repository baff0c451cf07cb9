//! The terms of OpenTracing and of OpenTelemetry: one table, read both ways.
//!
//! Spans are recorded under the names of OpenTracing's semantic conventions. [`Otlp`](crate::Otlp) writes them under those of
//! OpenTelemetry's, where these are stable or about to be (version 1.44). Tags that are not in the table keep their names.
//!
//! | tag | attribute | notes |
//! |---|---|---|
//! | `span.kind` | the span's kind | |
//! | `error` | the status: error or, where somebody set it to false, ok | the message is that of the last log with `event=error` |
//! | `http.method` | `http.request.method` | |
//! | `http.status_code` | `http.response.status_code` | |
//! | `http.url` | `url.full`; of a server `url.scheme`, `server.address`, `server.port`, `url.path`, `url.query` | |
//! | `peer.hostname` | `server.address`; of a server or consumer `client.address` | |
//! | `peer.port` | `server.port`; of a server or consumer `client.port` | |
//! | `peer.ipv4`, `peer.ipv6` | `network.peer.address` | where both are given, `peer.ipv6` stays |
//! | `db.type` | `db.system.name` | `sql` becomes the system that `component` or `peer.service` names, else `other_sql` |
//! | `db.instance` | `db.namespace` | |
//! | `db.statement` | `db.query.text` | |
//! | `message_bus.destination` | `messaging.destination.name` | with `messaging.system` by `component` or `peer.service` |
//! | `component` | the scope's name, and `component` | |
//! | `peer.service` | `peer.service` | its successor is not stable; backends draw their maps by the old name |
//! | a log with `event=error` | an event `exception` | |
//! | `error.kind`, `message`, `stack` of it | `exception.type`, `exception.message`, `exception.stacktrace` | a failed span has the kind, else the HTTP status, as `error.type` |
//! | another log | an event of the name in `event`, else `log` | |
//! | a reference that is not the parent's `ChildOf` | a link with `opentracing.ref_type` | |
//! | process tag `hostname` | `host.name` | |
//!
//! An attribute that was set under OpenTelemetry's own name goes before what a tag would become.

use opentracing_core::{SpanKind, Value};

/// Writes both directions from the same rows: tag, attribute, attribute of a server or consumer, older names of the attribute.
macro_rules! terms {
    ($($tag:literal => $name:literal | $entry:literal, [$($old:literal),*];)+) => {
        /// The name that OpenTelemetry has for a tag of a span of that kind; the same name where it has none of its own.
        #[must_use]
        pub fn to_opentelemetry(tag: &str, kind: SpanKind) -> &str {
            match tag {
                $($tag => if kind.is_entry() { $entry } else { $name },)+
                tag => tag,
            }
        }

        /// The tag that an attribute of a span of that kind stands for; the same name where it stands for none. Knows the names of older
        /// conventions as well.
        ///
        /// The value decides between `peer.ipv4` and `peer.ipv6`.
        #[must_use]
        pub fn from_opentelemetry<'a>(attribute: &'a str, kind: SpanKind, value: Value<'_>) -> &'a str {
            $(
                let name = if kind.is_entry() { $entry } else { $name };
                if attribute == name $(|| attribute == $old)* {
                    return if $tag == "peer.ipv4" && is_ipv6(value) { "peer.ipv6" } else { $tag };
                }
            )+
            attribute
        }
    };
}

terms! {
    "http.method" => "http.request.method" | "http.request.method", [];
    "http.status_code" => "http.response.status_code" | "http.response.status_code", [];
    "http.url" => "url.full" | "url.full", [];
    "peer.hostname" => "server.address" | "client.address", ["net.peer.name"];
    "peer.port" => "server.port" | "client.port", ["net.peer.port"];
    "peer.ipv4" => "network.peer.address" | "network.peer.address", ["net.sock.peer.addr", "net.peer.ip"];
    "peer.ipv6" => "network.peer.address" | "network.peer.address", [];
    "peer.service" => "peer.service" | "peer.service", ["service.peer.name"];
    "db.type" => "db.system.name" | "db.system.name", ["db.system"];
    "db.instance" => "db.namespace" | "db.namespace", ["db.name"];
    "db.statement" => "db.query.text" | "db.query.text", [];
    "message_bus.destination" => "messaging.destination.name" | "messaging.destination.name", ["messaging.destination"];
}

fn is_ipv6(value: Value<'_>) -> bool {
    match value {
        Value::Static(text) | Value::Str(text) | Value::Message(text) => text.contains(':'),
        _ => false,
    }
}

/// The value of `db.system.name` for what is known of a database: the value of `db.type`, and whatever names the software.
pub(crate) fn database_system<'a>(db_type: &'a str, software: &[&str]) -> &'a str {
    const SYSTEMS: [(&str, &str); 7] = [
        ("postgres", "postgresql"),
        ("mariadb", "mariadb"),
        ("mysql", "mysql"),
        ("sqlite", "sqlite"),
        ("mssql", "microsoft.sql_server"),
        ("sqlserver", "microsoft.sql_server"),
        ("oracle", "oracle.db"),
    ];
    if db_type != "sql" {
        return db_type;
    }
    let named = SYSTEMS.iter().find(|(word, _)| software.iter().any(|name| name.contains(word)));
    named.map_or("other_sql", |(_, system)| system)
}

/// The value of `messaging.system` for whatever names the software, if that is known.
pub(crate) fn messaging_system(software: &[&str]) -> Option<&'static str> {
    const SYSTEMS: [(&str, &str); 4] =
        [("kafka", "kafka"), ("rabbitmq", "rabbitmq"), ("lapin", "rabbitmq"), ("amqp", "rabbitmq")];
    let named = SYSTEMS.iter().find(|(word, _)| software.iter().any(|name| name.contains(word)));
    named.map(|(_, system)| *system)
}

/// The parts of a URL that a server's span has apart.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct UrlParts<'a> {
    pub(crate) scheme: Option<&'a str>,
    pub(crate) host: Option<&'a str>,
    pub(crate) port: Option<u16>,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
}

impl<'a> UrlParts<'a> {
    /// Takes a URL apart, or a path with its query. Nothing is decoded, and nothing refused: what is no URL is a path.
    pub(crate) fn of(url: &'a str) -> Self {
        let url = url.split_once('#').map_or(url, |(url, _)| url);
        let (front, query) = url.split_once('?').map_or((url, None), |(front, query)| (front, Some(query)));
        let Some((scheme, rest)) = front.split_once("://") else {
            return UrlParts { path: front, query, ..UrlParts::default() };
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let bracket = authority.rfind(']').unwrap_or(0);
        let (host, port) = match authority[bracket..].rfind(':') {
            Some(colon) => (&authority[..bracket + colon], authority[bracket + colon + 1..].parse().ok()),
            None => (authority, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        UrlParts { scheme: Some(scheme), host: Some(host).filter(|host| !host.is_empty()), port, path, query }
    }
}
