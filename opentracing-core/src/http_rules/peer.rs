//! The peer of a connection, from a URI or an address.

use std::fmt::{self, Write};
use std::net::{IpAddr, SocketAddr};

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::http_rules::hosts::without_brackets;
use crate::model::tags::{self, TagKey};
use crate::span::span::Span;

/// What is known about the peer: the tags `peer.hostname`, `peer.ipv4` or `peer.ipv6`, and `peer.port`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Peer<'a> {
    /// The host name of the peer. `None` if it was addressed by its IP address.
    pub hostname: Option<&'a str>,
    /// The IP address, if it is known without name resolution. An IPv4-mapped IPv6 address becomes the IPv4 address.
    pub ip: Option<IpAddr>,
    /// The port, explicit or the default of the scheme.
    pub port: Option<u16>,
}

impl<'a> Peer<'a> {
    /// The target of a request. Empty if the URI is relative.
    pub fn from_uri(uri: &'a Uri) -> Self {
        uri.host().map_or_else(Peer::default, |host| Self::from_host(host, effective_port(uri)))
    }

    /// The target in an authority or a `Host` header. A missing port becomes the default of the scheme.
    pub fn from_authority(authority: &'a Authority, scheme: Option<&Scheme>) -> Self {
        Self::from_host(authority.host(), authority.port_u16().or_else(|| default_port(scheme?)))
    }

    /// A host with its port. Brackets around an IPv6 address are optional.
    pub fn from_host(host: &'a str, port: Option<u16>) -> Self {
        let host = without_brackets(host);
        match host.parse::<IpAddr>() {
            Ok(ip) => Peer { hostname: None, ip: Some(ip.to_canonical()), port },
            Err(_) => Peer { hostname: Some(host).filter(|host| !host.is_empty()), ip: None, port },
        }
    }

    /// Sets the tags `peer.hostname`, `peer.ipv4` or `peer.ipv6`, and `peer.port`, if they are known. Allocates nothing.
    pub fn set_tags(&self, span: &mut Span) {
        if !span.is_recording() {
            return;
        }
        if let Some(hostname) = self.hostname {
            span.set(tags::PEER_HOSTNAME, hostname);
        }
        if let Some(ip) = self.ip {
            set_ip(span, if ip.is_ipv4() { tags::PEER_IPV4 } else { tags::PEER_IPV6 }, ip);
        }
        if let Some(port) = self.port {
            span.set(tags::PEER_PORT, port);
        }
    }

    /// Sets the tags `network.peer.address` and `network.peer.port`, for an end of the connection that is not the peer itself.
    pub fn set_connection_tags(&self, span: &mut Span) {
        if let Some(ip) = self.ip {
            set_ip(span, tags::NETWORK_PEER_ADDRESS, ip);
        }
        if let Some(port) = self.port {
            span.set(tags::NETWORK_PEER_PORT, port);
        }
    }
}

fn set_ip(span: &mut Span, key: TagKey<str>, ip: IpAddr) {
    let mut text = IpText { bytes: [0; IP_BYTES], len: 0 };
    if write!(text, "{ip}").is_ok() {
        span.set(key, text.as_str());
    }
}

impl From<SocketAddr> for Peer<'_> {
    fn from(address: SocketAddr) -> Self {
        Peer { hostname: None, ip: Some(address.ip().to_canonical()), port: Some(address.port()) }
    }
}

/// The port of a URI: the explicit one, else the default of its scheme.
pub fn effective_port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or_else(|| default_port(uri.scheme()?))
}

/// The default port of a scheme: 80 for `http` and `ws`, 443 for `https` and `wss`.
pub fn default_port(scheme: &Scheme) -> Option<u16> {
    match scheme.as_str() {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

/// The text of an IP address, on the stack.
struct IpText {
    bytes: [u8; IP_BYTES],
    len: usize,
}

impl IpText {
    fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl Write for IpText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// As long as `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255` with room to spare.
const IP_BYTES: usize = 48;
