//! Unary gRPC calls: one frame in each direction, and a status in the trailers.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use opentracing_core::encoding::{decode_base64, decode_percent};

use super::protocol::Response;
use super::size_refusal::says_too_large;
use super::{Answer, RetryAfter};
use crate::wire::protobuf::{Field, fields};

/// The message with its prefix ("gRPC over HTTP2", Length-Prefixed-Message).
pub(super) fn framed(message: Vec<u8>, is_compressed: bool) -> Vec<u8> {
    let mut body = Vec::with_capacity(PREFIX + message.len());
    body.push(u8::from(is_compressed));
    // A request is always smaller than 4 GiB, since the queue is.
    body.extend_from_slice(&(message.len() as u32).to_be_bytes());
    body.extend_from_slice(&message);
    body
}

const PREFIX: usize = 5;

// gRPC's status codes.
const OK: u32 = 0;
const CANCELLED: u32 = 1;
const UNKNOWN: u32 = 2;
const DEADLINE_EXCEEDED: u32 = 4;
const PERMISSION_DENIED: u32 = 7;
const RESOURCE_EXHAUSTED: u32 = 8;
const ABORTED: u32 = 10;
const OUT_OF_RANGE: u32 = 11;
const UNIMPLEMENTED: u32 = 12;
const INTERNAL: u32 = 13;
const UNAVAILABLE: u32 = 14;
const DATA_LOSS: u32 = 15;
const UNAUTHENTICATED: u32 = 16;

/// Follows OTLP (OTLP specification, "OTLP/gRPC Response"): some statuses are retried, `RESOURCE_EXHAUSTED` only if the server says
/// when.
pub(super) fn answer(response: Response) -> Answer {
    let Response { status, headers, body, trailers } = response;
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Answer::TooLarge;
    }
    // A response without a body has its status in the headers.
    let said = if trailers.contains_key("grpc-status") { &trailers } else { &headers };
    let number = |headers: &HeaderMap| headers.get("grpc-status")?.to_str().ok()?.parse().ok();
    let code = number(said).unwrap_or_else(|| code_of(status));
    if code == OK {
        // The prefix is skipped: there is one message, and it is not compressed, since we accept no compression.
        return Answer::Accepted(body.get(PREFIX..).unwrap_or_default().to_vec());
    }
    let message =
        said.get("grpc-message").map(|message| decode_percent(message.as_bytes()).into_owned()).unwrap_or_default();
    let after = said.get("grpc-status-details-bin").and_then(|details| retry_delay(details.as_bytes()));
    // gRPC's equivalents of 413.
    if matches!(code, RESOURCE_EXHAUSTED | OUT_OF_RANGE) && says_too_large(&message) {
        return Answer::TooLarge;
    }
    let is_retryable = match code {
        CANCELLED | DEADLINE_EXCEEDED | ABORTED | OUT_OF_RANGE | UNAVAILABLE | DATA_LOSS => true,
        RESOURCE_EXHAUSTED => after.is_some(),
        _ => false,
    };
    let error = format!("the server answered {}", described(code, &message)).into();
    if is_retryable { Answer::Retry { after: after.map(RetryAfter::Delay), error } } else { Answer::Refused(error) }
}

fn described(code: u32, message: &str) -> String {
    const CHARS: usize = 200;
    let name = match code {
        CANCELLED => "CANCELLED",
        UNKNOWN => "UNKNOWN",
        DEADLINE_EXCEEDED => "DEADLINE_EXCEEDED",
        PERMISSION_DENIED => "PERMISSION_DENIED",
        RESOURCE_EXHAUSTED => "RESOURCE_EXHAUSTED",
        UNIMPLEMENTED => "UNIMPLEMENTED",
        INTERNAL => "INTERNAL",
        UNAVAILABLE => "UNAVAILABLE",
        UNAUTHENTICATED => "UNAUTHENTICATED",
        _ => "",
    };
    let message: String = message.chars().filter(|letter| !letter.is_control()).take(CHARS).collect();
    format!("gRPC status {code} {name}: {message}")
}

/// The status code for an HTTP status, which a proxy in between sends ("HTTP to gRPC Status Code Mapping").
fn code_of(status: StatusCode) -> u32 {
    match status.as_u16() {
        400 => INTERNAL,
        401 => UNAUTHENTICATED,
        403 => PERMISSION_DENIED,
        404 => UNIMPLEMENTED,
        429 | 502 | 503 | 504 => UNAVAILABLE,
        _ => UNKNOWN,
    }
}

/// `google.rpc.Status { details: 3 { type_url: 1, value: 2 } }`, of which one detail is `RetryInfo { retry_delay: 1 }` with
/// `Duration { seconds: 1, nanos: 2 }`.
fn retry_delay(details: &[u8]) -> Option<Duration> {
    let status = decode_base64(details)?;
    let find = |message: &[u8], wanted: u64| match fields(message).find(|(number, _)| *number == wanted) {
        Some((_, Field::Bytes(bytes))) => Some(bytes.to_vec()),
        _ => None,
    };
    let details = fields(&status).filter_map(|field| match field {
        (3, Field::Bytes(detail)) => Some(detail),
        _ => None,
    });
    let is_retry_info = |detail: &&[u8]| find(detail, 1).is_some_and(|url| url.ends_with(b"google.rpc.RetryInfo"));
    let info = find(details.into_iter().find(is_retry_info)?, 2)?;
    let delay = find(&info, 1)?;
    let number = |wanted: u64| match fields(&delay).find(|(number, _)| *number == wanted) {
        Some((_, Field::Uint(number))) => number,
        _ => 0,
    };
    // Both fields are signed. A negative delay counts as zero.
    let (seconds, nanos) = (i64::try_from(number(1)).unwrap_or(0), u32::try_from(number(2)).unwrap_or(0));
    Some(Duration::from_secs(seconds as u64).saturating_add(Duration::from_nanos(nanos.into())))
}
