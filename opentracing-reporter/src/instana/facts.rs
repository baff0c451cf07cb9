//! The tags that matter to Instana, collected in one pass.

use std::borrow::Cow;

use opentracing_core::{FinishedSpan, SpanKind, Value};

/// The tags that decide the type of an Instana span and fill its data.
#[derive(Debug, Default)]
pub(crate) struct Facts<'a> {
    pub(crate) component: Option<Value<'a>>,
    pub(crate) http_method: Option<Value<'a>>,
    pub(crate) http_url: Option<Value<'a>>,
    pub(crate) http_status: Option<Value<'a>>,
    pub(crate) http_route: Option<Value<'a>>,
    pub(crate) rpc_system: Option<Value<'a>>,
    pub(crate) rpc_method: Option<Value<'a>>,
    pub(crate) rpc_status: Option<Value<'a>>,
    pub(crate) db_system: Option<Value<'a>>,
    pub(crate) db_type: Option<Value<'a>>,
    pub(crate) db_statement: Option<Value<'a>>,
    pub(crate) db_instance: Option<Value<'a>>,
    pub(crate) db_user: Option<Value<'a>>,
    pub(crate) db_operation: Option<Value<'a>>,
    pub(crate) messaging_system: Option<Value<'a>>,
    pub(crate) destination: Option<Value<'a>>,
    pub(crate) exchange: Option<Value<'a>>,
    pub(crate) routing_key: Option<Value<'a>>,
    pub(crate) has_offset: bool,
    pub(crate) peer_service: Option<Value<'a>>,
    pub(crate) peer_hostname: Option<Value<'a>>,
    pub(crate) peer_ipv4: Option<Value<'a>>,
    pub(crate) peer_ipv6: Option<Value<'a>>,
    pub(crate) peer_port: Option<Value<'a>>,
    pub(crate) batch_size: Option<Value<'a>>,
    pub(crate) synthetic: bool,
    /// Whether a gRPC call was dropped by the program that made it, or by the client of a server.
    pub(crate) is_dropped: bool,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(span: FinishedSpan<'a>) -> Self {
        let mut facts = Facts::default();
        for (key, value) in span.tags() {
            let fact = match key {
                "component" => &mut facts.component,
                "http.method" => &mut facts.http_method,
                "http.url" => &mut facts.http_url,
                "http.status_code" => &mut facts.http_status,
                "http.route" => &mut facts.http_route,
                "rpc.system" | "rpc.system.name" => &mut facts.rpc_system,
                "rpc.method" => &mut facts.rpc_method,
                "rpc.status_code" => &mut facts.rpc_status,
                "grpc.outcome" => {
                    facts.is_dropped = true;
                    continue;
                }
                "db.system" | "db.system.name" => &mut facts.db_system,
                "db.type" => &mut facts.db_type,
                "db.statement" => &mut facts.db_statement,
                "db.instance" => &mut facts.db_instance,
                "db.user" => &mut facts.db_user,
                "db.operation.name" => &mut facts.db_operation,
                "messaging.system" => &mut facts.messaging_system,
                "message_bus.destination" => &mut facts.destination,
                EXCHANGE => &mut facts.exchange,
                ROUTING_KEY => &mut facts.routing_key,
                "peer.service" => &mut facts.peer_service,
                "peer.hostname" => &mut facts.peer_hostname,
                "peer.ipv4" => &mut facts.peer_ipv4,
                "peer.ipv6" => &mut facts.peer_ipv6,
                "peer.port" => &mut facts.peer_port,
                "batch_size" | "messaging.batch.message_count" => &mut facts.batch_size,
                "messaging.kafka.offset" => {
                    facts.has_offset = true;
                    continue;
                }
                "synthetic_call" => {
                    facts.synthetic = matches!(value, Value::Bool(true)) || as_text(&value) == Some("true");
                    continue;
                }
                _ => continue,
            };
            *fact = Some(value);
        }
        facts
    }

    /// The host of the peer.
    pub(crate) fn peer_host(&self) -> Option<Value<'a>> {
        self.peer_hostname.or(self.peer_ipv4).or(self.peer_ipv6)
    }

    /// The number of messages that the span stands for, if more than one.
    pub(crate) fn messages(&self) -> Option<u64> {
        number(self.batch_size?).filter(|&messages| messages > 1)
    }

    /// Whether the tags of a call describe gRPC. Other RPC systems have a method and a status too.
    pub(crate) fn is_grpc(&self) -> bool {
        let is_grpc = |name: Value<'a>| as_text(&name).is_some_and(is_grpc);
        match self.rpc_system {
            Some(system) => is_grpc(system),
            None => self.component.is_some_and(is_grpc) || self.rpc_method.is_some() || self.rpc_status.is_some(),
        }
    }

    /// The name or number of a gRPC status other than OK, which no peer has sent if the call was dropped.
    pub(crate) fn rpc_failure(&self) -> Option<Value<'a>> {
        let status = self.rpc_status.filter(|_| self.is_grpc() && !self.is_dropped)?;
        let is_ok = match status {
            Value::I64(code) => code == 0,
            Value::U64(code) => code == 0,
            status => as_text(&status).is_none_or(|name| name.eq_ignore_ascii_case("ok") || name == "0"),
        };
        (!is_ok).then_some(status)
    }

    /// Instana counts every 5xx and every gRPC status other than OK as an error, on both sides, and never a 4xx. A call that was dropped is
    /// none. The tag `error` always counts.
    pub(crate) fn is_failed(&self, span: FinishedSpan<'_>) -> bool {
        span.is_failed() || self.rpc_failure().is_some() || self.status().is_some_and(|status| status >= 500)
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> Option<u64> {
        number(self.http_status?)
    }
}

/// The role of a span in its service, in Instana's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Entry = 1,
    Exit = 2,
    Intermediate = 3,
}

impl Role {
    pub(crate) fn of(kind: SpanKind) -> Role {
        match kind {
            kind if kind.is_entry() => Role::Entry,
            kind if kind.is_exit() => Role::Exit,
            _ => Role::Intermediate,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Role::Entry => "entry",
            Role::Exit => "exit",
            Role::Intermediate => "intermediate",
        }
    }
}

/// Whether the name is that of gRPC or of tonic.
fn is_grpc(name: &str) -> bool {
    ["grpc", "tonic"].iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The text, if the value is one.
pub(crate) fn as_text<'a>(value: &Value<'a>) -> Option<&'a str> {
    match *value {
        Value::Static(text) => Some(text),
        Value::Str(text) | Value::Message(text) => Some(text),
        _ => None,
    }
}

/// Any value as text.
pub(crate) fn to_text<'a>(value: Value<'a>) -> Cow<'a, str> {
    as_text(&value).map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}

/// The value as a number, parsed if it is text.
pub(crate) fn number(value: Value<'_>) -> Option<u64> {
    match value {
        Value::I64(number) => number.try_into().ok(),
        Value::U64(number) => Some(number),
        value => as_text(&value)?.parse().ok(),
    }
}

/// At most the first `chars` characters.
pub(crate) fn truncate(text: &str, chars: usize) -> &str {
    // A character has at least one byte.
    if text.len() <= chars {
        return text;
    }
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

/// OpenTelemetry's names, since OpenTracing has none.
pub(crate) const EXCHANGE: &str = "messaging.rabbitmq.exchange";
pub(crate) const ROUTING_KEY: &str = "messaging.rabbitmq.destination.routing_key";
