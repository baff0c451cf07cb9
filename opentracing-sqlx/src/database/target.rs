//! The target of a connection, read from its options.

use std::net::IpAddr;

use opentracing_core::{Span, Value, tags};

use crate::sql::Dialect;

/// Copied from the options once, without the password.
#[derive(Clone, Debug)]
pub struct Target {
    pub(crate) dialect: Dialect,
    /// The name of the database system in OpenTelemetry, such as `postgresql`.
    pub(crate) system: &'static str,
    pub(crate) instance: Option<Box<str>>,
    pub(crate) user: Option<Box<str>>,
    hostname: Option<Box<str>>,
    ip: Option<(IpAddr, Box<str>)>,
    port: Option<u16>,
    /// `unix:` and the path of a Unix socket.
    address: Option<Box<str>>,
}

#[cfg(any(feature = "any", feature = "mysql", feature = "postgres", feature = "sqlite"))]
impl Target {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let system = match dialect {
            Dialect::Postgres => "postgresql",
            Dialect::MySql => "mysql",
            Dialect::Sqlite => "sqlite",
        };
        Target { dialect, system, instance: None, user: None, hostname: None, ip: None, port: None, address: None }
    }

    pub(crate) fn instance(mut self, name: Option<&str>) -> Self {
        self.instance = name.filter(|name| !name.is_empty()).map(Box::from);
        self
    }
}

#[cfg(any(feature = "any", feature = "mysql", feature = "postgres"))]
impl Target {
    pub(crate) fn user(mut self, name: &str) -> Self {
        self.user = Some(name).filter(|name| !name.is_empty()).map(Box::from);
        self
    }

    /// Sets the host by name or address. As in PostgreSQL's clients, a host that starts with a slash is the directory of a Unix socket.
    pub(crate) fn host(mut self, host: &str, port: u16) -> Self {
        let host = host.trim_matches(['[', ']']);
        if host.starts_with('/') {
            return self.socket(host);
        }
        match host.parse::<IpAddr>() {
            Ok(ip) => {
                let ip = ip.to_canonical();
                self.ip = Some((ip, ip.to_string().into()));
            }
            Err(_) => self.hostname = Some(host).filter(|host| !host.is_empty()).map(Box::from),
        }
        self.port = Some(port);
        self
    }

    pub(crate) fn socket(mut self, path: &str) -> Self {
        self.address = Some(format!("unix:{path}").into());
        self
    }
}

impl Target {
    /// A name for a pool of connections: host, port and database, as in OpenTelemetry's conventions.
    pub(crate) fn pool_name(&self) -> String {
        let ip = self.ip.as_ref().map(|(_, text)| text);
        let host = self.hostname.as_ref().or(ip).or(self.address.as_ref());
        let mut name = host.map(|host| String::from(&**host)).unwrap_or_default();
        if let Some(port) = self.port {
            name = format!("{name}:{port}");
        }
        match &self.instance {
            Some(instance) if name.is_empty() => instance.as_ref().to_owned(),
            Some(instance) => format!("{name}/{instance}"),
            None if name.is_empty() => self.system.to_owned(),
            None => name,
        }
    }

    /// Takes the name of the database system from the scheme of a URL, if it names one that speaks the protocol of another.
    pub(crate) fn named_by(mut self, url: &str) -> Self {
        self.system = match url.split(':').next() {
            Some("mariadb") => "mariadb",
            Some("cockroachdb" | "cockroach" | "crdb") => "cockroachdb",
            _ => self.system,
        };
        self
    }

    /// Sets the tags that name the database.
    pub(crate) fn set_database(&self, span: &mut Span) {
        span.set(tags::DB_TYPE, "sql").set_tag(tags::DB_SYSTEM_NAME, Value::Static(self.system));
        if let Some(instance) = &self.instance {
            span.set(tags::DB_INSTANCE, instance);
        }
    }

    /// Sets the tags of database, user and peer.
    pub(crate) fn set_tags(&self, span: &mut Span) {
        self.set_database(span);
        if let Some(user) = &self.user {
            span.set(tags::DB_USER, user);
        }
        if let Some(hostname) = &self.hostname {
            span.set(tags::PEER_HOSTNAME, hostname);
        }
        if let Some((ip, text)) = &self.ip {
            span.set(if ip.is_ipv4() { tags::PEER_IPV4 } else { tags::PEER_IPV6 }, text);
        }
        if let Some(port) = self.port {
            span.set(tags::PEER_PORT, port);
        }
        if let Some(address) = &self.address {
            span.set(tags::PEER_ADDRESS, address);
        }
    }
}
