//! What the status of an HTTP response means for the request.

use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};

use super::protocol::Response;
use super::size_refusal::says_too_large;
use super::{Answer, RetryAfter, hint, redirect};

/// Follows OTLP (OTLP specification, "OTLP/HTTP Response"), whose rules suit the other backends too: 429, 502, 503 and 504 are retried,
/// 413 is retried with fewer spans, as is a 400 that says the same in words. A web page is no answer of a collector, and any other failure is permanent.
pub(super) fn answer(response: Response) -> Answer {
    if let Some(location) = redirect::location(&response) {
        let status = response.status;
        let error = format!(
            "the server answered {status} and redirects to {location}: use that address if it is the right one"
        );
        return Answer::Refused(error.into());
    }
    if response.status.is_success() && hint::is_web_page(&response) {
        return Answer::Refused(format!("the server answered {} with a web page", response.status).into());
    }
    let Response { status, headers, body, .. } = response;
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Answer::TooLarge,
        StatusCode::BAD_REQUEST if says_too_large(&beginning(&body)) => Answer::TooLarge,
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

/// Like [`answer`], but retries 404.
pub(super) fn agent_answer(response: Response) -> Answer {
    match response.status {
        StatusCode::NOT_FOUND => Answer::Retry { after: None, error: text(response.status, &response.body).into() },
        _ => answer(response),
    }
}

/// Seconds, or a date (RFC 9110, section 5.6.7). Anything else counts as absent.
fn retry_after(headers: &HeaderMap) -> Option<RetryAfter> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
        // A number that does not fit is a very long time.
        return Some(RetryAfter::Delay(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX)))));
    }
    httpdate::parse_http_date(value).ok().map(RetryAfter::Date)
}

/// The status, and the beginning of the body.
fn text(status: StatusCode, body: &[u8]) -> String {
    match beginning(body).trim() {
        "" => format!("the server answered {status}"),
        said => format!("the server answered {status}: {said}"),
    }
}

/// The printable characters at the beginning of the body.
fn beginning(body: &[u8]) -> String {
    const CHARS: usize = 200;
    let body = String::from_utf8_lossy(&body[..body.len().min(4 * CHARS)]);
    let is_printable = |letter: &char| !letter.is_control() && *letter != char::REPLACEMENT_CHARACTER;
    body.chars().filter(is_printable).take(CHARS).collect()
}
