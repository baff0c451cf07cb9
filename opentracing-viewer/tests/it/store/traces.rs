//! Traces and their rows in the list.

use opentracing_core::{SpanId, TraceId};
use opentracing_viewer::{Query, Store, Value};

use super::span;

fn store() -> Store {
    Store::new(Store::MIN_MAX_BYTES)
}

#[test]
fn repeated_spans_are_kept_once() {
    let store = store();
    let mut first = span("shop", "GET /", 1, 1, 5);
    first.tags = vec![("user".into(), "a".into()), ("nan".into(), Value::Bool(true))];
    let mut other = first.clone();
    other.tags[0].1 = "b".into();
    assert_eq!(store.insert(vec![first.clone()]).accepted, 1);
    let again = store.insert(vec![first.clone(), first.clone()]);
    assert_eq!((again.accepted, again.repeated), (0, 2));
    assert_eq!(store.insert(vec![other]).accepted, 1);
    let trace = store.trace(first.trace_id).unwrap();
    assert_eq!(trace.spans.len(), 2);
    assert_eq!(trace.spans.iter().map(|span| span.marks.is_duplicate).collect::<Vec<_>>(), [false, true]);
    assert_eq!(store.stats().repeated, 2);
}

#[test]
fn the_halves_of_a_shared_span_are_no_duplicates() {
    let store = store();
    let client = span("web", "get", 1, 1, 5);
    let mut server = span("shop", "get", 1, 1, 6);
    server.is_shared = true;
    store.insert(vec![server, client]);
    let spans = store.trace(TraceId::from_parts(7, 1)).unwrap().spans;
    assert_eq!(spans.iter().map(|span| span.is_shared).collect::<Vec<_>>(), [false, true]);
    assert!(spans.iter().all(|span| !span.marks.is_duplicate));
}

#[test]
fn spans_without_ids_are_rejected() {
    let store = store();
    let mut no_trace = span("shop", "a", 1, 1, 1);
    no_trace.trace_id = TraceId::INVALID;
    let mut no_span = span("shop", "a", 1, 1, 1);
    no_span.span_id = SpanId::INVALID;
    let inserted = store.insert(vec![no_trace, no_span, span("shop", "a", 1, 2, 1)]);
    assert_eq!((inserted.accepted, inserted.rejected), (1, 2));
}

#[test]
fn a_row_shows_the_root_or_the_earliest_span() {
    let store = store();
    let mut child = span("stock", "reserve", 1, 2, 3);
    child.parent_id = Some(SpanId::new(1));
    child.is_failed = true;
    store.insert(vec![child.clone()]);
    let row = store.traces(&Query::default()).traces.remove(0);
    assert!(!row.has_root);
    assert_eq!((row.service.as_str(), row.name.as_str(), row.failed), ("stock", "reserve", 1));

    let mut late_root = span("shop", "late", 1, 3, 50);
    late_root.duration_ns = 100;
    store.insert(vec![late_root, span("shop", "POST /orders", 1, 1, 2)]);
    let row = store.traces(&Query::default()).traces.remove(0);
    assert!(row.has_root);
    assert_eq!((row.service.as_str(), row.name.as_str()), ("shop", "POST /orders"));
    assert_eq!((row.start_unix_ns, row.duration_ns, row.spans), (2, 148, 3));
    assert_eq!(
        row.services.iter().map(|(name, count)| (name.as_str(), *count)).collect::<Vec<_>>(),
        [("shop", 2), ("stock", 1)]
    );
}

#[test]
fn a_64_bit_id_finds_its_trace() {
    let store = store();
    store.insert(vec![span("shop", "a", 0xabc, 1, 1)]);
    let short: TraceId = "abc".parse().unwrap();
    assert_eq!(store.trace(short).unwrap().id, TraceId::from_parts(7, 0xabc));
    assert!(store.trace(TraceId::from_parts(8, 0xabc)).is_none());
    assert_eq!(store.traces(&Query { trace_id: Some(short), ..Query::default() }).total, 1);
}

#[test]
fn changes_name_traces_once_and_in_order() {
    let store = store();
    let mut changes = store.subscribe();
    store.insert(vec![span("shop", "a", 1, 1, 1), span("shop", "a", 2, 2, 1), span("shop", "a", 1, 3, 1)]);
    store.insert(vec![span("shop", "a", 1, 1, 1)]);
    store.insert((1..400).map(|number| span("shop", "a", 1000 + number, number, 1)).collect());
    let first = changes.try_recv().unwrap();
    assert_eq!((first.sequence, first.spans, first.traces.len(), first.has_more), (1, 3, 2, false));
    let second = changes.try_recv().unwrap();
    assert_eq!((second.sequence, second.spans, second.traces.len(), second.has_more), (2, 399, 256, true));
    assert!(changes.try_recv().is_err());
    assert_eq!(store.sequence(), 2);
}
