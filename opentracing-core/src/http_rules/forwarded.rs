//! What proxies say about the client.

use std::fmt::{self, Display};
use std::net::{IpAddr, SocketAddr};

use http::HeaderName;
use http::header::{FORWARDED, HeaderMap};
use http::uri::{Authority, PathAndQuery};

use crate::http_rules::peer::Peer;
use crate::http_rules::proxies::TrustedProxies;

/// The client behind trusted proxies, and what it requested.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Forwarded<'a> {
    /// The address of the client, with its port if the proxy names it. Empty if the proxy hides the client. `None` if no proxy names one,
    /// so that only the remote address of the connection is known.
    pub client: Option<Peer<'static>>,
    /// The host that the client requested, with its port.
    pub host: Option<&'a str>,
    /// The port that the client requested, from `X-Forwarded-Port`. If `host` has a port, that one is right.
    pub port: Option<u16>,
    /// What proxies removed from the beginning of the path, from `X-Forwarded-Prefix`.
    pub prefix: Option<ForwardedPrefix<'a>>,
    /// `http` or `https`.
    pub scheme: Option<&'static str>,
}

/// What proxies removed from the beginning of a path, as text: `/shop`, or `/shop/v1` if one proxy removed `/shop` and the next one `/v1`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ForwardedPrefix<'a> {
    headers: &'a HeaderMap,
    /// How many proxies are trusted. Each added one entry at most.
    hops: usize,
}

impl<'a> Forwarded<'a> {
    /// Reads `Forwarded` (RFC 7239), or `X-Forwarded-For`, `X-Forwarded-Host`, `X-Forwarded-Proto`, `X-Forwarded-Port` and
    /// `X-Forwarded-Prefix`. Reading starts at the last entry, which the peer has written, and goes back as long as the entries were
    /// written by trusted proxies. Headers of an untrusted peer are ignored.
    ///
    /// A proxy writes one of the two forms and may pass on the other as the client sent it. So if both are present and name different
    /// clients, both are ignored. At most 64 entries are read.
    pub fn read(proxies: &TrustedProxies, peer: Option<IpAddr>, headers: &'a HeaderMap) -> Self {
        Self::read_with(proxies, peer, headers, None)
    }

    /// As [`read`](Self::read), with a header that has the address of the client alone, and wins.
    pub(super) fn read_with(
        proxies: &TrustedProxies,
        peer: Option<IpAddr>,
        headers: &'a HeaderMap,
        client_ip: Option<&HeaderName>,
    ) -> Self {
        if !proxies.trusts(peer) {
            return Forwarded::default();
        }
        let has = |names: &[HeaderName]| names.iter().any(|name| headers.contains_key(name));
        let describes_client = has(&[X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO]);
        let mut forwarded = if headers.contains_key(FORWARDED) {
            let standard = Self::standard(proxies, headers);
            let differs = describes_client && Self::customary(proxies, headers).client != standard.client;
            if differs { Forwarded::default() } else { standard }
        } else if describes_client || has(&[X_FORWARDED_PORT, X_FORWARDED_PREFIX]) {
            Self::customary(proxies, headers)
        } else {
            Forwarded::default()
        };
        if let Some(named) = client_ip.and_then(|name| only_client(headers, name)) {
            forwarded.client = Some(named);
        }
        forwarded
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Forwarded::default()
    }

    fn standard(proxies: &TrustedProxies, headers: &'a HeaderMap) -> Self {
        let mut forwarded = Forwarded::default();
        for element in from_last(headers, &FORWARDED) {
            let mut node = None;
            (forwarded.host, forwarded.scheme) = (None, None);
            for pair in split_unquoted(element, b';') {
                let Some((name, value)) = pair.split_once('=') else { continue };
                let value = value.trim();
                let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
                match name.trim() {
                    name if name.eq_ignore_ascii_case("for") => node = Some(value),
                    name if name.eq_ignore_ascii_case("host") => forwarded.host = host(value),
                    name if name.eq_ignore_ascii_case("proto") => forwarded.scheme = scheme(value),
                    _ => {}
                }
            }
            let Some(node) = node else { break };
            let client = client(node);
            forwarded.client = Some(client);
            if client.ip.is_none() || !proxies.trusts(client.ip) {
                break;
            }
        }
        forwarded
    }

