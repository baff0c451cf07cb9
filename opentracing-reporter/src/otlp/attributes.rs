//! Tags as attributes, under OpenTelemetry's names.

use opentracing_core::{FinishedSpan, Value, logs};

use super::derived::{UrlParts, database_system, messaging_system};
use super::value::{as_text, attribute, truncated};
use crate::batch::Detail;
use crate::terms::to_opentelemetry;

/// The field of `Span`.
const ATTRIBUTES: u32 = 9;

/// Writes each key once, as OTLP demands. A tag that was set under OpenTelemetry's own name wins over one that is translated to it.
pub(super) fn write(out: &mut Vec<u8>, span: FinishedSpan<'_>, detail: Detail) {
    let kind = span.kind();
    for (key, value) in span.tags() {
        let name = match (key, as_text(value)) {
            // Written as the status.
            ("error", _) => continue,
            ("http.url", Some(url)) if kind.is_entry() => {
                write_url(out, span, url, detail);
                continue;
            }
            ("db.type", Some(db_type)) => {
                if span.tag("db.system.name").is_none() {
                    let system = database_system(db_type, &software(span));
                    attribute(out, ATTRIBUTES, "db.system.name", Value::Str(detail.text(system)));
                }
                continue;
            }
            ("message_bus.destination", _) => {
                if let Some(system) = messaging_system(&software(span)) {
                    write_derived(out, span, "messaging.system", Value::Static(system));
                }
                to_opentelemetry(key, kind)
            }
            // Both addresses have the same attribute.
            ("peer.ipv6", _) if span.tag("peer.ipv4").is_some() => key,
            _ => to_opentelemetry(key, kind),
        };
        if name == key || span.tag(name).is_none() {
            attribute(out, ATTRIBUTES, name, truncated(as_number(key, value), detail));
        }
    }
    if span.is_failed() {
        write_error_type(out, span, detail);
    }
}

/// Parses a text where OpenTelemetry expects a number.
fn as_number<'a>(key: &str, value: Value<'a>) -> Value<'a> {
    let number = match key {
        "http.status_code" | "peer.port" => as_text(value).and_then(|text| text.parse().ok()),
        _ => None,
    };
    number.map_or(value, Value::I64)
}

fn write_url(out: &mut Vec<u8>, span: FinishedSpan<'_>, url: &str, detail: Detail) {
    let UrlParts { scheme, host, port, path, query } = UrlParts::of(url);
    let texts = [("url.scheme", scheme), ("server.address", host), ("url.path", Some(path)), ("url.query", query)];
    for (name, text) in texts {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            write_derived(out, span, name, Value::Str(detail.text(text)));
        }
    }
    if let Some(port) = port {
        write_derived(out, span, "server.port", Value::I64(port.into()));
    }
}

/// Writes the kind of the last error, else the HTTP status (OpenTelemetry semantic conventions, "Recording errors").
fn write_error_type(out: &mut Vec<u8>, span: FinishedSpan<'_>, detail: Detail) {
    let kind = span.logs().filter_map(|log| log.field(logs::ERROR_KIND)).last();
    if let Some(kind) = kind.and_then(as_text) {
        write_derived(out, span, "error.type", Value::Str(detail.text(kind)));
    } else if let Some(status) = span.tag("http.status_code") {
        write_derived(out, span, "error.type", Value::Str(&status.to_string()));
    }
}

fn write_derived(out: &mut Vec<u8>, span: FinishedSpan<'_>, name: &str, value: Value<'_>) {
    if span.tag(name).is_none() {
        attribute(out, ATTRIBUTES, name, value);
    }
}

/// The tags that may name the software of the peer.
fn software(span: FinishedSpan<'_>) -> [&str; 2] {
    ["component", "peer.service"].map(|key| span.tag(key).and_then(as_text).unwrap_or_default())
}
