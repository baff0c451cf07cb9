//! `data.sdk.custom`: tags and logs without a field of their own.

use std::collections::HashSet;

use opentracing_core::{LogRecord, Value};

use crate::instana::data::{Source, http, known_tags};
use crate::instana::facts::as_text;
use crate::instana::log_spans;
use crate::instana::span_type::{SpanType, is_generic};
use crate::wire::json::Object;

/// Tags that are written elsewhere in the span, or not at all.
const NOT_CUSTOM: [&str; 5] =
    ["error", "batch_size", "messaging.batch.message_count", "synthetic_call", "suppress_tracing"];

/// Writes tags and logs, if there are any.
pub(crate) fn write(source: Source<'_, '_>, span_type: SpanType, sdk: &mut Object<'_>) {
    sdk.object_if_any("custom", |custom| {
        custom.object_if_any("tags", |tags| write_tags(source, span_type, tags));
        custom.object_if_any("logs", |logs| write_logs(source, span_type, logs));
    });
}

fn write_tags(source: Source<'_, '_>, span_type: SpanType, tags: &mut Object<'_>) {
    let Source { span, detail, .. } = source;
    for (key, value) in span.tags().filter(|(key, value)| is_custom(source, span_type, key, *value)) {
        write_value(tags, detail, key, value);
    }
    if span.is_local_root() {
        let process = span.process().tags().filter(|(key, _)| span.tag(key).is_none());
        process.for_each(|(key, value)| write_value(tags, detail, key, value));
    }
}

fn write_value(object: &mut Object<'_>, detail: crate::batch::Detail, key: &str, value: Value<'_>) {
    match as_text(&value) {
        Some(text) => object.text(key, detail.text(text)),
        None => object.value(key, value),
    }
}

/// Whether the tag has no other field in a span of that type.
fn is_custom(source: Source<'_, '_>, span_type: SpanType, key: &str, value: Value<'_>) -> bool {
    if !is_reported(source, key) {
        return false;
    }
    if key == "peer.service" {
        return span_type == SpanType::Sdk || !as_text(&value).is_some_and(is_generic);
    }
    // There is one field, for the host's name or one of its addresses.
    let is_named = source.facts.peer_hostname.is_some();
    if key == "peer.ipv4" && is_named || key == "peer.ipv6" && (is_named || source.facts.peer_ipv4.is_some()) {
        return true;
    }
    let is_known =
        known_tags(span_type, source.role).contains(&key) || span_type == SpanType::Http && http::is_header(key);
    !is_known || span_type == SpanType::Http && !http::has_field(source, key)
}

/// Whether the tag is reported at all. A `peer.service` that was only derived from the host is not: if both sides name a service, Instana's
/// result is undefined.
pub(crate) fn is_reported(source: Source<'_, '_>, key: &str) -> bool {
    let is_derived = key == "peer.service" && source.span.is_peer_service_derived();
    !is_derived && !NOT_CUSTOM.contains(&key)
}

/// Writes the logs, keyed by their time in milliseconds. Log spans are omitted, except in an `sdk` span, which shows all of its logs.
fn write_logs(source: Source<'_, '_>, span_type: SpanType, logs: &mut Object<'_>) {
    if !source.detail.has_logs() {
        return;
    }
    let mut times = HashSet::new();
    for log in source.span.logs().filter(|log| span_type == SpanType::Sdk || !log_spans::is_log_span(log)) {
        let mut at = log.unix_ns() / 1_000_000;
        // Two logs of the same millisecond need different keys.
        while !times.insert(at) {
            at += 1;
        }
        logs.object(&at.to_string(), |fields| write_fields(source, log, fields));
    }
}

fn write_fields(source: Source<'_, '_>, log: LogRecord<'_>, fields: &mut Object<'_>) {
    let mut names = Vec::new();
    for (name, value) in log.fields() {
        if !names.contains(&name) {
            names.push(name);
            write_value(fields, source.detail, name, value);
        }
    }
}
