//! Helpers of the tests.

use opentracing_core::mock::MockTracer;
use opentracing_core::{OwnedSpan, ReferenceKind};
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};

/// Returns a tag as text.
pub(crate) fn tag(span: &OwnedSpan, key: &str) -> Option<String> {
    span.tag(key).map(|value| value.to_string())
}

/// Returns the fields `error.kind` and `message` of the only logged error.
#[track_caller]
pub(crate) fn error(span: &OwnedSpan) -> (String, String) {
    let is_error = |log: &&opentracing_core::OwnedLog| log.field("event") == Some("error".into());
    let logs: Vec<_> = span.logs.iter().filter(is_error).collect();
    assert_eq!(logs.len(), 1, "{:?}", span.logs);
    let field = |key| logs[0].field(key).map(|value| value.to_string()).unwrap_or_default();
    (field("error.kind"), field("message"))
}

/// Returns the only span whose operation name starts with the prefix.
#[track_caller]
pub(crate) fn span(mock: &MockTracer, operation: &str) -> OwnedSpan {
    let spans = mock.finished_spans();
    let mut found = spans.iter().filter(|span| span.operation_name.starts_with(operation));
    match (found.next(), found.next()) {
        (Some(span), None) => span.clone(),
        _ => panic!("there should be one span {operation:?}:\n{}", mock.tree()),
    }
}

/// Returns the kinds and span ids of a span's references.
pub(crate) fn references(span: &OwnedSpan) -> Vec<(ReferenceKind, u64)> {
    let id = |id: opentracing_core::SpanId| u64::from_str_radix(&id.to_string(), 16).unwrap();
    span.references.iter().map(|reference| (reference.kind, id(reference.context.span_id()))).collect()
}

pub(crate) fn headers<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> OwnedHeaders {
    pairs
        .into_iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}

/// Returns the headers of a message, whose names must be UTF-8.
pub(crate) fn texts(message: &BorrowedMessage<'_>) -> Vec<(String, String)> {
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    headers
        .map(|header| {
            let value = header.value.map_or("(null)".into(), |value| String::from_utf8_lossy(value).into_owned());
            (header.key.to_owned(), value)
        })
        .collect()
}

/// Returns the last value of a header.
pub(crate) fn text(message: &BorrowedMessage<'_>, name: &str) -> Option<String> {
    let value = opentracing_kafka::header(message, name)?;
    Some(String::from_utf8_lossy(value).into_owned())
}
