//! The URL of a request, in pieces. The reporter's thread joins them and redacts secrets.

use http::header::{HOST, HeaderMap};
use http::uri::{Authority, Uri};
use opentracing_core::http_rules::Forwarded;

/// Scheme, `://`, authority, and path with query.
pub(crate) struct Url<'a> {
    pieces: [&'a str; 4],
}

impl<'a> Url<'a> {
    /// The requested URL. A relative URI gets the host of the `Host` header and the scheme `http`, since neither knows about TLS. Without a
    /// host, the URL is path and query.
    pub(crate) fn new(uri: &'a Uri, headers: &'a HeaderMap) -> Self {
        // An asterisk or an authority alone (RFC 9112, section 3.2) is not a path.
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        let path = if path == "*" { "" } else { path };
        match uri.authority().map(Authority::as_str).or_else(|| host_header(headers)) {
            Some(host) => Url { pieces: [uri.scheme_str().unwrap_or("http"), "://", host, path] },
            None => Url { pieces: ["", "", "", path] },
        }
    }

    /// The URL that the client requested from a trusted proxy, if the proxy names it.
    pub(crate) fn forwarded(mut self, forwarded: &Forwarded<'a>) -> Self {
        let [scheme, separator, host, _] = &mut self.pieces;
        if let Some(forwarded) = forwarded.host {
            (*separator, *host) = ("://", forwarded);
            if scheme.is_empty() {
                *scheme = "http";
            }
        }
        if let Some(forwarded) = forwarded.scheme
            && !host.is_empty()
        {
            *scheme = forwarded;
        }
        self
    }

    pub(crate) fn pieces(&self) -> &[&'a str] {
        &self.pieces
    }
}

/// The `Host` header, if it is readable.
pub(crate) fn host_header(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok().filter(|host| !host.is_empty())
}
