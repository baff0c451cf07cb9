//! The bound in bytes.

use std::sync::Arc;

use opentracing_core::{SpanId, TraceId};
use opentracing_viewer::{Query, Resource, Span, Store, Text, Value};

use super::span;

const MAX_BYTES: usize = Store::MIN_MAX_BYTES;

/// Floods a store, and returns the greatest number of bytes it had.
fn flood(store: &Store, mut span: impl FnMut(u64) -> Span) -> usize {
    let mut most = 0;
    let mut next = 1;
    while store.stats().evicted < 20_000 {
        assert!(next < 1_000_000, "nothing leaves the store");
        store.insert((next..next + 500).map(&mut span).collect());
        next += 500;
        most = most.max(store.stats().bytes);
    }
    let stats = store.stats();
    assert_eq!(stats.accepted, next - 1);
    assert_eq!(stats.spans as u64 + stats.evicted, stats.accepted);
    most
}

#[track_caller]
fn check(name: &str, least_spans: usize, span: impl FnMut(u64) -> Span) {
    let store = Store::new(MAX_BYTES);
    let most = flood(&store, span);
    assert!(most <= MAX_BYTES, "{name}: {most} bytes");
    let stats = store.stats();
    assert!(stats.spans >= least_spans, "{name}: {} spans left", stats.spans);
}

fn resource() -> Arc<Resource> {
    Arc::new(Resource::new("shop", Vec::new()))
}

fn bare(number: u64) -> Span {
    Span::new(TraceId::from_parts(1, number), SpanId::new(number), resource(), "GET /")
}

#[test]
fn floods_stay_within_the_bound() {
    check("a trace for each span", 20_000, bare);
    check("one trace", 50_000, |number| Span::new(TraceId::from_parts(1, 1), SpanId::new(number), resource(), "GET /"));
    check("a name for each span", 10_000, |number| {
        let mut span = bare(number);
        span.name = format!("GET /orders/{number}").into();
        span
    });
    check("a process for each span", 8_000, |number| {
        let tags = vec![("host.name".into(), format!("host-{number}").into())];
        Span::new(
            TraceId::from_parts(1, number),
            SpanId::new(number),
            Arc::new(Resource::new(format!("shop-{number}"), tags)),
            "GET /",
        )
    });
    check("a key for each span", 10_000, |number| {
        let mut span = bare(number);
        span.tags = vec![(format!("key-{number}").into(), Value::from(true))];
        span
    });
    check("values that come twice", 10_000, |number| {
        let mut span = bare(number);
        span.tags = vec![("user.id".into(), format!("user-{}", number / 2).into())];
        span
    });
}

#[test]
fn large_spans_are_cut_and_leave_early() {
    let store = Store::new(MAX_BYTES);
    let large = |number: u64| {
        let mut span = bare(number);
        span.name = "n".repeat(1 << 20).into();
        span.tags = vec![("body".into(), "ü".repeat(1 << 19).into()), ("after".into(), 1_i64.into())];
        span
    };
    for number in 1..400 {
        store.insert(vec![large(number)]);
        assert!(store.stats().bytes <= MAX_BYTES);
    }
    let stats = store.stats();
    assert_eq!(stats.cut, 399);
    assert!(stats.spans >= 10 && stats.evicted > 0, "{stats:?}");
    let newest = store.trace(TraceId::from_parts(1, 399)).unwrap().spans.remove(0);
    assert!(newest.marks.is_cut);
    assert_eq!(newest.name.len(), 1024);
    assert!(newest.tags[0].1.as_text().unwrap().len() <= 64 << 10);
}

#[test]
fn the_oldest_spans_leave_first() {
    let store = Store::new(MAX_BYTES);
    // A trace that is never complete: one span in every batch.
    let mut next = 1;
    while store.stats().evicted == 0 {
        let mut batch = vec![span("shop", "long", 1, next, next)];
        batch.extend((1..500).map(|number| span("shop", "short", next + number, next + number, next + number)));
        store.insert(batch);
        next += 500;
    }
    let stats = store.stats();
    assert_eq!(stats.evicted, 8192);
    assert!(stats.partial_traces >= 1);
    assert!(store.trace(TraceId::from_parts(7, 2)).is_none(), "a trace whose only span has left");
    let long = store.trace(TraceId::from_parts(7, 1)).unwrap();
    assert!(long.is_partial);
    assert_eq!(long.spans.len() as u64, (next - 1) / 500 - 17, "17 of its spans have left");
    let row = store.traces(&Query { operation: Some("long".to_owned()), ..Query::default() }).traces.remove(0);
    assert!(row.is_partial && row.spans == long.spans.len());
    assert_eq!(row.name, Text::from("long"));
    let total = store.traces(&Query::default()).total;
    assert_eq!(total, store.stats().traces);
}
