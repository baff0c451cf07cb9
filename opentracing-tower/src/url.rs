//! The URL of a request, in pieces. The reporter's thread joins them and redacts secrets.

use std::fmt::Write;

use http::header::{HOST, HeaderMap};
use http::uri::{Authority, Uri};
use opentracing_core::http_rules::Forwarded;

/// Scheme, `://`, authority, and path with query.
pub(crate) struct Url<'a> {
    pieces: [&'a str; 4],
    /// The scheme of a URI that names none.
    scheme: &'a str,
}

impl<'a> Url<'a> {
    /// The requested URL. A relative URI gets the host of the `Host` header and the given scheme, since neither knows about TLS. Without
    /// a host, the URL is path and query.
    pub(crate) fn new(uri: &'a Uri, headers: &'a HeaderMap, scheme: &'a str) -> Self {
        // An asterisk or an authority alone (RFC 9112, section 3.2) is not a path.
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        let path = if path == "*" { "" } else { path };
        let pieces = match uri.authority().map(Authority::as_str).or_else(|| host_header(headers)) {
            Some(host) => [uri.scheme_str().unwrap_or(scheme), "://", host, path],
            None => ["", "", "", path],
        };
        Url { pieces, scheme }
    }

    /// The URL that the client requested from a trusted proxy, as far as the proxy names it. A port or a prefix of the path is written to
    /// the buffer.
    pub(crate) fn forwarded(mut self, forwarded: &Forwarded<'a>, buffer: &'a mut String) -> Self {
        let [scheme, separator, host, _] = &mut self.pieces;
        if let Some(forwarded) = forwarded.host {
            (*separator, *host) = ("://", forwarded);
            if scheme.is_empty() {
                *scheme = self.scheme;
            }
        }
        if let Some(forwarded) = forwarded.scheme
            && !host.is_empty()
        {
            *scheme = forwarded;
        }
        let port = forwarded.port.filter(|port| !host.is_empty() && !has_port(host) && !is_default(*port, scheme));
        if port.is_some() || forwarded.prefix.is_some() {
            buffer.push_str(host);
            let port = port.map(|port| write!(buffer, ":{port}"));
            let prefix = forwarded.prefix.map(|prefix| write!(buffer, "{prefix}"));
            // Writing to a `String` does not fail.
            let _ = (port, prefix);
            *host = buffer;
        }
        self
    }

    pub(crate) fn pieces(&self) -> &[&'a str] {
        &self.pieces
    }
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'))
}

fn is_default(port: u16, scheme: &str) -> bool {
    matches!((scheme, port), ("http", 80) | ("https", 443))
}

/// The `Host` header, if it is readable.
pub(crate) fn host_header(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok().filter(|host| !host.is_empty())
}
