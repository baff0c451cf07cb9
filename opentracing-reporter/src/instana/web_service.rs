//! Spans in the format of the Trace Web Service (`generic.trace`).

use opentracing_core::FinishedSpan;

use crate::batch::Detail;
use crate::instana::data::{self, MAX_ERROR_CHARS, MAX_STATEMENT_CHARS, Source, custom};
use crate::instana::facts::{Facts, Role, to_text, truncate};
use crate::instana::log_spans;
use crate::instana::native::{Hex, trace_id};
use crate::wire::json::{Object, object};

/// The limit of the Trace Web Service for one span.
pub(crate) const MAX_SPAN_BYTES: usize = 4 << 10;
/// The end of a span.
const CLOSING_BYTES: usize = "}}".len();
const NS_PER_MS: u64 = 1_000_000;

/// Appends the span. The format has no log spans, so warnings and errors become data.
pub(crate) fn write(span: FinishedSpan<'_>, detail: Detail, out: &mut Vec<u8>) {
    let facts = Facts::of(span);
    let role = Role::of(span.kind());
    let source = Source { span, facts: &facts, role, detail };
    // Reduced detail omits whatever does not fit.
    let end = match detail {
        Detail::Full => usize::MAX,
        Detail::Reduced => out.len() + MAX_SPAN_BYTES - CLOSING_BYTES,
    };
    object(out, |json| {
        json.display("spanId", span.context().span_id());
        if let Some(parent_id) = span.parent_id() {
            json.display("parentId", parent_id);
        }
        json.display("traceId", Hex(trace_id(span)));
        json.number("timestamp", span.start_unix_ns() / NS_PER_MS);
        json.number("duration", span.duration_ns() / NS_PER_MS);
        json.text("name", detail.text(span.operation_name()));
        json.text(
            "type",
            match role {
                Role::Entry => "ENTRY",
                Role::Exit => "EXIT",
                Role::Intermediate => "INTERMEDIATE",
            },
        );
        json.boolean("error", facts.is_failed(span));
        json.object("data", |data| write_data(source, end, data));
    });
}

/// Writes the data. All values are text.
fn write_data(source: Source<'_, '_>, end: usize, data: &mut Object<'_>) {
    let Source { span, facts, role, detail } = source;
    data.text("service", detail.text(span.process().service()));
    if role == Role::Entry {
        let otherwise = || facts.rpc_method.or(facts.destination).map(|name| name.to_string());
        let endpoint = data::http::endpoint(source).or_else(otherwise);
        data.text("endpoint", detail.text(endpoint.as_deref().unwrap_or(span.operation_name())));
    }
    let mut add = |key: &str, value: &str| data.text_within(end, key, detail.text(value));
    if let Some(message) = data::message(span).filter(|_| facts.is_failed(span)) {
        add("error.message", truncate(&to_text(message), MAX_ERROR_CHARS));
    }
    for (key, value) in span.tags() {
        if !WRITTEN.contains(&key) && custom::is_reported(source, key) {
            match key {
                "db.statement" => add(key, truncate(&to_text(value), MAX_STATEMENT_CHARS)),
                _ => add(key, &to_text(value)),
            }
        }
    }
    for (number, log) in span.logs().enumerate() {
        if let Some(level) = log_spans::level(&log) {
            add(&format!("log.{number}"), &log_spans::line(&log, level));
        }
    }
}

/// Keys that are already written.
const WRITTEN: [&str; 3] = ["service", "endpoint", "error.message"];
