//! Instana's span types.

use crate::instana::data::{database, http, messaging, rpc};
use crate::instana::facts::{Facts, Role, as_text};

/// The type of a span in Instana. Its backend recognises registered names only, so any other span is an `sdk` span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Http,
    Rpc,
    Kafka,
    RabbitMq,
    Postgres,
    MySql,
    Sdk,
}

impl Family {
    /// Decides by tags, never by the operation name, which is the user's.
    pub(crate) fn of(facts: &Facts<'_>, role: Role, is_message: bool) -> Family {
        if role == Role::Intermediate {
            return Family::Sdk;
        }
        if is_message || facts.destination.is_some() {
            return messaging(facts);
        }
        if facts.is_grpc() {
            return Family::Rpc;
        }
        let is_database = facts.db_statement.is_some()
            || facts.db_type.is_some()
            || facts.db_system.is_some()
            || facts.db_operation.is_some();
        if is_database && role == Role::Exit {
            return database(facts);
        }
        if facts.http_method.is_some() || facts.http_url.is_some() || facts.http_status.is_some() {
            return Family::Http;
        }
        Family::Sdk
    }

    /// The value of `n`. Instana's tracers have no common name for HTTP; these are the ones that name no language.
    pub(crate) fn name(self, role: Role) -> &'static str {
        match (self, role) {
            (Family::Http, Role::Entry) => "g.http",
            (Family::Http, _) => "http",
            (Family::Rpc, Role::Entry) => "rpc-server",
            (Family::Rpc, _) => "rpc-client",
            (Family::Kafka, _) => "kafka",
            (Family::RabbitMq, _) => "rabbitmq",
            (Family::Postgres, _) => "postgres",
            (Family::MySql, _) => "mysql",
            (Family::Sdk, _) => "sdk",
        }
    }

    /// The tags that have a field of their own in the data.
    pub(crate) fn known_tags(self, role: Role) -> &'static [&'static str] {
        match self {
            Family::Http => http::TAGS,
            Family::Rpc if role == Role::Exit => rpc::TAGS,
            Family::Rpc => rpc::ENTRY_TAGS,
            Family::Kafka => messaging::KAFKA_TAGS,
            Family::RabbitMq => messaging::RABBITMQ_TAGS,
            Family::Postgres | Family::MySql => database::TAGS,
            Family::Sdk => &["arguments", "return"],
        }
    }
}

fn messaging(facts: &Facts<'_>) -> Family {
    if facts.has_offset {
        return Family::Kafka;
    }
    let family = |name: &str| match name {
        name if name.contains("kafka") => Some(Family::Kafka),
        name if name.contains("amqp") || ["lapin", "rabbitmq"].contains(&name) => Some(Family::RabbitMq),
        _ => None,
    };
    first(facts, facts.messaging_system, family)
}

fn database(facts: &Facts<'_>) -> Family {
    let family = |name: &str| match name {
        "postgresql" | "postgres" => Some(Family::Postgres),
        "mysql" | "mariadb" => Some(Family::MySql),
        _ => None,
    };
    first(facts, facts.db_system.or(facts.db_type), family)
}

/// Decides by the system, else by the library, else by the peer.
fn first(
    facts: &Facts<'_>,
    system: Option<opentracing_core::Value<'_>>,
    family: impl Fn(&str) -> Option<Family>,
) -> Family {
    let names = [system, facts.component, facts.peer_service];
    let texts = names.iter().flatten().filter_map(as_text);
    texts.map(|name| family(&name.to_ascii_lowercase())).find_map(|family| family).unwrap_or(Family::Sdk)
}

/// Whether the name is that of a kind of system, which `n` already is, and not of a service.
pub(crate) fn is_generic(peer_service: &str) -> bool {
    ["postgresql", "mysql", "sqlite", "kafka", "rabbitmq"].contains(&peer_service)
}
