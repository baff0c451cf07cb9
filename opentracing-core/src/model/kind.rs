//! The kind of a span: its role in a call between services.

use std::fmt;

/// The role of a span in a call between services: the value of the tag `span.kind`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum SpanKind {
    /// Works inside the service. The tag is absent. Instana: intermediate.
    #[default]
    Internal,
    /// Serves a remote call. Instana: entry.
    Server,
    /// Makes a remote call. Instana: exit.
    Client,
    /// Sends a message. Instana: exit.
    Producer,
    /// Handles a message. Instana: entry.
    Consumer,
}

impl SpanKind {
    pub(crate) const ALL: [SpanKind; 5] =
        [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];

    /// The value of the tag: `internal`, `server`, `client`, `producer` or `consumer`.
    pub const fn as_str(self) -> &'static str {
        match self {
            SpanKind::Internal => "internal",
            SpanKind::Server => "server",
            SpanKind::Client => "client",
            SpanKind::Producer => "producer",
            SpanKind::Consumer => "consumer",
        }
    }

    /// Parses the value of the tag in any letter case. Also accepts Instana's `entry`, `exit` and `intermediate`. `None` for other text.
    pub fn from_tag(value: &str) -> Option<SpanKind> {
        const NAMES: [(&str, SpanKind); 8] = [
            ("server", SpanKind::Server),
            ("client", SpanKind::Client),
            ("producer", SpanKind::Producer),
            ("consumer", SpanKind::Consumer),
            ("internal", SpanKind::Internal),
            ("entry", SpanKind::Server),
            ("exit", SpanKind::Client),
            ("intermediate", SpanKind::Internal),
        ];
        NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(value)).map(|&(_, kind)| kind)
    }

    /// Whether the span enters the service: [`Server`](SpanKind::Server) or [`Consumer`](SpanKind::Consumer).
    pub const fn is_entry(self) -> bool {
        matches!(self, SpanKind::Server | SpanKind::Consumer)
    }

    /// Whether the span leaves the service: [`Client`](SpanKind::Client) or [`Producer`](SpanKind::Producer).
    pub const fn is_exit(self) -> bool {
        matches!(self, SpanKind::Client | SpanKind::Producer)
    }
}

impl fmt::Display for SpanKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
