//! The requests that a server gets, as every server treats them.

use std::net::SocketAddr;

use http::{Extensions, HeaderName, request};

use crate::http_rules::forwarded::Forwarded;
use crate::http_rules::peer::Peer;
use crate::http_rules::peer_source::PeerSource;
use crate::http_rules::predicates::Predicates;
use crate::http_rules::proxies::TrustedProxies;
use crate::model::context::SpanContext;
use crate::model::kind::SpanKind;
use crate::model::tags;
use crate::span::builder::SpanBuilder;
use crate::span::span::Span;

/// Which requests a server does not record, which it treats as untrusted, and which proxies it trusts. By default none of them.
///
/// ```
/// use opentracing_core::http_rules::ServerRules;
///
/// let mut rules = ServerRules::default();
/// rules.public_edge_for(|request| request.headers.contains_key("x-from-outside"));
/// rules.trusted_proxies("10.0.0.0/8".parse()?);
/// let request = http::Request::get("/")
///     .header("x-from-outside", "1")
///     .header("x-forwarded-for", "192.0.2.7");
/// let (parts, ()) = request.body(())?.into_parts();
/// let incoming = rules.apply(&parts, Some("10.0.0.1:80".parse()?));
/// assert!(incoming.is_untrusted());
/// assert_eq!(incoming.peer().and_then(|peer| peer.ip), "192.0.2.7".parse().ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ServerRules {
    skip: Predicates<request::Parts>,
    untrusted: Predicates<request::Parts>,
    proxies: TrustedProxies,
    client_ip_header: Option<HeaderName>,
    peer_source: PeerSource,
}

/// What the [`ServerRules`] say about a request.
#[derive(Clone, Copy, Debug)]
pub struct IncomingRequest<'a> {
    is_skipped: bool,
    is_untrusted: bool,
    forwarded: Forwarded<'a>,
    /// The other end of the connection.
    address: Option<SocketAddr>,
    lacks_peer: bool,
}

impl ServerRules {
    /// Does not record the requests for which the closure returns true.
    pub fn skip(&mut self, skip: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) {
        self.skip.add(skip);
    }

    /// Treats the requests for which the closure returns true as untrusted.
    pub fn public_edge_for(&mut self, is_untrusted: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) {
        self.untrusted.add(is_untrusted);
    }

    /// Trusts the `Forwarded` and `X-Forwarded-*` headers that these proxies set.
    pub fn trusted_proxies(&mut self, proxies: TrustedProxies) {
        self.proxies = proxies;
    }

    /// The header in which trusted proxies write the address of the client alone, such as `x-real-ip`. It wins over `Forwarded` and
    /// `X-Forwarded-For`. A request with several such lines, or with another value than an IP address, is treated as one without.
    pub fn client_ip_header(&mut self, name: HeaderName) {
        self.client_ip_header = Some(name);
    }

    /// Reads the remote address of the connection from the extensions of the request. Where the closure returns `None`, the adapter
    /// looks at the places that it knows.
    pub fn peer_from(&mut self, peer: impl Fn(&Extensions) -> Option<SocketAddr> + Send + Sync + 'static) {
        self.peer_source = PeerSource::new(peer);
    }

    /// Applies the rules to a request. `address` is the remote address of the connection, if it is known.
    pub fn apply<'a>(&self, request: &'a request::Parts, address: Option<SocketAddr>) -> IncomingRequest<'a> {
        let address = self.peer_source.find(&request.extensions).or(address);
        let ip = address.map(|address| address.ip());
        let (proxies, client_ip) = (&self.proxies, self.client_ip_header.as_ref());
        IncomingRequest {
            is_skipped: self.skip.any(request),
            is_untrusted: self.untrusted.any(request),
            forwarded: Forwarded::read_with(proxies, ip, &request.headers, client_ip),
            address,
            lacks_peer: ip.is_none() && proxies.needs_address(),
        }
    }
}

impl<'a> IncomingRequest<'a> {
    /// Whether the request is not recorded. Its other tags are not needed then.
    pub fn is_skipped(&self) -> bool {
        self.is_skipped
    }

    /// Whether the request begins a trace of its own.
    pub fn is_untrusted(&self) -> bool {
        self.is_untrusted
    }

    /// Whether some proxies are trusted, but the remote address of the connection, which would say whether it is one of them, is unknown.
    /// Adapters then call [`Tracer::count_missing_peer`](crate::Tracer::count_missing_peer).
    pub fn lacks_peer(&self) -> bool {
        self.lacks_peer
    }

    /// What trusted proxies say.
    pub fn forwarded(&self) -> &Forwarded<'a> {
        &self.forwarded
    }

    /// The client: the one that a trusted proxy names, or the remote address.
    pub fn peer(&self) -> Option<Peer<'static>> {
        self.forwarded.client.or(self.address.map(Peer::from))
    }

    /// Sets the tags of the [peer](Self::peer). If a proxy names the client, `network.peer.address` and `network.peer.port` are those of
    /// the proxy.
    pub fn set_peer_tags(&self, span: &mut Span) {
        if !span.is_recording() {
            return;
        }
        match (self.forwarded.client, self.address) {
            (Some(client), Some(proxy)) => {
                client.set_tags(span);
                Peer::from(proxy).set_connection_tags(span);
            }
            (Some(client), None) => client.set_tags(span),
            (None, Some(address)) => Peer::from(address).set_tags(span),
            (None, None) => {}
        }
    }

    /// Gives the span its kind, its references and the decision of a skipped request. `caller` is the context in the request.
    ///
    /// The active span is not the parent: at most it is the span of the task that accepted the connection.
    pub fn prepare<'b>(&self, builder: &mut SpanBuilder<'b>, caller: &'b Option<SpanContext>) {
        builder.kind(SpanKind::Server).ignore_active_span();
        if self.is_untrusted {
            builder.new_trace();
            if caller.as_ref().is_some_and(SpanContext::is_valid) {
                builder.follows_from(caller);
            }
        } else {
            builder.child_of(caller);
        }
        if self.is_skipped {
            builder.set(tags::SAMPLING_PRIORITY, 0);
        }
    }
}
