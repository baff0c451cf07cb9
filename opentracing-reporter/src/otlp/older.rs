//! The names of older semantic conventions: HTTP of version 1.20, databases and messaging of 1.24, RPC of 1.37.

use opentracing_core::{SpanKind, Value};

use super::conventions::{AttributeNames, SemanticConventions};
use super::keys::{Facts, Key, number};
use super::value::as_text;

/// What a span is about, and thus which conventions name its attributes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Area {
    Http,
    Database,
    Messaging,
    Rpc,
}

/// Which names the attributes of one span have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Naming {
    /// `None` if only today's names are written.
    older: Option<(Area, AttributeNames)>,
    kind: SpanKind,
}

impl Naming {
    /// Today's names.
    pub(super) fn current(kind: SpanKind) -> Self {
        Naming { older: None, kind }
    }

    pub(super) fn of(facts: &Facts<'_>, kind: SpanKind, conventions: &SemanticConventions) -> Self {
        let area = if facts.is_rpc() {
            Some((Area::Rpc, conventions.rpc))
        } else if facts.is_messaging() {
            Some((Area::Messaging, conventions.messaging))
        } else if facts.is_database() {
            Some((Area::Database, conventions.database))
        } else if facts.is_http() {
            Some((Area::Http, conventions.http))
        } else {
            None
        };
        Naming { older: area.filter(|(_, names)| *names != AttributeNames::Current), kind }
    }

    /// Whether `db.user` is written, which today's conventions do not have.
    pub(super) fn has_database_user(self) -> bool {
        matches!(self.older, Some((Area::Database, _)))
    }

    /// Passes the attribute on under the names that it has.
    #[inline(always)]
    pub(super) fn write(self, facts: &Facts<'_>, name: &str, value: Value<'_>, mut put: impl FnMut(&str, Value<'_>)) {
        match self.older {
            None => put(name, value),
            Some((area, names)) => self.write_older(area, names, facts, name, value, &mut put),
        }
    }

    /// As [`write`](Self::write) for an array of one text.
    #[inline]
    pub(super) fn write_list(self, name: &str, value: Value<'_>, mut put: impl FnMut(&str, Value<'_>)) {
        let Some((area, names)) = self.older else { return put(name, value) };
        let older = match (area, name.split_once(".header."), name.strip_prefix("rpc.")) {
            (Area::Http, Some((prefix, header)), _) => Some(format!("{prefix}.header.{}", header.replace('-', "_"))),
            (Area::Rpc, _, Some(rest)) => Some(format!("rpc.grpc.{rest}")),
            _ => None,
        };
        let older = older.filter(|older| older != name);
        if names == AttributeNames::Both || older.is_none() {
            put(name, value);
        }
        if let Some(older) = older {
            put(&older, value);
        }
    }

    fn write_older(
        self,
        area: Area,
        names: AttributeNames,
        facts: &Facts<'_>,
        name: &str,
        value: Value<'_>,
        put: &mut impl FnMut(&str, Value<'_>),
    ) {
        let both = names == AttributeNames::Both;
        let text = as_text(value).unwrap_or_default();
        let older = match (area, name) {
            (Area::Http, "url.path") => {
                if both {
                    put(name, value);
                }
                let query = facts.text(Key::HttpUrl).and_then(|url| url.split_once('?')).map(|(_, query)| query);
                let target = query.map(|query| format!("{text}?{}", query.split('#').next().unwrap_or_default()));
                return put("http.target", target.as_deref().map_or(value, Value::Str));
            }
            (Area::Http, "url.query") if !both => return,
            (Area::Rpc, "rpc.method") => {
                let (service, method) = text.rsplit_once('/').unwrap_or(("", text));
                if !service.is_empty() {
                    put("rpc.service", Value::Str(service));
                }
                return put(name, if both { value } else { Value::Str(method) });
            }
            (Area::Rpc, "rpc.status_code") => {
                if both {
                    put(name, value);
                }
                put("rpc.response.status_code", value);
                if let Some(code) = GRPC_CODES.iter().position(|code| *code == text) {
                    put("rpc.grpc.status_code", Value::I64(code as i64));
                }
                return;
            }
            (Area::Database, "db.system.name") => Some(("db.system", Value::Str(older_system(text)))),
            (Area::Messaging, "messaging.operation.type") => Some((
                "messaging.operation",
                match text {
                    "send" => Value::Static("publish"),
                    "process" => Value::Static("deliver"),
                    _ => value,
                },
            )),
            (Area::Messaging, "messaging.destination.partition.id") => {
                Some(("messaging.kafka.destination.partition", number(value).map_or(value, Value::I64)))
            }
            _ => renamed(area, self.kind, name).map(|older| (older, value)),
        };
        if both || older.is_none() {
            put(name, value);
        }
        if let Some((older, value)) = older {
            put(older, value);
        }
    }
}

/// The older name of an attribute whose value is the same.
fn renamed(area: Area, kind: SpanKind, name: &str) -> Option<&'static str> {
    let is_server = kind == SpanKind::Server;
    Some(match (area, name) {
        (Area::Http, "http.request.method") => "http.method",
        (Area::Http, "http.response.status_code") => "http.status_code",
        (Area::Http, "http.request.resend_count") => "http.resend_count",
        (Area::Http, "http.request.body.size") => "http.request_content_length",
        (Area::Http, "http.response.body.size") => "http.response_content_length",
        (Area::Http, "url.full") => "http.url",
        (Area::Http, "url.scheme") => "http.scheme",
        (Area::Http, "client.address") => "http.client_ip",
        (Area::Http, "server.address") if is_server => "net.host.name",
        (Area::Http, "server.port") if is_server => "net.host.port",
        (Area::Http, "server.address") => "net.peer.name",
        (Area::Http, "server.port") => "net.peer.port",
        (Area::Http, "network.peer.address") => "net.sock.peer.addr",
        (Area::Http, "network.peer.port") => "net.sock.peer.port",
        (Area::Http, "network.protocol.version") => "net.protocol.version",
        (Area::Database, "db.namespace") => "db.name",
        (Area::Database, "db.query.text") => "db.statement",
        (Area::Database, "db.operation.name") => "db.operation",
        (Area::Database, "db.collection.name") => "db.sql.table",
        (Area::Messaging, "messaging.client.id") => "messaging.client_id",
        (Area::Messaging, "messaging.consumer.group.name") => "messaging.kafka.consumer.group",
        (Area::Messaging, "messaging.kafka.offset") => "messaging.kafka.message.offset",
        (Area::Rpc, "rpc.system.name") => "rpc.system",
        _ => return None,
    })
}

fn older_system(system: &str) -> &str {
    match system {
        "microsoft.sql_server" => "mssql",
        "oracle.db" => "oracle",
        system => system,
    }
}

/// The names of gRPC's status codes, by number.
const GRPC_CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
