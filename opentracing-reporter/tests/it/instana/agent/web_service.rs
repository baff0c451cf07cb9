//! Spans in the format of the Trace Web Service.

use serde_json::Value;

use super::schema::Type::{Id, Number, Text, Texts, TraceId, Truth};
use super::schema::{Members, object_with};

const SPAN: Members = &[
    ("spanId", Id),
    ("parentId", Id),
    ("traceId", TraceId),
    ("timestamp", Number),
    ("duration", Number),
    ("name", Text),
    ("type", Text),
    ("error", Truth),
    ("data", Texts),
];

const MAX_BYTES: usize = 4 << 10;

/// Checks a span, and returns what is wrong with it.
pub(super) fn check(span: &Value) -> Result<(), String> {
    let size = span.to_string().len();
    if size > MAX_BYTES {
        return Err(format!("a span of {size} bytes"));
    }
    object_with(span, "span", SPAN, &["spanId", "traceId", "timestamp", "duration", "name"])?;
    match span["type"].as_str() {
        None | Some("ENTRY" | "EXIT" | "INTERMEDIATE" | "EUM") => Ok(()),
        Some(other) => Err(format!("no such type: {other}")),
    }
}
