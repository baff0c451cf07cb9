//! Logs, and the reason of a failure.

use opentracing_core::{FinishedSpan, LogRecord, Value, logs};

use super::entries::Entries;
use super::value::{as_text, to_text};
use crate::batch::Detail;
use crate::wire::json::object;

/// Writes the reason of a failure, which is in the last log of an error.
pub(super) fn write_error(span: FinishedSpan<'_>, detail: Detail, meta: &mut Entries) {
    let log = span.logs().filter(is_error).last();
    let field = |name| log.and_then(|log| log.field(name));
    let status = span.tag("http.status_code").or_else(|| span.tag("rpc.status_code"));
    for (key, value) in [
        ("error.message", field(logs::MESSAGE).or_else(|| field(logs::ERROR_OBJECT))),
        ("error.type", field(logs::ERROR_KIND).or(status)),
        ("error.stack", field(logs::STACK).filter(|_| detail.has_logs())),
    ] {
        if let Some(value) = value.filter(|_| span.tag(key).is_none()) {
            meta.detailed(detail, key, &to_text(value));
        }
    }
}

/// Writes the logs as JSON into `events`, where every version of the agent looks for them. The stack of an error is in `error.stack` only.
pub(super) fn write_events(span: FinishedSpan<'_>, scratch: &mut Vec<u8>, meta: &mut Entries) {
    if span.logs().len() == 0 || span.tag("events").is_some() {
        return;
    }
    scratch.clear();
    for (index, log) in span.logs().enumerate() {
        scratch.push(if index == 0 { b'[' } else { b',' });
        let name = log.field(logs::EVENT).and_then(as_text);
        let has_stack = !(span.is_failed() && is_error(&log));
        object(scratch, |event| {
            event.text("name", name.unwrap_or("log"));
            event.number("time_unix_nano", log.unix_ns());
            event.object_if_any("attributes", |attributes| {
                let is_written =
                    |key: &str| (key != logs::EVENT || name.is_none()) && (key != logs::STACK || has_stack);
                for (key, value) in log.fields().filter(|(key, _)| is_written(key)) {
                    attributes.value(key, value);
                }
            });
        });
    }
    scratch.push(b']');
    // All of it is UTF-8, since names and values are.
    meta.text("events", std::str::from_utf8(scratch).unwrap_or("[]"));
}

fn is_error(log: &LogRecord<'_>) -> bool {
    matches!(log.field(logs::EVENT), Some(Value::Static("error") | Value::Str("error")))
}
