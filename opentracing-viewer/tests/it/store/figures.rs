//! Rate, errors, durations.

use opentracing_core::{SpanId, SpanKind};
use opentracing_viewer::{Histogram, Scope, Span, Store};

use super::span;

#[test]
fn histograms_are_right_to_1_6_percent() {
    let mut seed = 1_u64;
    let mut values: Vec<u64> = (0..20_000)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 11) >> (seed % 50)
        })
        .chain([0, 1, 63, 64, u64::MAX])
        .collect();
    let (mut all, mut halves) = (Histogram::new(), [Histogram::new(), Histogram::new()]);
    for (index, value) in values.iter().enumerate() {
        all.record(*value);
        halves[index % 2].record(*value);
    }
    let mut merged = Histogram::new();
    merged.merge(&halves[1]);
    merged.merge(&halves[0]);
    values.sort_unstable();
    for share in [0.0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0] {
        let rank = ((share * values.len() as f64).ceil() as usize).clamp(1, values.len());
        let (exact, found) = (values[rank - 1], all.quantile(share).unwrap());
        assert!(found.abs_diff(exact) as f64 <= exact as f64 * 0.016 + 1.0, "{share}: {found} for {exact}");
        assert_eq!(merged.quantile(share), Some(found));
    }
    assert_eq!((all.count(), all.min(), all.max()), (20_005, 0, u64::MAX));
    assert_eq!(all.buckets().map(|(_, _, count)| u64::from(count)).sum::<u64>(), 20_005);
    assert_eq!(Histogram::new().quantile(0.5), None);
}

fn call(service: &str, name: &str, kind: SpanKind, id: u64, failed: bool) -> Span {
    let mut call = span(service, name, id, id, id);
    (call.kind, call.is_failed, call.duration_ns) = (kind, failed, 1000 * id);
    call
}

fn filled() -> Store {
    let store = Store::new(Store::MIN_MAX_BYTES);
    store.insert((1..=20).map(|id| call("shop", "GET /", SpanKind::Server, id, id % 5 == 0)).collect());
    store.insert((21..=25).map(|id| call("shop", "GET /", SpanKind::Client, id, false)).collect());
    store.insert((26..=27).map(|id| call("stock", "reserve", SpanKind::Server, id, true)).collect());
    store
}

#[test]
fn figures_are_by_service_name_and_kind() {
    let figures = filled().figures(&Scope::default());
    let rows = figures.operations.iter();
    let rows = rows.map(|row| (row.service.as_str(), row.name.as_str(), row.kind, row.spans, row.failed));
    let expected = [
        ("shop", "GET /", SpanKind::Server, 20, 4),
        ("shop", "GET /", SpanKind::Client, 5, 0),
        ("stock", "reserve", SpanKind::Server, 2, 2),
    ];
    assert!(rows.eq(expected));
    assert_eq!(figures.operations[0].durations.max(), 20_000);
    assert_eq!(figures.others, 0);
}

#[test]
fn a_scope_narrows_figures_and_timeline() {
    let store = filled();
    let scope =
        Scope { service: Some("shop".to_owned()), from_unix_ns: Some(11), until_unix_ns: Some(23), ..Scope::default() };
    let counts: Vec<u64> = store.figures(&scope).operations.iter().map(|row| row.spans).collect();
    assert_eq!(counts, [10, 2]);
    let buckets: Vec<_> =
        store.timeline(&scope, 10).iter().map(|bucket| (bucket.start_unix_ns, bucket.spans, bucket.failed)).collect();
    assert_eq!(buckets, [(10, 9, 1), (20, 3, 1)]);
    assert!(store.figures(&Scope { version: Some("2".to_owned()), ..Scope::default() }).operations.is_empty());
}

#[test]
fn rows_of_a_trace_come_together() {
    let store = Store::new(Store::MIN_MAX_BYTES);
    let mut server = span("stock", "reserve", 1, 2, 7);
    (server.parent_id, server.kind) = (Some(SpanId::new(1)), SpanKind::Server);
    server.tags = vec![("peer.service".into(), "shop".into())];
    store.insert(vec![span("shop", "GET /", 1, 1, 5), span("mail", "send", 2, 3, 6)]);
    store.insert(vec![server]);
    let mut seen = Vec::new();
    store.for_each_trace(&Scope { service: Some("stock".to_owned()), ..Scope::default() }, |trace| {
        let rows = trace.rows().iter().enumerate();
        seen.extend(rows.map(|(index, row)| {
            let peer = trace.tag(index, "peer.service").map(|peer| peer.to_string());
            (
                trace.id().low(),
                trace.service(index).to_string(),
                trace.name(index).to_string(),
                row.parent_id,
                row.kind,
                peer,
            )
        }));
    });
    let expected = [
        (1, "shop".to_owned(), "GET /".to_owned(), None, SpanKind::Internal, None),
        (1, "stock".to_owned(), "reserve".to_owned(), Some(SpanId::new(1)), SpanKind::Server, Some("shop".to_owned())),
    ];
    assert_eq!(seen, expected);
    let mut order = Vec::new();
    store.for_each_trace(&Scope::default(), |trace| order.push(trace.id().low()));
    assert_eq!(order, [2, 1]);
}

#[test]
fn more_operations_than_rows_are_counted() {
    let store = Store::new(4 * Store::MIN_MAX_BYTES);
    store.insert((1..=5000).map(|id| span("shop", &format!("op-{id}"), 1, id, id)).collect());
    let figures = store.figures(&Scope::default());
    assert_eq!((figures.operations.len(), figures.others), (4096, 904));
}
