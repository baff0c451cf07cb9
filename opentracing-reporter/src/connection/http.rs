//! What the status of an HTTP response means for the spans.

use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};

use super::client::Response;
use super::{Answer, Delay};

/// By OTLP's rules (OTLP specification, "OTLP/HTTP Response"), which fit the other backends too: 429, 502, 503 and 504 may work
/// later, 413 with fewer spans, other failures never.
pub(super) fn answer(response: Response) -> Answer {
    let Response { status, headers, body, .. } = response;
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Answer::TooLarge,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => {
            Answer::Retry { after: retry_after(&headers), error: text(status, &body).into() }
        }
        status if status.is_success() => Answer::Accepted(body.into()),
        status => Answer::Refused(text(status, &body).into()),
    }
}

/// As [`answer`], but what is not found may be found later.
pub(super) fn agent_answer(response: Response) -> Answer {
    match response.status {
        StatusCode::NOT_FOUND => Answer::Retry { after: None, error: text(response.status, &response.body).into() },
        _ => answer(response),
    }
}

/// Seconds, or a date in the form of RFC 9110, section 5.6.7. Anything else counts as absent.
fn retry_after(headers: &HeaderMap) -> Option<Delay> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
        // More seconds than fit are a very long time as well.
        return Some(Delay::For(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX)))));
    }
    httpdate::parse_http_date(value).ok().map(Delay::Until)
}

/// The status, and the beginning of what the body says where that can be read.
fn text(status: StatusCode, body: &[u8]) -> String {
    const CHARS: usize = 200;
    let body = String::from_utf8_lossy(&body[..body.len().min(4 * CHARS)]);
    let is_printable = |letter: &char| !letter.is_control() && *letter != char::REPLACEMENT_CHARACTER;
    let said: String = body.chars().filter(is_printable).take(CHARS).collect();
    match said.trim() {
        "" => format!("the other side answered {status}"),
        said => format!("the other side answered {status}: {said}"),
    }
}
