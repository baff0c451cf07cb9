//! `data.sdk.custom`: what has no place of its own.

use std::collections::HashSet;

use opentracing_core::{LogRecord, Value};

use crate::instana::data::{Source, http};
use crate::instana::facts::as_text;
use crate::instana::family::{Family, is_generic};
use crate::instana::log_spans;
use crate::wire::json::Object;

/// Tags that say something about the span as a whole.
const ELSEWHERE: [&str; 5] =
    ["error", "batch_size", "messaging.batch.message_count", "synthetic_call", "suppress_tracing"];

/// Writes tags and logs, if there are any.
pub(crate) fn write(source: Source<'_, '_>, family: Family, sdk: &mut Object<'_>) {
    sdk.object_if_any("custom", |custom| {
        custom.object_if_any("tags", |tags| write_tags(source, family, tags));
        custom.object_if_any("logs", |logs| write_logs(source, family, logs));
    });
}

fn write_tags(source: Source<'_, '_>, family: Family, tags: &mut Object<'_>) {
    let Source { span, detail, .. } = source;
    for (key, value) in span.tags().filter(|(key, value)| is_left(source, family, key, *value)) {
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

/// Whether the tag has no other place in a span of that family.
fn is_left(source: Source<'_, '_>, family: Family, key: &str, value: Value<'_>) -> bool {
    if !is_told(source, key) {
        return false;
    }
    if key == "peer.service" {
        return family == Family::Sdk || !as_text(&value).is_some_and(is_generic);
    }
    // There is a place for the host's name or for one of its addresses.
    let is_named = source.facts.peer_hostname.is_some();
    if key == "peer.ipv4" && is_named || key == "peer.ipv6" && (is_named || source.facts.peer_ipv4.is_some()) {
        return true;
    }
    let is_known = family.known_tags(source.role).contains(&key) || family == Family::Http && http::is_header(key);
    !is_known || family == Family::Http && !http::has_place(source, key)
}

/// Whether Instana is told of the tag as such. A service's name that was only derived from the host's is none of its business: where
/// both sides name one service, its results are undefined.
pub(crate) fn is_told(source: Source<'_, '_>, key: &str) -> bool {
    let is_derived = key == "peer.service" && source.span.is_peer_service_derived();
    !is_derived && !ELSEWHERE.contains(&key)
}

/// By the time of each log in milliseconds. What is a log span already is left out, except of an `sdk` span, which shows all it has.
fn write_logs(source: Source<'_, '_>, family: Family, logs: &mut Object<'_>) {
    if !source.detail.has_logs() {
        return;
    }
    let mut times = HashSet::new();
    for log in source.span.logs().filter(|log| family == Family::Sdk || !log_spans::is_log_span(log)) {
        let mut at = log.unix_ns() / 1_000_000;
        // One name cannot stand for two logs of the same millisecond.
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
