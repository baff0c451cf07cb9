//! The names of tags in each backend, and the translation between OpenTracing's and OpenTelemetry's names.
//!
//! Spans are recorded under the names of OpenTracing's semantic conventions. `Otlp` writes them under OpenTelemetry's names (version
//! 1.44) where these are stable or about to be. Zipkin and Jaeger use OpenTracing's names. `Instana` has fields for known tags, given
//! here for native spans. In the table `=` means the tag as it is. Tags that are not in the table are written as they are too; in Instana
//! they go to `data.sdk.custom.tags`.
//!
//! ```
//! use opentracing_core::SpanKind;
//! use opentracing_reporter::terms::{from_opentelemetry, to_opentelemetry};
//!
//! assert_eq!(to_opentelemetry("http.method", SpanKind::Server), "http.request.method");
//! assert_eq!(to_opentelemetry("peer.port", SpanKind::Client), "server.port");
//! assert_eq!(from_opentelemetry("db.query.text", SpanKind::Client, "".into()), "db.statement");
//! ```
//!
//! | tag | OpenTelemetry | Zipkin | Jaeger | Instana |
//! |---|---|---|---|---|
//! | `span.kind` | the span's kind | `kind`; none for internal spans | =; none for internal spans | `k`: 1 for server and consumer, 2 for client and producer, else 3 |
//! | `error` | the status: error, or ok if the tag is false | = if true, with the reason as its text | = if true | `ec`, which is also 1 for an HTTP status from 500 on and a gRPC status other than OK |
//! | the reason of a failure: `message` of the last log with `event=error` | the message of the status | the text of `error` | in the log | `error` in the data |
//! | `http.method` | `http.request.method` | = | = | `http.method` |
//! | `http.status_code` | `http.response.status_code` | = | = | `http.status` |
//! | `http.url` | `url.full`; on a server `url.scheme`, `server.address`, `server.port`, `url.path`, `url.query` | = | = | `http.url`, `http.params`; on a server also `http.protocol`, `http.host` |
//! | `http.route` | = | = | = | on a server `http.path_tpl` |
//! | `rpc.method` | = | = | = | `rpc.call` |
//! | `peer.hostname` | `server.address`; on a server or consumer `client.address` | =, and the name in `remoteEndpoint` without `peer.service` | = | `host` of `pg`, `mysql`, and of `rpc` on a client; part of `rabbitmq.address` |
//! | `peer.port` | `server.port`; on a server or consumer `client.port` | =, and `port` | = | `port` of the same; part of `rabbitmq.address` |
//! | `peer.ipv4`, `peer.ipv6` | `network.peer.address`; if both are set, `peer.ipv6` keeps its name | =, and `ipv4`, `ipv6` | = | like `peer.hostname`, if that is missing |
//! | `peer.address` | = | =, and host and port unless they have tags of their own | = | = |
//! | `peer.service` | =, since backends draw their service maps from it and its successor is not stable | =, and the name in `remoteEndpoint` | = | =, unless it was only derived from the host name |
//! | `db.type` | `db.system.name`; `sql` becomes the system in `component` or `peer.service`, else `other_sql` | = | = | selects `pg` or `mysql` |
//! | `db.instance` | `db.namespace` | =, and on a client the name in `remoteEndpoint` if it has no other | = | `db` of `pg`, `mysql` |
//! | `db.statement` | `db.query.text` | = | = | `stmt` of the same |
//! | `db.user` | = | = | = | `user` of the same |
//! | `message_bus.destination` | `messaging.destination.name`, with `messaging.system` from `component` or `peer.service` | = | = | `kafka.service`, `rabbitmq.exchange`, `rabbitmq.queue` |
//! | `component` | =, and the name of the scope | = | = | = |
//! | a log with `event=error` | an event `exception` | annotation | log | a span `log` |
//! | `error.kind`, `message`, `stack` of it | `exception.type`, `exception.message`, `exception.stacktrace`; the kind, else the HTTP status, is `error.type` of a failed span | fields | fields | `log.message`, `log.parameters` |
//! | another log | an event named by `event`, else `log` | annotation | log | a span `log` from level WARN on, else `custom.logs` |
//! | a reference other than `ChildOf` to the parent | a link with `opentracing.ref_type` | tags `otlp.link.0` and so on | reference | – |
//! | process tags | resource attributes; `hostname` is `host.name` | tags of spans without a parent in the process | process tags | `custom.tags` of spans without a parent in the process |
//!
//! A tag that was set under OpenTelemetry's own name wins over one that is translated to it.
//!
//! The translation is reversible, with three exceptions: `db.type=sql` becomes the name of the system, `http.url` of a server is split into
//! parts, and `error=false` becomes the status ok.

use opentracing_core::{SpanKind, Value};

/// Generates both directions from one table: tag, attribute, attribute on a server or consumer, older names of the attribute.
macro_rules! terms {
    ($($tag:literal => $name:literal | $entry:literal, [$($old:literal),*];)+) => {
        /// Returns OpenTelemetry's name for a tag of a span of this kind, or the same name if it has none.
        #[must_use]
        pub fn to_opentelemetry(tag: &str, kind: SpanKind) -> &str {
            match tag {
                $($tag => if kind.is_entry() { $entry } else { $name },)+
                tag => tag,
            }
        }

        /// Returns the tag for an attribute of a span of this kind, or the same name if there is none. Also knows the names of older
        /// conventions.
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
