//! Redirects: where a server sends a request, and whether we follow.

use http::Uri;
use http::header::LOCATION;
use http::uri::PathAndQuery;

use super::endpoint::Endpoint;
use super::protocol::Response;

/// The path to send the request to again, if the response is a redirect that keeps the method and names the same server. 301 may change
/// the method for the sake of old browsers; a client of an API does not.
pub(super) fn same_server_path(response: &Response, endpoint: &Endpoint) -> Option<PathAndQuery> {
    if !matches!(response.status.as_u16(), 301 | 307 | 308) {
        return None;
    }
    let location = location(response)?;
    let uri: Uri = location.parse().ok()?;
    let is_same = match (uri.scheme_str(), uri.authority()) {
        // A path, but not one relative to ours, nor a host without a scheme.
        (None, None) => location.starts_with('/') && !location.starts_with("//"),
        (Some(scheme), Some(authority)) => {
            let default = if scheme == "https" { 443 } else { 80 };
            let host = authority.host().trim_start_matches('[').trim_end_matches(']');
            (scheme == "https") == endpoint.is_tls
                && host.eq_ignore_ascii_case(&endpoint.host)
                && authority.port_u16().unwrap_or(default) == endpoint.port
        }
        _ => false,
    };
    uri.path_and_query().filter(|_| is_same).cloned()
}

/// Where a redirect points to.
pub(super) fn location(response: &Response) -> Option<&str> {
    response.headers.get(LOCATION)?.to_str().ok().filter(|_| response.status.is_redirection())
}
