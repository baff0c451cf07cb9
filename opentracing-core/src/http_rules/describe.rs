//! Tags of the protocol.

use http::header::{HeaderMap, USER_AGENT};
use http::{Version, request};

use crate::model::tags;
use crate::model::value::Value;
use crate::span::span::Span;

/// Sets the tags that every HTTP server records of a request, besides method, URL and peer: `network.protocol.version` and
/// `user_agent.original`. Does nothing for a span that is not recorded.
pub fn set_request_tags(span: &mut Span, request: &request::Parts) {
    if !span.is_recording() {
        return;
    }
    set_protocol_version(span, request.version);
    if let Some(agent) = user_agent(&request.headers) {
        span.set(tags::USER_AGENT_ORIGINAL, agent);
    }
}

/// Sets the tag `network.protocol.version`.
pub fn set_protocol_version(span: &mut Span, version: Version) {
    let version = match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_11 => "1.1",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => return,
    };
    span.set_tag(tags::NETWORK_PROTOCOL_VERSION, Value::Static(version));
}

/// Sets the tag `http.time_to_head_ms`, for a span that goes on with the body. Does nothing for a span that is not recorded.
pub fn set_time_to_head(span: &mut Span) {
    if let Some(elapsed) = span.elapsed() {
        // Whole microseconds, which are shorter as text.
        let micros = u32::try_from(elapsed.as_micros()).map_or(elapsed.as_secs_f64() * 1e6, f64::from);
        span.set(tags::HTTP_TIME_TO_HEAD_MS, micros / 1e3);
    }
}

/// Only visible ASCII, so that it may be cut anywhere.
fn user_agent(headers: &HeaderMap) -> Option<&str> {
    let agent = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(agent.get(..MAX_AGENT).unwrap_or(agent)).filter(|agent| !agent.is_empty())
}

/// Browsers send 120 bytes or so.
const MAX_AGENT: usize = 256;
