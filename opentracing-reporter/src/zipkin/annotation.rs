//! Logs as annotations.

use opentracing_core::{FinishedSpan, LogRecord, Value, logs};

use crate::wire::json;

/// Zipkin's annotations have one text: the name of the event if the log has nothing else, or the message, or what the OpenTelemetry
/// specification ("Zipkin", Events) makes of fields: `"event": {"field":"value"}`.
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

/// What a failed span died of: the last error that it logged.
pub(super) fn error_text(span: FinishedSpan<'_>) -> Option<Value<'_>> {
    let is_error =
        |log: &LogRecord<'_>| matches!(log.field(logs::EVENT), Some(Value::Static("error") | Value::Str("error")));
    let log = span.logs().filter(is_error).last()?;
    log.field(logs::MESSAGE).or_else(|| log.field(logs::ERROR_KIND))
}

fn plain_text(log: LogRecord<'_>) -> Option<&str> {
    let mut fields = log.fields();
    match (fields.next()?, fields.next()) {
        // The OpenTelemetry Collector takes a text with two bars for one of its own, and refuses the request if it is not.
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

/// JSON within a string of JSON: what is special once is special twice. It has no control characters any more. A bar is written in
/// digits, for the reason above.
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
