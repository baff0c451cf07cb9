//! The tags that name the broker's host.

use std::net::IpAddr;

use opentracing_core::{Span, tags};

/// The broker's host and port.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug)]
enum Host {
    Name(Box<str>),
    V4(Box<str>),
    V6(Box<str>),
}

impl Peer {
    /// Reads a host name or an IP address; an IPv6 address may be in brackets.
    pub(crate) fn new(host: &str, port: u16) -> Option<Self> {
        let host = host.trim_matches(['[', ']']);
        let host = match host.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
            Ok(ip @ IpAddr::V4(_)) => Host::V4(ip.to_string().into()),
            Ok(ip @ IpAddr::V6(_)) => Host::V6(ip.to_string().into()),
            Err(_) if host.is_empty() => return None,
            Err(_) => Host::Name(host.into()),
        };
        Some(Peer { host, port })
    }

    pub(crate) fn set_tags(&self, span: &mut Span) {
        match &self.host {
            Host::Name(name) => span.set(tags::PEER_HOSTNAME, name),
            Host::V4(ip) => span.set(tags::PEER_IPV4, ip),
            Host::V6(ip) => span.set(tags::PEER_IPV6, ip),
        };
        span.set(tags::PEER_PORT, self.port);
    }
}
