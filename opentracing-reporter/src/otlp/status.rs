//! Name, kind and status of a span, in OpenTelemetry's terms.

use std::borrow::Cow;

use opentracing_core::{FinishedSpan, SpanKind, logs};

use super::derived::operation_type;
use super::keys::{Facts, Key};
use super::value::as_text;

/// The status of a span.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Status<'a> {
    Unset,
    Ok,
    /// With the reason, if one was logged.
    Error(Option<&'a str>),
}

/// The status from the tag `error`, with the message of the last error log. Without the tag, a status of 400 or above is an error of an
/// HTTP client (semantic conventions for HTTP spans, "Status").
pub(super) fn status<'a>(span: FinishedSpan<'a>, facts: &Facts<'_>) -> Status<'a> {
    if span.is_failed() {
        let errors = span.logs().filter(|log| log.field(logs::EVENT).and_then(as_text) == Some("error"));
        Status::Error(errors.filter_map(|log| log.field(logs::MESSAGE)).last().and_then(as_text))
    } else if facts.has(Key::Error) {
        Status::Ok
    } else if client_error(span.kind(), facts).is_some() {
        Status::Error(None)
    } else {
        Status::Unset
    }
}

/// The response of an HTTP client that is an error although the span does not say so.
fn client_error(kind: SpanKind, facts: &Facts<'_>) -> Option<i64> {
    let status = facts.http_status().filter(|status| *status >= 400)?;
    (kind == SpanKind::Client && facts.is_http()).then_some(status)
}

/// The value of `error.type`, if the span failed: the status of an RPC or database, else the kind of the last error, else the HTTP
/// status, else `_OTHER` (semantic conventions, "Recording errors").
pub(super) fn error_type<'a>(span: FinishedSpan<'a>, facts: &Facts<'a>) -> Option<Cow<'a, str>> {
    if !span.is_failed() {
        let status = client_error(span.kind(), facts).filter(|_| !facts.has(Key::Error))?;
        return Some(Cow::Owned(status.to_string()));
    }
    let rpc = facts.filled(Key::RpcStatusCode).filter(|status| *status != "OK");
    if let Some(status) = rpc.or_else(|| facts.filled(Key::DbResponseStatusCode)) {
        return Some(Cow::Borrowed(status));
    }
    let kind = span.logs().filter_map(|log| log.field(logs::ERROR_KIND)).last().and_then(as_text);
    Some(match (kind, facts.http_status()) {
        (Some(kind), _) => Cow::Borrowed(kind),
        (None, Some(status)) => Cow::Owned(status.to_string()),
        (None, None) => Cow::Borrowed("_OTHER"),
    })
}

/// The kind. Receiving and settling messages are calls of a client (semantic conventions for messaging spans, "Span kind").
pub(super) fn kind(span: FinishedSpan<'_>) -> SpanKind {
    match span.kind() {
        SpanKind::Consumer => {
            let name = span.tag(Key::MessagingOperationName.name()).and_then(as_text);
            match operation_type(SpanKind::Consumer, name) {
                Some("receive" | "settle") => SpanKind::Client,
                _ => SpanKind::Consumer,
            }
        }
        kind => kind,
    }
}

/// The name. A method that is not known is `HTTP` in it, or the RPC system.
pub(super) fn name(span: FinishedSpan<'_>) -> Cow<'_, str> {
    let name = span.operation_name();
    let Some(rest) = name.strip_prefix(OTHER) else { return Cow::Borrowed(name) };
    let is_other = |key| span.tag(key).and_then(as_text) == Some(OTHER);
    if (rest.is_empty() || rest.starts_with(' ')) && is_other("http.method") {
        return Cow::Owned(format!("HTTP{rest}"));
    }
    match span.tag("rpc.system.name").and_then(as_text).filter(|_| rest.is_empty() && is_other("rpc.method")) {
        Some(system) => Cow::Borrowed(system),
        None => Cow::Borrowed(name),
    }
}

/// A method that is not known.
const OTHER: &str = "_OTHER";
