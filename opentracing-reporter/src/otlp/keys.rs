//! The tags with a meaning for the mapping, and what a span says under them.

use opentracing_core::Value;

use super::value::as_text;

/// Generates the keys, and a look-up that compares only keys with the same first letter.
macro_rules! keys {
    ($($letter:literal { $($key:ident = $name:literal,)+ })+) => {
        /// A tag that the mapping knows.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(super) enum Key {
            $($($key,)+)+
        }

        static NAMES: [&str; KEYS] = [$($($name,)+)+];

        const KEYS: usize = [$($($name,)+)+].len();

        impl Key {
            pub(super) fn of(name: &str) -> Option<Key> {
                Some(match name.as_bytes().first()? {
                    $($letter => match name {
                        $($name => Key::$key,)+
                        _ => return None,
                    },)+
                    _ => return None,
                })
            }

            #[inline]
            pub(super) fn name(self) -> &'static str {
                NAMES[self as usize]
            }
        }
    };
}

keys! {
    b'c' {
        Component = "component",
        ClientAddress = "client.address",
        ClientPort = "client.port",
    }
    b'd' {
        DbType = "db.type",
        DbInstance = "db.instance",
        DbStatement = "db.statement",
        DbUser = "db.user",
        DbSystemName = "db.system.name",
        DbNamespace = "db.namespace",
        DbQueryText = "db.query.text",
        DbResponseStatusCode = "db.response.status_code",
    }
    b'e' {
        Error = "error",
        ErrorType = "error.type",
    }
    b'h' {
        HttpMethod = "http.method",
        HttpUrl = "http.url",
        HttpStatusCode = "http.status_code",
        HttpOutcome = "http.outcome",
        HttpUpgrade = "http.upgrade",
        HttpRequestMethod = "http.request.method",
        HttpResponseStatusCode = "http.response.status_code",
    }
    b'm' {
        Destination = "message_bus.destination",
        RabbitmqExchange = "messaging.rabbitmq.exchange",
        RabbitmqRouting = "messaging.rabbitmq.destination.routing_key",
        MessagingDestinationName = "messaging.destination.name",
        MessagingOperationName = "messaging.operation.name",
        MessagingOperationType = "messaging.operation.type",
        MessagingSystem = "messaging.system",
    }
    b'n' {
        NetworkPeerAddress = "network.peer.address",
        NetworkPeerPort = "network.peer.port",
    }
    b'p' {
        PeerService = "peer.service",
        PeerHostname = "peer.hostname",
        PeerPort = "peer.port",
        PeerIpv4 = "peer.ipv4",
        PeerIpv6 = "peer.ipv6",
        PeerAddress = "peer.address",
    }
    b'r' {
        RpcSystemName = "rpc.system.name",
        RpcStatusCode = "rpc.status_code",
    }
    b's' {
        ServerAddress = "server.address",
        ServerPort = "server.port",
    }
    b'u' {
        UrlFull = "url.full",
        UrlScheme = "url.scheme",
        UrlPath = "url.path",
        UrlQuery = "url.query",
    }
}

impl Key {
    /// Whether the tag does not leave under its own name.
    pub(super) fn is_translated(self) -> bool {
        matches!(
            self,
            Key::DbType
                | Key::DbInstance
                | Key::DbStatement
                | Key::DbUser
                | Key::Error
                | Key::HttpMethod
                | Key::HttpUrl
                | Key::HttpStatusCode
                | Key::HttpOutcome
                | Key::HttpUpgrade
                | Key::Destination
                | Key::RabbitmqExchange
                | Key::PeerHostname
                | Key::PeerPort
                | Key::PeerIpv4
                | Key::PeerIpv6
                | Key::PeerAddress
        )
    }
}

/// The values of the tags that the mapping knows.
#[derive(Debug)]
pub(super) struct Facts<'a>([Option<Value<'a>>; KEYS]);

impl<'a> Facts<'a> {
    pub(super) const fn new() -> Self {
        Facts([None; KEYS])
    }

    pub(super) fn set(&mut self, key: Key, value: Value<'a>) {
        self.0[key as usize] = Some(value);
    }

    pub(super) fn get(&self, key: Key) -> Option<Value<'a>> {
        self.0[key as usize]
    }

    pub(super) fn has(&self, key: Key) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn text(&self, key: Key) -> Option<&'a str> {
        self.get(key).and_then(as_text)
    }

    /// As [`text`](Self::text), unless it is empty.
    pub(super) fn filled(&self, key: Key) -> Option<&'a str> {
        self.text(key).filter(|text| !text.is_empty())
    }

    /// The tags that may name the software of the peer.
    pub(super) fn software(&self) -> [&'a str; 2] {
        [Key::Component, Key::PeerService].map(|key| self.text(key).unwrap_or_default())
    }

    pub(super) fn is_rpc(&self) -> bool {
        self.has(Key::RpcSystemName)
    }

    pub(super) fn is_http(&self) -> bool {
        !self.is_rpc()
            && [Key::HttpMethod, Key::HttpRequestMethod, Key::HttpUrl, Key::UrlFull]
                .into_iter()
                .any(|key| self.has(key))
    }

    pub(super) fn is_messaging(&self) -> bool {
        [Key::Destination, Key::MessagingDestinationName, Key::MessagingSystem].into_iter().any(|key| self.has(key))
    }

    pub(super) fn is_database(&self) -> bool {
        [Key::DbType, Key::DbSystemName].into_iter().any(|key| self.has(key))
    }

    /// The status of an HTTP response.
    pub(super) fn http_status(&self) -> Option<i64> {
        let status = self.get(Key::HttpStatusCode).or_else(|| self.get(Key::HttpResponseStatusCode))?;
        number(status)
    }
}

/// A number, also one that is written as text.
pub(super) fn number(value: Value<'_>) -> Option<i64> {
    match value {
        Value::I64(number) => Some(number),
        Value::U64(number) => i64::try_from(number).ok(),
        value => as_text(value)?.parse().ok(),
    }
}
