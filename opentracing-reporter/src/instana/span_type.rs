//! Instana's span types.

use crate::instana::facts::{Facts, Role, as_text};

/// The type of a span in Instana. Its backend recognises registered names only, so any other span is an `sdk` span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpanType {
    Http,
    Rpc,
    Kafka,
    RabbitMq,
    Postgres,
    MySql,
    Sdk,
}

impl SpanType {
    /// Decides by tags, never by the operation name, which is the user's.
    pub(crate) fn of(facts: &Facts<'_>, role: Role, is_message: bool) -> SpanType {
        if role == Role::Intermediate {
            return SpanType::Sdk;
        }
        if is_message || facts.destination.is_some() {
            return messaging(facts);
        }
        if facts.is_grpc() {
            return SpanType::Rpc;
        }
        let is_database = facts.db_statement.is_some()
            || facts.db_type.is_some()
            || facts.db_system.is_some()
            || facts.db_operation.is_some();
        if is_database && role == Role::Exit {
            return database(facts);
        }
        if facts.http_method.is_some() || facts.http_url.is_some() || facts.http_status.is_some() {
            return SpanType::Http;
        }
        SpanType::Sdk
    }

    /// The value of `n`. Instana's tracers have no common name for HTTP; these are the ones that name no language.
    pub(crate) fn name(self, role: Role) -> &'static str {
        match (self, role) {
            (SpanType::Http, Role::Entry) => "g.http",
            (SpanType::Http, _) => "http",
            (SpanType::Rpc, Role::Entry) => "rpc-server",
            (SpanType::Rpc, _) => "rpc-client",
            (SpanType::Kafka, _) => "kafka",
            (SpanType::RabbitMq, _) => "rabbitmq",
            (SpanType::Postgres, _) => "postgres",
            (SpanType::MySql, _) => "mysql",
            (SpanType::Sdk, _) => "sdk",
        }
    }
}

fn messaging(facts: &Facts<'_>) -> SpanType {
    if facts.has_offset {
        return SpanType::Kafka;
    }
    let span_type = |name: &str| match name {
        name if name.contains("kafka") => Some(SpanType::Kafka),
        name if name.contains("amqp") || ["lapin", "rabbitmq"].contains(&name) => Some(SpanType::RabbitMq),
        _ => None,
    };
    first(facts, facts.messaging_system, span_type)
}

fn database(facts: &Facts<'_>) -> SpanType {
    let span_type = |name: &str| match name {
        "postgresql" | "postgres" => Some(SpanType::Postgres),
        "mysql" | "mariadb" => Some(SpanType::MySql),
        _ => None,
    };
    first(facts, facts.db_system.or(facts.db_type), span_type)
}

/// Decides by the system, else by the library, else by the peer.
fn first(
    facts: &Facts<'_>,
    system: Option<opentracing_core::Value<'_>>,
    span_type: impl Fn(&str) -> Option<SpanType>,
) -> SpanType {
    let names = [system, facts.component, facts.peer_service];
    let texts = names.iter().flatten().filter_map(as_text);
    texts.map(|name| span_type(&name.to_ascii_lowercase())).find_map(|span_type| span_type).unwrap_or(SpanType::Sdk)
}

/// Whether the name is that of a kind of system, which `n` already is, and not of a service.
pub(crate) fn is_generic(peer_service: &str) -> bool {
    ["postgresql", "mysql", "sqlite", "kafka", "rabbitmq"].contains(&peer_service)
}
