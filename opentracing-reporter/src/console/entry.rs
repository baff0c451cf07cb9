//! The part of a span that is kept until its trace is drawn.

use std::sync::Arc;

use opentracing_core::{FinishedSpan, LogRecord, ReferenceKind, SpanId, SpanKind, Value};

use super::handle::Counters;
use super::settings::{ConsoleLogs, ConsoleTags};
use super::text::clean;

/// The number of logs and tags that are kept per span.
const MAX_NOTES: usize = 32;
/// The number of characters that are kept of a name, and of a log or tag.
pub(super) const NAME_CHARS: usize = 120;
const NOTE_CHARS: usize = 500;
const OUTCOME: &str = "http.outcome";

/// A span to draw. All texts are safe for a terminal and bounded.
#[derive(Debug)]
pub(super) struct Entry {
    /// The index of the service's name.
    pub(super) service: usize,
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
    pub(super) is_local_root: bool,
    /// It refers to its parent by `FollowsFrom`.
    pub(super) follows: bool,
    pub(super) name: Box<str>,
    pub(super) kind: SpanKind,
    pub(super) status: Box<str>,
    pub(super) peer: Box<str>,
    pub(super) is_failed: bool,
    pub(super) start_ns: u64,
    pub(super) duration_ns: u64,
    pub(super) notes: Vec<Note>,
    /// The counters of the handle that added the span.
    pub(super) owner: Arc<Counters>,
}

/// A line below the span.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) text: Box<str>,
    pub(super) is_error: bool,
}

impl Entry {
    pub(super) fn new(
        span: FinishedSpan<'_>,
        service: usize,
        tags: ConsoleTags,
        logs: ConsoleLogs,
        owner: Arc<Counters>,
    ) -> Self {
        let parent = span.parent_id();
        let is_failed = span.is_failed();
        // The second is OpenTelemetry's name, for spans of libraries that use its API.
        let status = ["http.status_code", "http.response.status_code", "rpc.status_code", "db.response.status_code"]
            .into_iter()
            .find_map(|key| Some((key, span.tag(key)?)));
        // An exchange that was not completed has not failed, but its status alone would look like success.
        let ending = [status.map(|(_, value)| value), span.tag(OUTCOME)];
        let ending = ending.into_iter().flatten().map(|value| value.to_string()).collect::<Vec<_>>().join(" ");
        let mut notes = Vec::new();
        if tags == ConsoleTags::All {
            // Omit those that are already shown.
            let seen = ["error", "peer.service", OUTCOME, status.map_or("", |(key, _)| key)];
            let others = span.tags().filter(|(key, _)| !seen.contains(key));
            notes.extend(others.take(MAX_NOTES).map(|(key, value)| Note::new(&field(key, value), false)));
        }
        if logs == ConsoleLogs::All || (logs == ConsoleLogs::Failed && is_failed) {
            let is_error = |log: LogRecord<'_>| log.field("event").is_some_and(|event| is_text(event, "error"));
            notes.extend(span.logs().take(MAX_NOTES).map(|log| Note::new(&fields(log), is_error(log))));
        }
        Entry {
            service,
            id: span.context().span_id(),
            parent,
            is_local_root: span.is_local_root(),
            follows: span.references().any(|reference| {
                reference.kind == ReferenceKind::FollowsFrom && Some(reference.context.span_id()) == parent
            }),
            name: clean(span.operation_name(), NAME_CHARS),
            kind: span.kind(),
            status: clean(&ending, NAME_CHARS),
            peer: peer(span),
            is_failed,
            start_ns: span.start_unix_ns(),
            duration_ns: span.duration_ns(),
            notes,
            owner,
        }
    }

    pub(super) fn end_ns(&self) -> u64 {
        self.start_ns.saturating_add(self.duration_ns)
    }
}

impl Note {
    fn new(text: &str, is_error: bool) -> Self {
        Note { text: clean(text, NOTE_CHARS), is_error }
    }
}

fn peer(span: FinishedSpan<'_>) -> Box<str> {
    if let Some(service) = span.tag("peer.service") {
        return clean(&service.to_string(), NAME_CHARS);
    }
    let port = span.tag("peer.port").map(|port| format!(":{port}")).unwrap_or_default();
    let host = ["peer.hostname", "peer.ipv4"].iter().find_map(|key| span.tag(key));
    let peer = host
        .map(|host| format!("{host}{port}"))
        .or_else(|| span.tag("peer.ipv6").map(|ip| format!("[{ip}]{port}")))
        .or_else(|| span.tag("peer.address").map(|address| address.to_string()));
    peer.map(|peer| clean(&peer, NAME_CHARS)).unwrap_or_default()
}

fn fields(log: LogRecord<'_>) -> String {
    log.fields().map(|(key, value)| field(key, value)).collect::<Vec<_>>().join(" ")
}

/// `key=value`, with quotes if the value needs them.
fn field(key: &str, value: Value<'_>) -> String {
    match value {
        Value::Str(text) | Value::Static(text) if text.is_empty() || text.contains([' ', '"', '=']) => {
            format!("{key}=\"{}\"", text.replace('"', "\\\""))
        }
        value => format!("{key}={value}"),
    }
}

fn is_text(value: Value<'_>, expected: &str) -> bool {
    matches!(value, Value::Str(text) | Value::Static(text) if text == expected)
}
