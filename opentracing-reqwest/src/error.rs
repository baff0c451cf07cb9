//! What a span records of an error.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Write;
use std::io;

use opentracing_core::http_rules::{ConnectFailure, ErrorText, SendFailure};
use opentracing_core::{Span, Value, logs, tags};

/// Marks the span as failed, and returns the error for decorators. `otherwise` is the kind of an error that is not reqwest's.
pub(crate) fn record<'a>(span: &mut Span, text: ErrorText<'a>, otherwise: &'static str) -> ErrorText<'a> {
    let text = with_causes(text);
    span.set(tags::ERROR, true);
    if span.is_recording()
        && let Some(error) = text.as_error()
    {
        let kind = chain(error).find_map(|error| error.downcast_ref().map(kind)).unwrap_or(otherwise);
        span.log_kv(&[
            (logs::EVENT, Value::Static("error")),
            (logs::ERROR_KIND, Value::Static(kind)),
            (logs::MESSAGE, Value::Message(&message(error))),
        ]);
    }
    text
}

/// Adds the causes. Distinguishes the two kinds of error of a client with middleware.
fn with_causes(text: ErrorText<'_>) -> ErrorText<'_> {
    if let Some(error) = text.downcast_ref::<reqwest::Error>() {
        return text.with_error(error);
    }
    #[cfg(feature = "middleware")]
    match text.downcast_ref::<reqwest_middleware::Error>() {
        Some(reqwest_middleware::Error::Reqwest(error)) => return ErrorText::new(error).with_error(error),
        Some(reqwest_middleware::Error::Middleware(error)) => return ErrorText::new(error).with_error(error.as_ref()),
        None => {}
    }
    text
}

/// Several of these may be true; the most specific comes first.
fn kind(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        ConnectFailure::of(error).unwrap_or(ConnectFailure::Connect).name()
    } else if error.is_redirect() {
        "redirect"
    } else if error.is_builder() {
        "builder"
    } else if error.is_body() {
        if is_decoding(error) { "decode" } else { "body" }
    } else if error.is_decode() {
        "decode"
    } else if error.is_status() {
        "status"
    } else {
        SendFailure::of(error).map_or("request", SendFailure::name)
    }
}

/// Whether decompression failed: with an error that is neither the system's nor hyper's.
fn is_decoding(error: &reqwest::Error) -> bool {
    let io = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|io| io.raw_os_error().is_none()) && chain(error).all(|cause| cause.to_string() != READING)
}

/// The error and its causes. reqwest's own text does not have the causes, and often has the URL, which may contain secrets and is in a tag
/// already.
fn message(error: &(dyn Error + 'static)) -> String {
    let mut message = String::new();
    for error in chain(error) {
        let text = text(error);
        // Wrappers repeat the text of what they wrap.
        if !message.ends_with(&*text) {
            let separator = if message.is_empty() { "" } else { ": " };
            // Writing to a string does not fail.
            let _ = write!(message, "{separator}{text}");
        }
    }
    message
}

fn text(error: &(dyn Error + 'static)) -> Cow<'static, str> {
    match error.downcast_ref::<reqwest::Error>() {
        Some(error) if error.url().is_some() => match error.status() {
            Some(status) => Cow::Owned(format!("answered with status {status}")),
            None => Cow::Borrowed(match kind(error) {
                "redirect" => "error following redirect",
                "builder" => "builder error",
                "body" => "request or response body error",
                "decode" => "error decoding response body",
                _ => "error sending request",
            }),
        },
        _ => Cow::Owned(error.to_string()),
    }
}

/// The text of hyper's error.
const READING: &str = "error reading a body from connection";

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
