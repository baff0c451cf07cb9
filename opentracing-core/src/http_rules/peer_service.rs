//! The name of the called service.

use crate::http_rules::hosts::{HostPattern, InvalidHostPattern};
use crate::http_rules::peer::Peer;
use crate::model::tags;
use crate::model::value::Text;
use crate::span::span::Span;

/// The value of the tag `peer.service`, and where it comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum PeerService<'a> {
    /// A configured name.
    Given(&'a str),
    /// Only the name of the host. The Instana transport leaves it out: two names for one service give undefined results there.
    Derived(&'a str),
}

/// Finds the name of the service that a request goes to. In this order: the name that the request sets, the name for all requests, the
/// name for the host, the name of the host unless it is an IP address or `localhost`.
///
/// ```
/// use opentracing_core::http_rules::{Peer, PeerService, PeerServices};
///
/// let services = PeerServices::new().with_host("*.db.internal:5432", "billing-db")?;
/// let peer = Peer::from_host("eu.db.internal", Some(5432));
/// assert_eq!(services.resolve(None, &peer), Some(PeerService::Given("billing-db")));
/// assert_eq!(services.resolve(Some("ledger"), &peer), Some(PeerService::Given("ledger")));
/// # Ok::<(), opentracing_core::http_rules::InvalidHostPattern>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[must_use]
pub struct PeerServices {
    name: Option<Box<str>>,
    hosts: Vec<(HostPattern, Box<str>)>,
}

impl<'a> PeerService<'a> {
    /// The name.
    pub fn name(self) -> &'a str {
        match self {
            PeerService::Given(name) | PeerService::Derived(name) => name,
        }
    }

    /// Whether the name is only the name of the host.
    pub fn is_derived(self) -> bool {
        matches!(self, PeerService::Derived(_))
    }

    /// Sets the tag `peer.service`. A derived name is marked as such in the span.
    pub fn set_tag(self, span: &mut Span) {
        match self {
            PeerService::Given(name) => span.set(tags::PEER_SERVICE, name),
            PeerService::Derived(name) => span.set_derived_peer_service(Text::Copied(name)),
        };
    }
}

impl PeerServices {
    /// No names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name for all requests, for a client of one service.
    pub fn with_name(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the name for the hosts that match the pattern. The first pattern that matches wins.
    ///
    /// # Errors
    ///
    /// If the pattern is invalid; see [`HostPattern`].
    pub fn with_host(mut self, pattern: &str, name: &str) -> Result<Self, InvalidHostPattern> {
        self.hosts.push((pattern.parse()?, name.into()));
        Ok(self)
    }

    /// Finds the name. `given` is the name that the request sets. Patterns are compared with host names and with the text of IP addresses.
    pub fn resolve<'a>(&'a self, given: Option<&'a str>, peer: &Peer<'a>) -> Option<PeerService<'a>> {
        if let Some(name) = given.or(self.name.as_deref()) {
            return Some(PeerService::Given(name));
        }
        if !self.hosts.is_empty() {
            let ip = peer.ip.map(|ip| ip.to_string());
            let host = peer.hostname.or(ip.as_deref())?;
            if let Some((_, name)) = self.hosts.iter().find(|(pattern, _)| pattern.matches(host, peer.port)) {
                return Some(PeerService::Given(name));
            }
        }
        peer.hostname.filter(|host| !is_localhost(host)).map(PeerService::Derived)
    }
}

/// `localhost` and the names below it (RFC 6761, section 6.3).
fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
    match host.len().checked_sub(LOCALHOST.len()) {
        Some(at) => host[at..].eq_ignore_ascii_case(LOCALHOST) && (at == 0 || host[at - 1] == b'.'),
        None => false,
    }
}

const LOCALHOST: &[u8] = b"localhost";
