//! The names of tags in each backend, and the translation between OpenTracing's and OpenTelemetry's names.
//!
//! Spans are recorded under the names of OpenTracing's semantic conventions. Zipkin and Jaeger use these names. `Otlp` writes the names
//! of OpenTelemetry's semantic conventions, which often takes more than one tag into account: the page "Semantic conventions" of the
//! documentation has the whole mapping, with the type and condition of each attribute. `Instana` and
//! `Datadog` have fields for some tags; those of Instana are given here for native spans. In the table `=` means the tag as it is. Tags that are not in the table are written as they are too; in Instana they go to
//! `data.sdk.custom.tags`.
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
//! | tag | OpenTelemetry | Zipkin | Jaeger | Instana | Datadog |
//! |---|---|---|---|---|---|
//! | `span.kind` | the span's kind | `kind`; none for internal spans | =; none for internal spans | `k`: 1 for server and consumer, 2 for client and producer, else 3 | `span.kind` |
//! | `error` | the status: error, or ok if the tag is false | = if true, with the reason as its text | = if true | `ec`, which is also 1 for an HTTP status from 500 on and a gRPC status other than OK | `error`: 1 or 0 |
//! | the reason of a failure: `message` of the last log with `event=error` | the message of the status | the text of `error` | in the log | `error` in the data | `error.message` |
//! | `http.method` | `http.request.method` | = | = | `http.method` | = |
//! | `http.status_code` | `http.response.status_code`; from 400 on the status of a client is error | = | = | `http.status` | =, as text |
//! | `http.url` | `url.full`; on a server `url.scheme`, `server.address`, `server.port`, `url.path`, `url.query` | = | = | `http.url`, `http.params`; on a server also `http.protocol`, `http.host` | = |
//! | `http.route` | = | = | = | on a server `http.path_tpl` | = |
//! | `rpc.method` | = | = | = | `rpc.call` | = |
//! | `peer.hostname` | `server.address`; on a server `client.address` | =, and the name in `remoteEndpoint` without `peer.service` | = | `host` of `pg`, `mysql`, and of `rpc` on a client; part of `rabbitmq.address` | `out.host` of a client or producer, else = |
//! | `peer.port` | `server.port`; on a server `network.peer.port`, or `client.port` if the address of the connection is not known or belongs to a proxy | =, and `port` | = | `port` of the same; part of `rabbitmq.address` | `network.destination.port` of a client or producer, else = |
//! | `peer.ipv4`, `peer.ipv6` | `network.peer.address`, and `server.address` without a host name; on a server also `client.address`; if both are set, `peer.ipv6` keeps its name | =, and `ipv4`, `ipv6` | = | like `peer.hostname`, if that is missing | `network.destination.ip` of a client or producer, `network.client.ip` of a server or consumer; if both are set, `peer.ipv6` keeps its name |
//! | `peer.address` | the parts: `server.address` and `server.port`, on a server `client.address` and `client.port`; not written if the peer has other tags | =, and host and port unless they have tags of their own | = | = | = |
//! | `peer.service` | =, since backends draw their service maps from it and its successor is not stable | =, and the name in `remoteEndpoint` | = | =, unless it was only derived from the host name | =, with its source |
//! | `db.type` | `db.system.name`; `sql` becomes the system in `component` or `peer.service`, else `other_sql` | = | = | selects `pg` or `mysql` | `db.system`; `sql` becomes the system as in OpenTelemetry |
//! | `db.instance` | `db.namespace` | =, and on a client the name in `remoteEndpoint` if it has no other | = | `db` of `pg`, `mysql` | `db.name` |
//! | `db.statement` | `db.query.text` | = | = | `stmt` of the same | `resource` of SQL, else = |
//! | `db.user` | not written, since the conventions have no such attribute; with older names = | = | = | `user` of the same | = |
//! | `message_bus.destination` | `messaging.destination.name`, for RabbitMQ with exchange and routing key; `messaging.system` from `component` or `peer.service`; `messaging.operation.name` and `.type` | = | = | `kafka.service`, `rabbitmq.exchange`, `rabbitmq.queue` | `messaging.destination.name`, with `messaging.system` |
//! | `messaging.rabbitmq.exchange` | `rabbitmq.exchange`, and part of `messaging.destination.name` | = | = | `rabbitmq.exchange` | = |
//! | `http.outcome` | `http_exchange.outcome` | = | = | = | = |
//! | `http.upgrade` | `http.response.header.upgrade`; of a tunnel, `http_exchange.upgrade` | = | = | = | = |
//! | `component` | =, and the name of the scope | = | = | = | = |
//! | a log with `event=error` | an event `exception` | annotation | log | a span `log` | an event `error` |
//! | `error.kind`, `message`, `stack` of it | `exception.type`, `exception.message`, `exception.stacktrace`; the status of an RPC or database, else the kind, else the HTTP status, is `error.type` of a failed span | fields | fields | `log.message`, `log.parameters` | `error.type`, `error.message`, `error.stack` |
//! | another log | an event named by `event`, else `log` | annotation | log | a span `log` from level WARN on, else `custom.logs` | an event |
//! | a reference other than `ChildOf` to the parent | a link with `opentracing.ref_type` | tags `otlp.link.0` and so on | reference | – | a span link |
//! | process tags | resource attributes; `hostname` is `host.name` | tags of spans without a parent in the process | process tags | `custom.tags` of spans without a parent in the process | tags of every span; the environment is `env`, the version `version` |
//!
//! A tag that was set under OpenTelemetry's own name wins over one that is translated to it.
//!
//! The translation of names is reversible. Some values are not recovered: `db.type=sql` becomes the name of the system, `http.url` of a
//! server is split into parts, a destination of RabbitMQ includes exchange and routing key, `peer.address` is split, and `error=false`
//! becomes the status ok.

