//! The terms of OpenTracing and of each backend: one table, whose column of OpenTelemetry is read both ways.
//!
//! Spans are recorded under the names of OpenTracing's semantic conventions. `Otlp` writes them under those of OpenTelemetry's, where
//! these are stable or about to be (version 1.44). Zipkin and Jaeger have OpenTracing's names themselves. `Instana` has places for what it
//! knows in the data of a span, given here for native spans. The sign = means the tag as it is; so are all tags that are not in the
//! table, in `data.sdk.custom.tags` for Instana.
//!
//! | tag | OpenTelemetry | Zipkin | Jaeger | Instana |
//! |---|---|---|---|---|
//! | `span.kind` | the span's kind | `kind`; none for internal work | =; none for internal work | `k`: 1 for server and consumer, 2 for client and producer, else 3 |
//! | `error` | the status: error or, where somebody set it to false, ok | = if it is true, with the reason as its text | = if it is true | `ec`, which an HTTP status from 500 on and a gRPC status but OK make 1 as well |
//! | the reason: `message` of the last log with `event=error` | the status' message | the text of `error` | in the log | `error` of the data |
//! | `http.method` | `http.request.method` | = | = | `http.method` |
//! | `http.status_code` | `http.response.status_code` | = | = | `http.status` |
//! | `http.url` | `url.full`; of a server `url.scheme`, `server.address`, `server.port`, `url.path`, `url.query` | = | = | `http.url`, `http.params`; of a server also `http.protocol`, `http.host` |
//! | `http.route` | = | = | = | of a server `http.path_tpl` |
//! | `rpc.method` | = | = | = | `rpc.call` |
//! | `peer.hostname` | `server.address`; of a server or consumer `client.address` | =, and the name in `remoteEndpoint` if there is no `peer.service` | = | `host` of `pg`, `mysql`, and of `rpc` of a client; in `rabbitmq.address` |
//! | `peer.port` | `server.port`; of a server or consumer `client.port` | =, and `port` | = | `port` of the same; in `rabbitmq.address` |
//! | `peer.ipv4`, `peer.ipv6` | `network.peer.address`; where both are given, `peer.ipv6` stays | =, and `ipv4`, `ipv6` | = | as `peer.hostname` if there is none |
//! | `peer.address` | = | =, and host and port if they are not given apart | = | = |
//! | `peer.service` | =, since backends draw their maps by it and its successor is not stable | =, and the name in `remoteEndpoint` | = | =, but not what only the host's name says |
//! | `db.type` | `db.system.name`; `sql` becomes the system that `component` or `peer.service` names, else `other_sql` | = | = | chooses `pg` or `mysql` |
//! | `db.instance` | `db.namespace` | =, and of a client the name in `remoteEndpoint` if nothing else names it | = | `db` of `pg`, `mysql` |
//! | `db.statement` | `db.query.text` | = | = | `stmt` of the same |
//! | `db.user` | = | = | = | `user` of the same |
//! | `message_bus.destination` | `messaging.destination.name`, with `messaging.system` by `component` or `peer.service` | = | = | `kafka.service`, `rabbitmq.exchange`, `rabbitmq.queue` |
//! | `component` | =, and the scope's name | = | = | = |
//! | a log with `event=error` | an event `exception` | annotation | log | a span `log` |
//! | `error.kind`, `message`, `stack` of it | `exception.type`, `exception.message`, `exception.stacktrace`; a failed span has the kind, else the HTTP status, as `error.type` | fields | fields | `log.message`, `log.parameters` |
//! | another log | an event of the name in `event`, else `log` | annotation | log | a span `log` from level WARN on, else `custom.logs` |
//! | a reference that is not the parent's `ChildOf` | a link with `opentracing.ref_type` | tags `otlp.link.0` and so on | reference | – |
//! | process tags | resource attributes; `hostname` is `host.name` | tags of spans without a parent in the process | process tags | `custom.tags` of spans without a parent in the process |
//!
//! An attribute that was set under OpenTelemetry's own name goes before what a tag would become.
//!
//! Every tag comes back from its attribute, and every attribute from its tag. Three values do not: `db.type=sql` is the name of the
//! system then, and `http.url` of a server stands in parts; `error=false` is ok, which no tag says.

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
