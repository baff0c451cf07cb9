//! Spans across restarts.

use std::path::Path;
use std::sync::Arc;

use opentracing_core::{SpanId, SpanKind, TraceId};
use opentracing_viewer::{Link, LinkKind, Log, Query, Resource, Span, Store, Value, Viewer};

fn open(path: &Path) -> Viewer {
    Viewer::builder().max_bytes(Store::MIN_MAX_BYTES).store_file(path).start().unwrap()
}

fn span(number: u64) -> Span {
    let tags = vec![("service.version".into(), "1".into()), ("host.name".into(), "h".into())];
    let mut span =
        Span::new(TraceId::from_parts(1, number), SpanId::new(number), Arc::new(Resource::new("shop", tags)), "GET /");
    span.start_unix_ns = number;
    span
}

/// Spans beyond 50,000 in the queue would not be kept.
fn wait_for_file(store: &Store) {
    while store.stats().queued > 20_000 {
        std::thread::yield_now();
    }
}

#[test]
fn a_restart_keeps_every_part_of_a_span() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new folder/traces.db");
    let mut full = span(1);
    full.parent_id = Some(SpanId::new(9));
    full.kind = SpanKind::Consumer;
    full.duration_ns = u64::MAX;
    (full.is_failed, full.is_shared, full.marks.ends_before_start) = (true, true, true);
    full.tags = vec![
        ("text".into(), "Grüße".into()),
        ("none".into(), "".into()),
        ("i64".into(), Value::I64(i64::MIN)),
        ("u64".into(), Value::U64(u64::MAX)),
        ("f64".into(), Value::F64(-0.5)),
        ("bool".into(), true.into()),
        ("json".into(), Value::Json("[1]".into())),
    ];
    full.logs = vec![Log::new(0, vec![("event".into(), "before".into())]), Log::new(u64::MAX, Vec::new())];
    let mut link = Link::new(LinkKind::FollowsFrom, TraceId::from_parts(5, 6), SpanId::new(7));
    link.tags = vec![("a".into(), 1_i64.into())];
    full.links = vec![link];

    let viewer = open(&path);
    viewer.store().insert(vec![full.clone(), span(2)]);
    viewer.store().insert(vec![span(3)]);
    assert!(viewer.store().stats().has_file);
    drop(viewer);

    for restart in 1..3 {
        let viewer = open(&path);
        assert_eq!(viewer.store().traces(&Query::default()).total, 3, "restart {restart}");
        assert_eq!(viewer.store().trace(full.trace_id).unwrap().spans, [full.clone()]);
        assert_eq!(viewer.store().trace(TraceId::from_parts(1, 3)).unwrap().spans, [span(3)]);
        // A sender repeats a request across the restart.
        assert_eq!(viewer.store().insert(vec![span(3)]).repeated, 1);
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own/traces.db");
    let viewer = open(&path);
    viewer.store().insert(vec![span(1)]);
    drop(viewer);
    let viewer = open(&path);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    drop(viewer);
}

#[test]
fn the_file_loses_what_the_store_loses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traces.db");
    let (mut next, mut kept) = (1, 0);
    for _ in 0..2 {
        let viewer = open(&path);
        assert_eq!(viewer.store().stats().spans, kept);
        while viewer.store().stats().evicted < 30_000 {
            let batch = (next..next + 500).map(|number| {
                let mut span = span(number);
                span.tags = vec![("body".into(), format!("{number}{}", "x".repeat(100)).into())];
                span
            });
            viewer.store().insert(batch.collect());
            next += 500;
            wait_for_file(viewer.store());
        }
        let stats = viewer.store().stats();
        assert_eq!(stats.not_stored, 0);
        kept = stats.spans;
        drop(viewer);
    }
    let viewer = open(&path);
    let stats = viewer.store().stats();
    assert_eq!((stats.spans, stats.evicted), (kept, 0));
    let oldest = viewer.store().traces(&Query { until_unix_ns: Some(next - kept as u64), ..Query::default() });
    assert_eq!(oldest.total, 0, "older spans have left the file");
}

#[test]
fn a_smaller_bound_shortens_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traces.db");
    let large = Viewer::builder().max_bytes(64 << 20).store_file(&path).start().unwrap();
    for first in (1..120_000).step_by(500) {
        large.store().insert((first..first + 500).map(span).collect());
        wait_for_file(large.store());
    }
    assert_eq!(large.store().stats().evicted, 0);
    drop(large);
    let small = open(&path);
    let stats = small.store().stats();
    assert!(stats.evicted > 0 && stats.bytes <= stats.max_bytes, "{stats:?}");
    drop(small);
    let again = open(&path);
    assert_eq!(again.store().stats().spans, stats.spans);
    assert_eq!(again.store().stats().evicted, 0);
}

#[test]
fn other_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "these are the notes of somebody, and no database at all".repeat(100)).unwrap();
    let error = Viewer::builder().store_file(&path).start().unwrap_err();
    assert!(error.to_string().contains("notes.txt") && error.to_string().contains("not one of the viewer"), "{error}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("these are the notes"));

    let path = folder.path().join("other.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE spans (a)").unwrap();
    drop(other);
    let error = Viewer::builder().store_file(&path).start().unwrap_err();
    assert!(error.to_string().contains("not one of the viewer"), "{error}");
}

#[test]
fn a_second_viewer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traces.db");
    let first = open(&path);
    first.store().insert(vec![span(1)]);
    let error = Viewer::builder().store_file(&path).start().unwrap_err();
    assert!(error.to_string().contains("another viewer"), "{error}");
    drop(first);
    assert_eq!(open(&path).store().stats().spans, 1);
}

#[test]
fn damaged_spans_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traces.db");
    let viewer = open(&path);
    viewer.store().insert((1..=10).map(span).collect());
    drop(viewer);
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch("UPDATE spans SET body = x'00ff' WHERE row IN (3, 10); UPDATE spans SET body = substr(body, 1, 50) WHERE row = 5").unwrap();
    drop(file);
    let viewer = open(&path);
    assert_eq!(viewer.store().stats().spans, 7);
    viewer.store().insert(vec![span(11)]);
    drop(viewer);
    assert_eq!(open(&path).store().stats().spans, 8);
}