use std::net::IpAddr;

use opentracing_core::{SpanKind, Value};

/// Generates both directions from one table: tag, attribute with its other names, and the same on a server.
macro_rules! terms {
    ($($tag:literal => $name:literal $others:tt $(| $server:literal $server_others:tt)?;)+) => {
        /// Returns OpenTelemetry's name for a tag of a span of this kind, or the same name if it has none. Where a tag has several, it is
        /// the one that always has the tag's value.
        #[must_use]
        pub fn to_opentelemetry(tag: &str, kind: SpanKind) -> &str {
            let is_server = kind == SpanKind::Server;
            match tag {
                $($($tag if is_server => $server,)?
                $tag => $name,)+
                tag => tag,
            }
        }

        /// Returns the tag for an attribute of a span of this kind, or the same name if there is none. Also knows the names of older
        /// conventions.
        ///
        /// The value decides between `peer.hostname`, `peer.ipv4` and `peer.ipv6`.
        #[must_use]
        pub fn from_opentelemetry<'a>(attribute: &'a str, kind: SpanKind, value: Value<'_>) -> &'a str {
            let is_server = kind == SpanKind::Server;
            $(
                let is_it = attribute == $name || $others.contains(&attribute);
                $(let is_it = if is_server { attribute == $server || $server_others.contains(&attribute) } else { is_it };)?
                if is_it {
                    return match $tag {
                        "peer.hostname" | "peer.ipv4" => peer(value).unwrap_or($tag),
                        tag => tag,
                    };
                }
            )+
            attribute
        }
    };
}

/// No other names.
const NONE: [&str; 0] = [];

terms! {
    "http.method" => "http.request.method" NONE;
    "http.status_code" => "http.response.status_code" NONE;
    "http.url" => "url.full" NONE;
    "http.outcome" => "http_exchange.outcome" NONE;
    "http.request.resend_count" => "http.request.resend_count" ["http.resend_count"];
    "network.protocol.version" => "network.protocol.version" ["net.protocol.version"];
    "peer.hostname" => "server.address" ["net.peer.name"] | "client.address" ["http.client_ip", "net.peer.name"];
    "peer.port" => "server.port" ["network.peer.port", "net.peer.port", "net.sock.peer.port"]
        | "network.peer.port" ["client.port", "net.peer.port", "net.sock.peer.port"];
    "peer.ipv4" => "network.peer.address" ["net.sock.peer.addr", "net.peer.ip"];
    "peer.ipv6" => "network.peer.address" NONE;
    "peer.service" => "peer.service" ["service.peer.name"];
    "db.type" => "db.system.name" ["db.system"];
    "db.instance" => "db.namespace" ["db.name"];
    "db.statement" => "db.query.text" NONE;
    "db.operation.name" => "db.operation.name" ["db.operation"];
    "db.collection.name" => "db.collection.name" ["db.sql.table"];
    "message_bus.destination" => "messaging.destination.name" ["messaging.destination"];
    "messaging.rabbitmq.exchange" => "rabbitmq.exchange" NONE;
    "messaging.client.id" => "messaging.client.id" ["messaging.client_id"];
    "messaging.consumer.group.name" => "messaging.consumer.group.name" ["messaging.kafka.consumer.group"];
    "messaging.destination.partition.id" => "messaging.destination.partition.id" ["messaging.kafka.destination.partition"];
    "messaging.kafka.offset" => "messaging.kafka.offset" ["messaging.kafka.message.offset"];
    "rpc.system.name" => "rpc.system.name" ["rpc.system"];
    "rpc.status_code" => "rpc.status_code" ["rpc.response.status_code"];
}

/// The tag for an IP address.
fn peer(value: Value<'_>) -> Option<&'static str> {
    let text = match value {
        Value::Static(text) | Value::Str(text) | Value::Message(text) => text,
        _ => return None,
    };
    Some(if text.parse::<IpAddr>().ok()?.is_ipv4() { "peer.ipv4" } else { "peer.ipv6" })
}
