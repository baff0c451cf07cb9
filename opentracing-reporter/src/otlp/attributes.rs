//! Tags as attributes, under OpenTelemetry's names. Knows nothing of how attributes are written on the wire.

use opentracing_core::{FinishedSpan, SpanKind, Value};

use super::conventions::SemanticConventions;
use super::derived::{Address, UrlParts, database_system, messaging_system, operation_name, operation_type};
use super::keys::{Facts, Key, number};
use super::older::Naming;
use super::status;
use super::value::{as_text, truncated};
use crate::batch::Detail;

/// Receives the attributes of a span, so that the mapping knows no wire format.
pub(super) trait AttributeSink {
    fn attribute(&mut self, key: &str, value: Value<'_>);

    /// An array with one text.
    fn list(&mut self, key: &str, value: Value<'_>);
}

/// Passes each key to the sink once, as OTLP demands. A tag that was set under OpenTelemetry's own name wins over one that is translated
/// to it. Fills in the facts, which the span's other fields need.
pub(super) fn write<'a>(
    span: FinishedSpan<'a>,
    detail: Detail,
    conventions: &SemanticConventions,
    facts: &mut Facts<'a>,
    sink: &mut impl AttributeSink,
) {
    let kind = span.kind();
    let naming = if conventions.is_current() {
        Naming::current(kind)
    } else {
        span.tags().for_each(|(key, value)| _ = Key::of(key).map(|key| facts.set(key, value)));
        Naming::of(facts, kind, conventions)
    };
    let mut mapping = Mapping { facts, naming, kind, detail, sink };
    for (key, value) in span.tags() {
        match Key::of(key) {
            Some(known) => {
                mapping.facts.set(known, value);
                if !known.is_translated() {
                    mapping.put(key, value);
                }
            }
            None if is_captured_header(key) => mapping.put_list(key, value),
            None => mapping.put(key, value),
        }
    }
    mapping.http();
    mapping.peer();
    mapping.database();
    mapping.messaging();
    mapping.error_type(span);
}

/// Whether the tag is a captured header or metadata, which OpenTelemetry writes as arrays.
fn is_captured_header(key: &str) -> bool {
    const PREFIXES: [&str; 5] = [
        "http.request.header.",
        "http.response.header.",
        "rpc.request.metadata.",
        "rpc.response.metadata.",
        "messaging.header.",
    ];
    matches!(key.as_bytes().first(), Some(b'h' | b'm' | b'r')) && PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

struct Mapping<'a, 's, S> {
    facts: &'s mut Facts<'a>,
    naming: Naming,
    kind: SpanKind,
    detail: Detail,
    sink: &'s mut S,
}

impl<'a, S: AttributeSink> Mapping<'a, '_, S> {
    #[inline]
    fn put(&mut self, name: &str, value: Value<'_>) {
        let Mapping { facts, naming, detail, sink, .. } = self;
        naming.write(facts, name, truncated(value, *detail), |name, value| sink.attribute(name, value));
    }

    fn put_list(&mut self, name: &str, value: Value<'_>) {
        let Mapping { naming, detail, sink, .. } = self;
        naming.write_list(name, truncated(value, *detail), |name, value| sink.list(name, value));
    }

    /// Unless there is a tag of that name.
    #[inline]
    fn derive(&mut self, key: Key, value: Value<'_>) {
        if !self.facts.has(key) {
            self.put(key.name(), value);
        }
    }

    fn derive_text(&mut self, key: Key, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.derive(key, Value::Str(text));
        }
    }

    /// The value of the tag under another name.
    #[inline]
    fn rename(&mut self, tag: Key, name: Key) {
        if let Some(value) = self.facts.get(tag) {
            self.derive(name, value);
        }
    }

    fn http(&mut self) {
        self.rename(Key::HttpMethod, Key::HttpRequestMethod);
        if let Some(status) = self.facts.get(Key::HttpStatusCode) {
            self.derive(Key::HttpResponseStatusCode, number(status).map_or(status, Value::I64));
        }
        match (self.kind, self.facts.get(Key::HttpUrl)) {
            (SpanKind::Server, Some(url)) if as_text(url).is_some() => {
                let UrlParts { scheme, host, port, path, query } = UrlParts::of(as_text(url).unwrap_or_default());
                self.derive_text(Key::UrlScheme, scheme);
                self.derive_text(Key::ServerAddress, host);
                self.derive_text(Key::UrlPath, Some(path));
                self.derive_text(Key::UrlQuery, query);
                if host.is_some()
                    && let Some(port) = port
                {
                    self.derive(Key::ServerPort, Value::I64(port.into()));
                }
            }
            (_, Some(url)) => self.derive(Key::UrlFull, url),
            (_, None) => {}
        }
        if let Some(protocol) = self.facts.get(Key::HttpUpgrade) {
            // A tunnel has no such header.
            match self.facts.get(Key::HttpMethod).and_then(as_text) {
                Some("CONNECT") => self.put("http_exchange.upgrade", protocol),
                _ => self.put_list("http.response.header.upgrade", protocol),
            }
        }
        if let Some(outcome) = self.facts.get(Key::HttpOutcome) {
            self.put("http_exchange.outcome", outcome);
        }
    }

