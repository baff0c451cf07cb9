//! Attributes that are derived from tags: names of systems and operations, parts of a URL.

use opentracing_core::SpanKind;

/// The value of `db.system.name`, from `db.type` and the names of the software.
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

/// The value of `messaging.system`, from the names of the software, if they are known.
pub(crate) fn messaging_system(software: &[&str]) -> Option<&'static str> {
    const SYSTEMS: [(&str, &str); 4] =
        [("kafka", "kafka"), ("rabbitmq", "rabbitmq"), ("lapin", "rabbitmq"), ("amqp", "rabbitmq")];
    let named = SYSTEMS.iter().find(|(word, _)| software.iter().any(|name| name.contains(word)));
    named.map(|(_, system)| *system)
}

/// The value of `messaging.operation.name` of a span without that tag.
pub(crate) fn operation_name(kind: SpanKind, system: Option<&str>) -> Option<&'static str> {
    match kind {
        SpanKind::Producer if system == Some("rabbitmq") => Some("publish"),
        SpanKind::Producer => Some("send"),
        SpanKind::Consumer => Some("process"),
        _ => None,
    }
}

/// The value of `messaging.operation.type`, from the name of the operation if it is a known one, else from the kind of the span.
pub(crate) fn operation_type(kind: SpanKind, name: Option<&str>) -> Option<&'static str> {
    match name {
        Some("create") => Some("create"),
        Some("send" | "publish") => Some("send"),
        Some("receive" | "poll" | "get") => Some("receive"),
        Some("process" | "consume" | "deliver") => Some("process"),
        Some("settle" | "ack" | "nack" | "reject" | "commit") => Some("settle"),
        _ => match kind {
            SpanKind::Producer => Some("send"),
            SpanKind::Consumer => Some("process"),
            _ => None,
        },
    }
}

/// The tag `peer.address` in parts.
#[derive(Debug, PartialEq)]
pub(crate) struct Address<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: Option<u16>,
}

impl<'a> Address<'a> {
    /// `host:port`, a host, or the path of a socket after `unix:`. Anything else, such as a list of brokers, is taken whole.
    pub(crate) fn of(address: &'a str) -> Self {
        if let Some(path) = address.strip_prefix("unix:") {
            return Address { host: path, port: None };
        }
        let bracketed = |host: &'a str| host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        match address.rsplit_once(':') {
            Some((host, port)) if !host.contains([':', ',']) || bracketed(host).is_some() => match port.parse() {
                Ok(port) if !host.is_empty() => Address { host: bracketed(host).unwrap_or(host), port: Some(port) },
                _ => Address { host: address, port: None },
            },
            _ => Address { host: bracketed(address).unwrap_or(address), port: None },
        }
    }
}

/// The parts of a URL that become attributes of a server span.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct UrlParts<'a> {
    pub(crate) scheme: Option<&'a str>,
    pub(crate) host: Option<&'a str>,
    /// The explicit port, or the default one of the scheme.
    pub(crate) port: Option<u16>,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
}

impl<'a> UrlParts<'a> {
    /// Splits a URL, or a path with a query. Decodes nothing and never fails: what is not a URL is a path.
    pub(crate) fn of(url: &'a str) -> Self {
        let url = url.split_once('#').map_or(url, |(url, _)| url);
        let (before_query, query) =
            url.split_once('?').map_or((url, None), |(before_query, query)| (before_query, Some(query)));
        let Some((scheme, rest)) = before_query.split_once("://") else {
            return UrlParts { path: before_query, query, ..UrlParts::default() };
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let bracket = authority.rfind(']').unwrap_or(0);
        let (host, port) = match authority[bracket..].rfind(':') {
            Some(colon) => (&authority[..bracket + colon], authority[bracket + colon + 1..].parse().ok()),
            None => (authority, None),
        };
        let port = port.or(match scheme {
            "http" | "ws" => Some(80),
            "https" | "wss" => Some(443),
            _ => None,
        });
        let host = host.trim_start_matches('[').trim_end_matches(']');
        UrlParts { scheme: Some(scheme), host: Some(host).filter(|host| !host.is_empty()), port, path, query }
    }
}
