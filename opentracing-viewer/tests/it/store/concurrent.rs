//! Questions while spans come and go.

use std::sync::atomic::{AtomicBool, Ordering};

use opentracing_core::TraceId;
use opentracing_viewer::{Query, Scope, Store, TagTerm};

use super::span;

/// The store is so small that slots of traces are reused all the time. A row must never belong to a trace that does not match.
#[test]
fn answers_are_right_while_spans_leave() {
    let store = Store::new(Store::MIN_MAX_BYTES);
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut next = 1;
            while store.stats().evicted < 150_000 {
                let batch = (next..next + 700).map(|number| {
                    let is_wanted = number % 3 == 0;
                    let mut span = span("shop", if is_wanted { "wanted" } else { "other" }, number, number, number);
                    span.tags = vec![("wanted".into(), is_wanted.into()), ("number".into(), number.into())];
                    span
                });
                store.insert(batch.collect());
                next += 700;
            }
            is_done.store(true, Ordering::Release);
        });
        let query = Query { tags: vec![TagTerm::equals("wanted", "true")], limit: 500, ..Query::default() };
        loop {
            let was_done = is_done.load(Ordering::Acquire);
            let page = store.traces(&query);
            for row in &page.traces {
                // A trace may have left between the look at it and the reading of its span.
                assert!(row.name == "wanted" || row.name.is_empty(), "{row:?}");
                assert_eq!(row.id.low() % 3, 0);
            }
            assert!(page.traces.is_sorted_by(|a, b| a.start_unix_ns > b.start_unix_ns));
            if let Some(row) = page.traces.last() {
                let trace = store.trace(row.id);
                assert!(trace.is_none_or(|trace| trace.id == row.id && trace.spans.len() == 1));
            }
            store.for_each_trace(&Scope { operation: Some("wanted".to_owned()), ..Scope::default() }, |trace| {
                assert_eq!(trace.id().low() % 3, 0);
                assert_eq!(trace.rows().len(), 1);
            });
            if was_done {
                break;
            }
        }
    });
    let page = store.traces(&Query { limit: 1, ..Query::default() });
    assert_eq!(page.total, store.stats().traces);
    assert!(store.trace(TraceId::from_parts(7, 1)).is_none());
}