    /// A server's peer is the client, at the other end of the connection or behind a proxy. Every other span's peer is a server, also
    /// the broker of a consumer.
    fn peer(&mut self) {
        let ipv4 = self.facts.get(Key::PeerIpv4);
        let ip = ipv4.or(self.facts.get(Key::PeerIpv6));
        let port = self.facts.get(Key::PeerPort).map(|port| number(port).map_or(port, Value::I64));
        let hostname = self.facts.get(Key::PeerHostname);
        // A proxy's own address is recorded under OpenTelemetry's name.
        let is_direct = !self.facts.has(Key::NetworkPeerAddress);
        let (address_key, port_key) = match self.kind {
            SpanKind::Server => (Key::ClientAddress, Key::ClientPort),
            _ => (Key::ServerAddress, Key::ServerPort),
        };
        let mut address = hostname.or(ip).filter(|_| {
            // RPC has no address of the client but that of the connection.
            self.kind != SpanKind::Server || hostname.is_some() || !is_direct || !self.facts.is_rpc()
        });
        let mut address_port = port;
        if hostname.or(ip).is_none() {
            let named = self.facts.filled(Key::PeerAddress).map(Address::of).or_else(|| self.host_of_url());
            if let Some(Address { host, port }) = named {
                address = Some(Value::Str(host));
                address_port = address_port.or(port.map(|port| Value::I64(port.into())));
            }
        }
        if let Some(address) = address {
            self.derive(address_key, address);
        }
        if let Some(ip) = ip {
            self.derive(Key::NetworkPeerAddress, ip);
        }
        if let Some(port) = port.filter(|_| ip.is_some() && is_direct) {
            self.derive(Key::NetworkPeerPort, port);
        }
        // The port of a client is of no interest where it is the one of the connection.
        if let Some(port) = address_port.filter(|_| self.kind != SpanKind::Server || ip.is_none() || !is_direct) {
            self.derive(port_key, port);
        }
        if let (Some(_), Some(ipv6)) = (ipv4, self.facts.get(Key::PeerIpv6)) {
            self.put(Key::PeerIpv6.name(), ipv6);
        }
    }

    /// The server that the URL of a client names.
    fn host_of_url(&self) -> Option<Address<'a>> {
        let url = self.facts.text(Key::HttpUrl).filter(|_| self.kind == SpanKind::Client)?;
        let UrlParts { host, port, .. } = UrlParts::of(url);
        Some(Address { host: host?, port })
    }

    fn database(&mut self) {
        if let Some(db_type) = self.facts.get(Key::DbType) {
            let system = as_text(db_type).map(|db_type| database_system(db_type, &self.facts.software()));
            self.derive(Key::DbSystemName, system.map_or(db_type, Value::Str));
        }
        self.rename(Key::DbInstance, Key::DbNamespace);
        self.rename(Key::DbStatement, Key::DbQueryText);
        if let Some(user) = self.facts.get(Key::DbUser).filter(|_| self.naming.has_database_user()) {
            self.put(Key::DbUser.name(), user);
        }
    }

    fn messaging(&mut self) {
        let exchange = self.facts.filled(Key::RabbitmqExchange);
        if let Some(exchange) = exchange {
            self.put("rabbitmq.exchange", Value::Str(exchange));
        }
        let Some(destination) = self.facts.text(Key::Destination) else {
            return self.rename(Key::Destination, Key::MessagingDestinationName);
        };
        let system = self.facts.text(Key::MessagingSystem).or_else(|| messaging_system(&self.facts.software()));
        if let Some(system) = system {
            self.derive(Key::MessagingSystem, Value::Str(system));
        }
        if destination == TEMPORARY {
            self.put("messaging.destination.anonymous", Value::Bool(true));
            self.put("messaging.destination.temporary", Value::Bool(true));
        }
        self.destination(system, exchange, destination);
        let name = self.facts.text(Key::MessagingOperationName);
        if let Some(name) = name.or_else(|| operation_name(self.kind, system)) {
            self.derive(Key::MessagingOperationName, Value::Str(name));
        }
        if let Some(operation) = operation_type(self.kind, name) {
            self.derive(Key::MessagingOperationType, Value::Static(operation));
        }
    }

    /// RabbitMQ's destinations are `exchange:routing key`, and on a consumer `exchange:routing key:queue`, without empty parts
    /// (semantic conventions for RabbitMQ).
    fn destination(&mut self, system: Option<&str>, exchange: Option<&str>, destination: &str) {
        let key = self.facts.filled(Key::RabbitmqRouting);
        if system != Some("rabbitmq") || (exchange.is_none() && key.is_none()) {
            return self.derive_text(Key::MessagingDestinationName, Some(destination));
        }
        let is_queue = self.kind == SpanKind::Consumer && destination != TEMPORARY && key != Some(destination);
        let queue = Some(destination).filter(|queue| is_queue && !queue.is_empty());
        let mut name = String::with_capacity(64);
        for part in [exchange, key, queue].into_iter().flatten() {
            if !name.is_empty() {
                name.push(':');
            }
            name.push_str(part);
        }
        self.derive(Key::MessagingDestinationName, Value::Str(&name));
    }

    fn error_type(&mut self, span: FinishedSpan<'a>) {
        if let Some(error) = status::error_type(span, self.facts) {
            self.derive(Key::ErrorType, Value::Str(&error));
        }
    }
}

/// The destination in place of a name that the broker made up.
const TEMPORARY: &str = "(temporary)";
