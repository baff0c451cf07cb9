//! The target of a channel.

use std::any::Any;
use std::net::IpAddr;

use bytes::Bytes;
use http::Uri;
use opentracing_core::http_rules::{HostAllowList, Peer, PeerService, PeerServices, effective_port};
use opentracing_core::{Span, tags};
use tonic::transport::Endpoint;

/// Where the calls of a channel go. Only host and port are kept: `Debug` must not show a password in the URI.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    Host {
        host: Box<str>,
        port: Option<u16>,
    },
    /// `unix:` and the path of a socket.
    Socket(Box<str>),
    /// The endpoint does not say.
    Unknown,
}

impl Target {
    pub(crate) fn socket(path: &str) -> Self {
        Target::Socket(format!("unix:{path}").into())
    }

    /// Reads what `Endpoint` is made of. An endpoint does not show the path of a Unix socket, so the text is the only chance.
    pub(crate) fn of(from: &dyn Any) -> Option<Self> {
        let text = match (from.downcast_ref::<&'static str>(), from.downcast_ref::<String>()) {
            (Some(text), _) => *text,
            (_, Some(text)) => text,
            _ => std::str::from_utf8(from.downcast_ref::<Bytes>()?).ok()?,
        };
        let path = text.strip_prefix("unix:")?;
        Some(Self::socket(path.strip_prefix("//").unwrap_or(path)))
    }

    /// The peer that a URI names. Empty for a Unix socket.
    pub(crate) fn peer(&self) -> Peer<'_> {
        match self {
            Target::Host { host, port } => Peer::from_host(host, *port),
            Target::Socket(_) | Target::Unknown => Peer::default(),
        }
    }

    pub(crate) fn set_tags(&self, span: &mut Span) {
        match self {
            Target::Socket(address) => {
                span.set(tags::PEER_ADDRESS, address);
            }
            target => target.peer().set_tags(span),
        }
    }

    /// Sets the tag `peer.service` from the host, for a peer that becomes known late.
    pub(crate) fn set_service(&self, services: &PeerServices, span: &mut Span) {
        if let Some(service) = services.resolve(None, &self.peer()) {
            PeerService::set_tag(service, span);
        }
    }

    /// Whether the target gets trace headers. A Unix socket is on this host.
    pub(crate) fn is_allowed(&self, hosts: &HostAllowList) -> bool {
        match self {
            Target::Host { host, port } => hosts.allows(host, *port),
            Target::Socket(_) => hosts.allows("localhost", None),
            Target::Unknown => hosts.allows("", None),
        }
    }
}

impl From<&Uri> for Target {
    fn from(uri: &Uri) -> Self {
        match uri.host() {
            Some(host) => Target::Host { host: host.into(), port: effective_port(uri) },
            None => Target::Unknown,
        }
    }
}

/// The URI of an endpoint is no address in two cases: tonic returns `http://tonic` for a Unix socket, and programs write the unspecified
/// address if a connector of their own ignores it.
impl From<&Endpoint> for Target {
    fn from(endpoint: &Endpoint) -> Self {
        let uri = endpoint.uri();
        let is_stand_in = uri == UNIX_SOCKET;
        let is_unspecified = Peer::from_uri(uri).ip.as_ref().is_some_and(IpAddr::is_unspecified);
        if is_stand_in || is_unspecified { Target::Unknown } else { uri.into() }
    }
}

/// `Endpoint::uri` of an endpoint for a Unix socket.
const UNIX_SOCKET: &str = "http://tonic/";
