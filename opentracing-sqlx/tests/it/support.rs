//! Shared by the tests.

use std::env;
use std::io::Write;
use std::pin::pin;
use std::task::{Context, Waker};

use opentracing_core::mock::MockTracer;
use opentracing_core::{OwnedSpan, Value};

/// The address of a test server from the environment. Without one it writes a line to the terminal and returns `None`.
#[cfg_attr(not(any(feature = "postgres", feature = "mysql")), expect(dead_code, reason = "SQLite needs no server"))]
pub(crate) fn server(variable: &str) -> Option<String> {
    let url = env::var(variable).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        assert!(env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{variable} is not set");
        // The test runner does not capture direct writes.
        let _ = writeln!(
            std::io::stderr(),
            "skipped, {variable} is not set: {}",
            std::thread::current().name().unwrap_or("?")
        );
    }
    url
}

/// Polls once, expects that the work waits for the database, and drops it.
pub(crate) fn poll_once(work: impl Future) {
    assert!(pin!(work).poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

/// The names of the spans, by start time.
pub(crate) fn names(mock: &MockTracer) -> Vec<String> {
    let mut spans = mock.finished_spans();
    spans.sort_by_key(|span| span.start_unix_ns);
    spans.iter().map(|span| span.operation_name.to_string()).collect()
}

/// The only finished span.
#[track_caller]
pub(crate) fn only_span(mock: &MockTracer) -> OwnedSpan {
    let mut spans = mock.finished_spans();
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.remove(0)
}

/// The only span with this name.
#[track_caller]
pub(crate) fn span(mock: &MockTracer, name: &str) -> OwnedSpan {
    mock.span(name)
}

/// The tag value as text.
pub(crate) fn tag(span: &OwnedSpan, key: &str) -> Option<String> {
    span.tag(key).map(|value| value.to_string())
}

/// The number of returned rows.
pub(crate) fn returned(span: &OwnedSpan) -> Option<Value<'_>> {
    span.tag("db.response.returned_rows")
}

/// The fields `error.kind` and `message` of the only logged error.
#[track_caller]
pub(crate) fn error(span: &OwnedSpan) -> (String, String) {
    let is_error = |log: &&opentracing_core::OwnedLog| log.field("event") == Some("error".into());
    let logs: Vec<_> = span.logs.iter().filter(is_error).collect();
    assert_eq!(logs.len(), 1, "{:?}", span.logs);
    let field = |key| logs[0].field(key).map(|value| value.to_string()).unwrap_or_default();
    (field("error.kind"), field("message"))
}
