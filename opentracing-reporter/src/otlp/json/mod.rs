//! OTLP's messages as JSON (OTLP specification, "JSON Protobuf Encoding"), translated from the messages in Protocol Buffers, so that both
//! always say the same.

mod schema;

use opentracing_core::Value;
use opentracing_core::encoding::encode_base64;

use self::schema::{Entry, Kind, Message};
use super::encoding::VERSION;
use crate::batch::PartialSuccess;
use crate::wire::json;
use crate::wire::protobuf::{Field, fields};

/// Appends a `Span` and the comma after it, so that its size is that in the request.
pub(super) fn span(out: &mut Vec<u8>, span: &[u8]) {
    object(out, Message::Span, span);
    out.push(b',');
}

/// Appends a `Resource`.
pub(super) fn resource(out: &mut Vec<u8>, resource: &[u8]) {
    object(out, Message::Resource, resource);
}

/// Appends an `ExportTraceServiceRequest`, which is a `TracesData` too: the resource, and scopes with their spans, all of which are JSON
/// except the names.
pub(super) fn frame<'a>(
    out: &mut Vec<u8>,
    resource: &[u8],
    scopes: impl Iterator<Item = (&'a [u8], Vec<&'a [u8]>)>,
    schema_url: Option<&str>,
) {
    let write_schema = |out: &mut Vec<u8>| {
        if let Some(url) = schema_url {
            out.extend_from_slice(b",\"schemaUrl\":");
            json::string(out, url);
        }
    };
    out.extend_from_slice(b"{\"resourceSpans\":[{\"resource\":");
    out.extend_from_slice(resource);
    out.extend_from_slice(b",\"scopeSpans\":[");
    for (place, (name, spans)) in scopes.enumerate() {
        out.extend_from_slice(if place > 0 { b",{\"scope\":{\"name\":" } else { b"{\"scope\":{\"name\":" });
        json::string(out, &String::from_utf8_lossy(name));
        out.extend_from_slice(b",\"version\":");
        json::string(out, VERSION);
        out.extend_from_slice(b"},\"spans\":[");
        spans.iter().for_each(|span| out.extend_from_slice(span));
        // The last comma.
        out.pop();
        out.push(b']');
        write_schema(out);
        out.push(b'}');
    }
    out.push(b']');
    write_schema(out);
    out.extend_from_slice(b"}]}");
}

/// The name of a span.
pub(super) fn name(span: &[u8]) -> Option<String> {
    json::string_after(span, "\"name\":")
}

/// `{"partialSuccess":{"rejectedSpans":"2","errorMessage":"…"}}`, where the number may also be one.
pub(super) fn partial_success(body: &[u8]) -> PartialSuccess {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let partial = &body["partialSuccess"];
    let rejected = &partial["rejectedSpans"];
    let rejected = rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok()).unwrap_or(0);
    let message = partial["errorMessage"].as_str().filter(|message| !message.is_empty());
    PartialSuccess { rejected: usize::try_from(rejected).unwrap_or(usize::MAX), message: message.map(str::to_owned) }
}

/// A field that the schema does not have is left out.
fn object(out: &mut Vec<u8>, message: Message, bytes: &[u8]) {
    out.push(b'{');
    let mut is_first = true;
    for Entry { number, name, kind } in message.entries() {
        let mut values = fields(bytes).filter(|(found, _)| found == number).map(|(_, value)| value).peekable();
        if values.peek().is_none() {
            continue;
        }
        if !std::mem::take(&mut is_first) {
            out.push(b',');
        }
        json::string(out, name);
        out.push(b':');
        match kind {
            Kind::Many(inner) => {
                out.push(b'[');
                for (place, value) in values.enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    write(out, Kind::One(*inner), value);
                }
                out.push(b']');
            }
            // The last one counts (Protocol Buffers, "Last One Wins").
            kind => values.last().into_iter().for_each(|value| write(out, *kind, value)),
        }
    }
    out.push(b'}');
}

fn write(out: &mut Vec<u8>, kind: Kind, value: Field<'_>) {
    match (kind, value) {
        (Kind::Text, Field::Bytes(text)) => json::string(out, &String::from_utf8_lossy(text)),
        (Kind::Hex, Field::Bytes(bytes)) => {
            out.push(b'"');
            json::hex(out, bytes);
            out.push(b'"');
        }
        (Kind::Base64, Field::Bytes(bytes)) => json::string(out, &encode_base64(bytes)),
        (Kind::One(inner) | Kind::Many(inner), Field::Bytes(bytes)) => object(out, inner, bytes),
        (Kind::Bool, Field::Uint(value)) => json::value(out, Value::Bool(value != 0)),
        (Kind::Number, Field::Uint(value)) => json::decimal(out, value),
        (Kind::Number, Field::Fixed32(value)) => json::decimal(out, value.into()),
        (Kind::Int, Field::Uint(value)) => text(out, Value::I64(value as i64)),
        (Kind::Int, Field::Fixed64(value)) => text(out, Value::U64(value)),
        (Kind::Double, Field::Fixed64(bits)) => double(out, f64::from_bits(bits)),
        // Only if the schema is wrong.
        _ => out.extend_from_slice(b"null"),
    }
}

fn text(out: &mut Vec<u8>, value: Value<'_>) {
    out.push(b'"');
    json::text(out, value);
    out.push(b'"');
}

/// Numbers that JSON does not have are strings (Protocol Buffers, "JSON Format").
fn double(out: &mut Vec<u8>, number: f64) {
    match number {
        f64::INFINITY => json::string(out, "Infinity"),
        f64::NEG_INFINITY => json::string(out, "-Infinity"),
        number => json::value(out, Value::F64(number)),
    }
}