    fn customary(proxies: &TrustedProxies, headers: &'a HeaderMap) -> Self {
        let mut forwarded = Forwarded::default();
        let mut hops = 0;
        for node in from_last(headers, &X_FORWARDED_FOR) {
            let client = client(node);
            forwarded.client = Some(client);
            hops += 1;
            if client.ip.is_none() || !proxies.trusts(client.ip) {
                break;
            }
        }
        // Proxies add an entry or keep the only one. The entry of the outermost trusted proxy is as far from the end as its address.
        let hops = hops.max(1);
        let outermost = |name: HeaderName| from_last(headers, &name).take(hops).last();
        forwarded.host = outermost(X_FORWARDED_HOST).and_then(host);
        forwarded.port = outermost(X_FORWARDED_PORT).and_then(port);
        forwarded.scheme = outermost(X_FORWARDED_PROTO).and_then(scheme);
        let prefix = ForwardedPrefix { headers, hops };
        forwarded.prefix = prefix.parts().next().is_some().then_some(prefix);
        forwarded
    }
}

impl<'a> ForwardedPrefix<'a> {
    /// Each proxy appends what it removes, so the last one stands next to the path that is left.
    fn parts(self) -> impl Iterator<Item = &'a str> {
        let entries: Vec<&str> = from_last(self.headers, &X_FORWARDED_PREFIX).take(self.hops).collect();
        entries.into_iter().rev().filter_map(path)
    }
}

impl Display for ForwardedPrefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().try_for_each(|part| f.write_str(part))
    }
}

/// The entries of all lines of a header, from the last to the first.
fn from_last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    let mut entries: Vec<&str> = lines.into_iter().flat_map(|line| split_unquoted(line, b',')).collect();
    entries.retain(|entry| !entry.is_empty());
    entries.into_iter().rev().take(MAX_ENTRIES)
}

/// Splits a text, except within quotation marks, and trims the parts.
fn split_unquoted(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |letter: char| {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            letter => return !quoted && letter == char::from(separator),
        }
        false
    })
    .map(str::trim)
}

/// An IP address, with or without a port or brackets. Anything else, such as `unknown` or a name of the proxy, hides the client.
fn client(node: &str) -> Peer<'static> {
    if let Ok(address) = node.parse::<SocketAddr>() {
        return Peer::from(address);
    }
    let ip = node.strip_prefix('[').and_then(|node| node.strip_suffix(']')).unwrap_or(node);
    let ip = ip.parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
    Peer { hostname: None, ip, port: None }
}

/// The address in a header of one line with one entry.
fn only_client(headers: &HeaderMap, name: &HeaderName) -> Option<Peer<'static>> {
    let mut lines = headers.get_all(name).iter();
    let (Some(only), None) = (lines.next(), lines.next()) else { return None };
    Some(client(only.to_str().ok()?.trim())).filter(|client| client.ip.is_some())
}

/// A host with or without a port, and nothing else.
fn host(value: &str) -> Option<&str> {
    value.parse::<Authority>().ok().filter(|authority| !authority.as_str().contains('@'))?;
    Some(value)
}

/// Some proxies name the scheme of a WebSocket, whose handshake is a request over HTTP.
fn scheme(value: &str) -> Option<&'static str> {
    let known = [("http", "http"), ("https", "https"), ("ws", "http"), ("wss", "https")];
    known.into_iter().find(|(name, _)| value.eq_ignore_ascii_case(name)).map(|(_, scheme)| scheme)
}

fn port(value: &str) -> Option<u16> {
    value.parse().ok().filter(|port| *port != 0 && !value.starts_with('+'))
}

/// A path without its last slash, and without query or fragment; `None` for the root.
fn path(value: &str) -> Option<&str> {
    let path = value.trim_end_matches('/');
    let is_path = path.starts_with('/') && path.parse::<PathAndQuery>().is_ok_and(|parsed| parsed.path() == path);
    is_path.then_some(path)
}

/// Far more than there are proxies in a row.
const MAX_ENTRIES: usize = 64;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
