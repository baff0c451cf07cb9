//! Protocols that take over a connection, or a stream of HTTP/2.

use http::header::UPGRADE;
use http::{HeaderMap, Method, StatusCode, request, response};
use opentracing_core::{Span, tags};

/// Sets the tag of a request for a tunnel: `connect`, or the protocol of extended `CONNECT` (RFC 8441).
pub(crate) fn set_requested(span: &mut Span, parts: &request::Parts) {
    if parts.method == Method::CONNECT && span.is_recording() {
        span.set(tags::HTTP_UPGRADE, tunnelled(parts));
    }
}

/// Sets the tag of a response that switches protocols, as HTTP/1 does.
pub(crate) fn set_accepted(span: &mut Span, parts: &response::Parts) {
    if parts.status == StatusCode::SWITCHING_PROTOCOLS {
        span.set(tags::HTTP_UPGRADE, text(&parts.headers).unwrap_or_default());
    }
}

fn text(headers: &HeaderMap) -> Option<&str> {
    headers.get(UPGRADE)?.to_str().ok()
}

fn tunnelled(parts: &request::Parts) -> &str {
    #[cfg(feature = "http2")]
    if let Some(protocol) = parts.extensions.get::<hyper::ext::Protocol>() {
        return protocol.as_str();
    }
    // Plain `CONNECT` has an authority only. Which protocol another one asks for is in a type of hyper's; WebSocket shows it in a header too.
    let is_websocket = parts.uri.scheme().is_some() && parts.headers.contains_key("sec-websocket-version");
    if is_websocket { "websocket" } else { "connect" }
}
