//! The tags that decide name, type and resource of a Datadog span, collected in one pass.

use std::borrow::Cow;

use opentracing_core::{FinishedSpan, SpanKind, Value};

use super::value::{as_text, to_text};

#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    component: Option<&'a str>,
    peer_service: Option<&'a str>,
    is_http: bool,
    is_rpc: bool,
    rpc_system: Option<&'a str>,
    db_type: Option<&'a str>,
    db_system: Option<&'a str>,
    is_database: bool,
    statement: Option<Value<'a>>,
    messaging_system: Option<&'a str>,
    messaging_operation: Option<&'a str>,
    has_destination: bool,
    /// The tags by which users of Datadog's tracers set these fields.
    own_name: Option<&'a str>,
    own_resource: Option<&'a str>,
    own_service: Option<&'a str>,
    own_type: Option<&'a str>,
}

/// What a span stands for, by its tags and its kind, never by its operation name, which is the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Database,
    Http,
    Messaging,
    Rpc,
    Other,
}

impl<'a> Facts<'a> {
    pub(super) fn of(span: FinishedSpan<'a>) -> Self {
        let mut facts = Facts::default();
        for (key, value) in span.tags() {
            let text = as_text(value).filter(|text| !text.is_empty());
            match key {
                "component" => facts.component = text,
                "peer.service" => facts.peer_service = text,
                "http.method" | "http.url" | "http.status_code" => facts.is_http = true,
                "rpc.system" | "rpc.system.name" => (facts.rpc_system, facts.is_rpc) = (text, true),
                "rpc.method" | "rpc.status_code" => facts.is_rpc = true,
                "db.type" => (facts.db_type, facts.is_database) = (text, true),
                "db.system" | "db.system.name" => (facts.db_system, facts.is_database) = (text, true),
                "db.statement" => (facts.statement, facts.is_database) = (Some(value), true),
                "db.operation.name" => facts.is_database = true,
                "messaging.system" => facts.messaging_system = text,
                "messaging.operation.name" => facts.messaging_operation = text,
                "message_bus.destination" => facts.has_destination = true,
                OWN_NAME => facts.own_name = text,
                OWN_RESOURCE => facts.own_resource = text,
                OWN_SERVICE => facts.own_service = text,
                OWN_TYPE => facts.own_type = text,
                _ => {}
            }
        }
        facts
    }

    pub(super) fn family(&self, kind: SpanKind) -> Family {
        let is_message = matches!(kind, SpanKind::Producer | SpanKind::Consumer);
        match self {
            _ if is_message || self.has_destination => Family::Messaging,
            _ if self.is_rpc && kind != SpanKind::Internal => Family::Rpc,
            _ if self.is_database && !kind.is_entry() => Family::Database,
            _ if self.is_http && kind != SpanKind::Internal => Family::Http,
            _ => Family::Other,
        }
    }

    /// The kind of operation, which Datadog calls the name of a span. As the agent names spans that it receives over OTLP.
    pub(super) fn name(&self, span: FinishedSpan<'a>) -> Cow<'a, str> {
        if let Some(name) = self.own_name {
            return name.into();
        }
        let side = if span.kind().is_entry() { "server" } else { "client" };
        match (self.family(span.kind()), span.kind()) {
            (Family::Http, SpanKind::Server) => "http.server.request".into(),
            (Family::Http, _) => "http.client.request".into(),
            (Family::Rpc, _) => format!("{}.{side}.request", self.rpc_system()).into(),
            (Family::Database, _) => format!("{}.query", self.database_system()).into(),
            (Family::Messaging, kind) => {
                let operation = match kind {
                    SpanKind::Consumer => "process",
                    _ => "send",
                };
                let system = self.messaging_system().unwrap_or("messaging");
                format!("{system}.{}", self.messaging_operation.unwrap_or(operation)).into()
            }
            (Family::Other, SpanKind::Server) => "server.request".into(),
            (Family::Other, SpanKind::Client) => "client.request".into(),
            (Family::Other, _) => span.operation_name().into(),
        }
    }

    pub(super) fn span_type(&self, kind: SpanKind) -> &'a str {
        if let Some(span_type) = self.own_type {
            return span_type;
        }
        match self.family(kind) {
            Family::Http if kind.is_entry() => "web",
            Family::Http => "http",
            Family::Rpc => {
                if self.rpc_system() == "grpc" {
                    "grpc"
                } else {
                    "rpc"
                }
            }
            Family::Database => database_type(self.database_system()),
            Family::Messaging => "queue",
            Family::Other if kind == SpanKind::Server => "web",
            Family::Other => "custom",
        }
    }

    /// What the operation works on. The agent masks the literals of an SQL statement there.
    pub(super) fn resource(&self, span: FinishedSpan<'a>) -> Cow<'a, str> {
        match (self.own_resource, self.statement.filter(|_| self.is_sql(span.kind()))) {
            (Some(resource), _) => resource.into(),
            (None, Some(statement)) => to_text(statement),
            (None, None) => span.operation_name().into(),
        }
    }

    pub(super) fn service(&self, span: FinishedSpan<'a>) -> &'a str {
        self.own_service.unwrap_or(span.process().service())
    }

    /// Whether the statement is the resource.
    pub(super) fn is_sql(&self, kind: SpanKind) -> bool {
        self.family(kind) == Family::Database && database_type(self.database_system()) == "sql"
    }

    /// The database, from `db.type` and the names of the software.
    pub(super) fn database_system(&self) -> &'a str {
        match (self.db_system, self.db_type) {
            (Some(system), _) => system,
            (None, Some("sql") | None) => self.software(&DATABASES).unwrap_or("sql"),
            (None, Some(db_type)) => db_type,
        }
    }

    /// The message broker, if it is known.
    pub(super) fn messaging_system(&self) -> Option<&'a str> {
        self.messaging_system.or_else(|| self.software(&BROKERS))
    }

    fn rpc_system(&self) -> &'a str {
        self.rpc_system.unwrap_or("grpc")
    }

    fn software(&self, known: &[(&str, &'static str)]) -> Option<&'static str> {
        let names = [self.component, self.peer_service];
        let is_named = |word: &str| names.iter().flatten().any(|name| name.contains(word));
        known.iter().find(|(word, _)| is_named(word)).map(|(_, system)| *system)
    }
}

/// The type of a span by its database. Spans of the type `sql` have a statement that the agent understands.
fn database_type(system: &str) -> &'static str {
    match system {
        "redis" | "valkey" => "redis",
        "memcached" => "memcached",
        "mongodb" => "mongodb",
        "cassandra" => "cassandra",
        "elasticsearch" => "elasticsearch",
        "opensearch" => "opensearch",
        "dynamodb" | "aws.dynamodb" | "couchbase" | "couchdb" | "neo4j" | "influxdb" | "hbase" => "db",
        _ => "sql",
    }
}

const DATABASES: [(&str, &str); 5] =
    [("postgres", "postgresql"), ("mariadb", "mariadb"), ("mysql", "mysql"), ("sqlite", "sqlite"), ("redis", "redis")];

const BROKERS: [(&str, &str); 4] =
    [("kafka", "kafka"), ("rabbitmq", "rabbitmq"), ("lapin", "rabbitmq"), ("amqp", "rabbitmq")];

pub(super) const OWN_NAME: &str = "operation.name";
pub(super) const OWN_RESOURCE: &str = "resource.name";
pub(super) const OWN_SERVICE: &str = "service.name";
pub(super) const OWN_TYPE: &str = "span.type";
