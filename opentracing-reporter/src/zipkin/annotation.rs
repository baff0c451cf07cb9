//! Logs as annotations.

use opentracing_core::{FinishedSpan, LogRecord, Value, logs};

use crate::wire::json;

/// A Zipkin annotation is one text: the event or the message if the log has no other field, else the form of the OpenTelemetry
/// specification ("Zipkin", Events): `"event": {"field":"value"}`.
pub(super) fn write(span: FinishedSpan<'_>, scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    for (index, log) in span.logs().enumerate() {
        out.extend_from_slice(if index == 0 { b",\"annotations\":[" } else { b"," });
        out.extend_from_slice(b"{\"timestamp\":");
        json::decimal(out, log.unix_ns() / 1000);
        out.extend_from_slice(b",\"value\":\"");
        match plain_text(log) {
            Some(text) => json::escaped(out, text),
            None => {
                scratch.clear();
                fields(log, scratch);
                escaped(out, scratch);
            }
        }
        out.extend_from_slice(b"\"}");
    }
    if span.logs().len() > 0 {
        out.push(b']');
    }
}

/// The reason of a failed span: its last error log.
pub(super) fn error_text(span: FinishedSpan<'_>) -> Option<Value<'_>> {
    let is_error =
        |log: &LogRecord<'_>| matches!(log.field(logs::EVENT), Some(Value::Static("error") | Value::Str("error")));
    let log = span.logs().filter(is_error).last()?;
    log.field(logs::MESSAGE).or_else(|| log.field(logs::ERROR_KIND))
}

fn plain_text(log: LogRecord<'_>) -> Option<&str> {
    let mut fields = log.fields();
    match (fields.next()?, fields.next()) {
        // The OpenTelemetry Collector parses a text with two bars as its own format, and refuses the request if that fails.
        ((logs::EVENT | logs::MESSAGE, value), None) => text(value).filter(|text| !text.contains('|')),
        _ => None,
    }
}

fn text<'a>(value: Value<'a>) -> Option<&'a str> {
    match value {
        Value::Static(text) => Some(text),
        Value::Str(text) | Value::Message(text) => Some(text),
        _ => None,
    }
}

fn fields(log: LogRecord<'_>, scratch: &mut Vec<u8>) {
    let name = log.field(logs::EVENT).and_then(text);
    json::string(scratch, name.unwrap_or("log"));
    scratch.extend_from_slice(b": {");
    let mut is_first = true;
    for (key, value) in log.fields().filter(|(key, _)| name.is_none() || *key != logs::EVENT) {
        if !std::mem::take(&mut is_first) {
            scratch.push(b',');
        }
        json::string(scratch, key);
        scratch.push(b':');
        json::value(scratch, value);
    }
    scratch.push(b'}');
}

/// Escapes JSON inside of a JSON string. The inner JSON contains no control characters. A bar is written as an escape, for the reason
/// above.
fn escaped(out: &mut Vec<u8>, inner: &[u8]) {
    for piece in inner.split_inclusive(|byte| matches!(byte, b'"' | b'\\' | b'|')) {
        match piece.split_last() {
            Some((b'|', before)) => {
                out.extend_from_slice(before);
                out.extend_from_slice(b"\\\\u007c");
            }
            Some((special @ (b'"' | b'\\'), before)) => {
                out.extend_from_slice(before);
                out.extend_from_slice(&[b'\\', *special]);
            }
            _ => out.extend_from_slice(piece),
        }
    }
}
