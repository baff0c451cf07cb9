//! Attributes that are derived from tags: names of systems, parts of a URL.

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

/// The parts of a URL that become attributes of a server span.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct UrlParts<'a> {
    pub(crate) scheme: Option<&'a str>,
    pub(crate) host: Option<&'a str>,
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
        let host = host.trim_start_matches('[').trim_end_matches(']');
        UrlParts { scheme: Some(scheme), host: Some(host).filter(|host| !host.is_empty()), port, path, query }
    }
}
