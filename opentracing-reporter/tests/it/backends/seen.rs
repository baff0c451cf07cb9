//! Recorded spans and the spans of a backend, in one form.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use opentracing_core::{FinishedSpan, Reference, ReferenceKind, SpanKind, Value, logs};
use opentracing_reporter::{SendOutcome, SendReason, Transport};

/// A span. Values are text, since not every backend keeps their types; time is in microseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) service: String,
    pub(crate) process: Texts,
    pub(crate) name: String,
    /// 32 digits.
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
    /// Empty for internal spans.
    pub(crate) kind: String,
    pub(crate) start_us: u64,
    pub(crate) duration_us: u64,
    /// Why it failed, if it did.
    pub(crate) error: Option<String>,
    /// It is explicitly not failed.
    pub(crate) is_ok: bool,
    pub(crate) tags: Texts,
    /// Sorted by time.
    pub(crate) logs: Vec<(u64, Texts)>,
    /// The references other than the parent: kind, trace, span.
    pub(crate) links: BTreeSet<(String, String, String)>,
    pub(crate) is_debug: bool,
    /// Known only for recorded spans.
    pub(crate) is_local_root: bool,
}

pub(crate) type Texts = BTreeMap<String, String>;

impl Seen {
    /// As it was recorded.
    fn recorded(span: FinishedSpan<'_>) -> Self {
        let error_log = span.logs().filter(|log| text(log.field(logs::EVENT)).as_deref() == Some("error")).last();
        let reason = error_log.and_then(|log| text(log.field(logs::MESSAGE)).or(text(log.field(logs::ERROR_KIND))));
        let mut tags = texts(span.tags());
        tags.remove("error");
        if let Some(state) = span.context().tracestate() {
            tags.insert("w3c.tracestate".to_owned(), state.to_owned());
        }
        let mut seen = Seen {
            service: span.process().service().to_owned(),
            process: texts(span.process().tags()),
            name: span.operation_name().to_owned(),
            trace: span.context().trace_id().to_string(),
            id: span.context().span_id().to_string(),
            parent: span.parent_id().map(|parent| parent.to_string()),
            kind: Some(span.kind()).filter(|&kind| kind != SpanKind::Internal).map_or("", SpanKind::as_str).to_owned(),
            start_us: span.start_unix_ns() / 1000,
            duration_us: span.duration_ns() / 1000,
            error: span.is_failed().then(|| reason.unwrap_or_else(|| "true".to_owned())),
            is_ok: span.tag("error").is_some() && !span.is_failed(),
            tags,
            logs: span.logs().map(|log| (log.unix_ns() / 1000, texts(log.fields()))).collect(),
            links: BTreeSet::new(),
            is_debug: span.context().is_debug(),
            is_local_root: span.is_local_root(),
        };
        for Reference { kind, context, .. } in span.references() {
            let kind = match kind {
                ReferenceKind::ChildOf => "child_of",
                ReferenceKind::Other(kind) => kind,
                _ => "follows_from",
            };
            seen.link(kind, &context.trace_id().to_string(), &context.span_id().to_string());
        }
        seen.logs.sort();
        seen
    }

    /// Adds a link, unless it is the parent.
    pub(crate) fn link(&mut self, kind: &str, trace: &str, id: &str) {
        let trace = format!("{trace:0>32}");
        if kind != "child_of" || trace != self.trace || Some(id) != self.parent.as_deref() {
            self.links.insert((kind.to_owned(), trace, id.to_owned()));
        }
    }

    /// For backends with two kinds of references: whatever is not the one is the other.
    pub(crate) fn with_two_kinds_of_links(mut self) -> Self {
        let kind = |kind: String| if kind == "child_of" { kind } else { "follows_from".to_owned() };
        self.links = self.links.into_iter().map(|(of, trace, id)| (kind(of), trace, id)).collect();
        self
    }
}

fn texts<'a>(of: impl Iterator<Item = (&'a str, Value<'a>)>) -> Texts {
    of.map(|(key, value)| (key.to_owned(), value.to_string())).collect()
}

fn text(value: Option<Value<'_>>) -> Option<String> {
    value.map(|value| value.to_string())
}

/// A transport that keeps the recorded spans.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Vec<Seen>>>);

impl Memory {
    pub(crate) fn spans(&self) -> Vec<Seen> {
        self.0.lock().expect("nothing panics under this lock").clone()
    }
}

impl Transport for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        self.0.lock().expect("nothing panics under this lock").push(Seen::recorded(span));
    }

    fn pending(&self) -> usize {
        0
    }

    fn send(&mut self, _: SendReason, _: Instant) -> SendOutcome {
        SendOutcome::none()
    }
}

/// Checks that the recorded spans, and no others, are there.
#[track_caller]
pub(crate) fn compare(way: &str, expected: impl IntoIterator<Item = Seen>, seen: impl IntoIterator<Item = Seen>) {
    let by_id = |spans: &mut dyn Iterator<Item = Seen>| -> BTreeMap<(String, String), Seen> {
        spans.map(|span| ((span.trace.clone(), span.id.clone()), Seen { is_local_root: false, ..span })).collect()
    };
    let expected = by_id(&mut expected.into_iter());
    let mut seen = by_id(&mut seen.into_iter());
    for (id, expected) in expected {
        let seen = seen.remove(&id).unwrap_or_else(|| panic!("{way}: {} is missing", expected.name));
        assert_eq!(seen, expected, "{way}: {}", expected.name);
    }
    assert_eq!(seen.into_values().collect::<Vec<_>>(), [], "{way}: spans that were not recorded");
}
