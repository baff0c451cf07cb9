//! What tracers say of themselves.

use std::sync::Arc;
use std::time::Duration;

use opentracing_core::{ConstSampler, SpanId, TraceId, Tracer};
use opentracing_reporter::{BatchReporter, Console};
use opentracing_viewer::{Resource, Span, Viewer};

#[test]
fn a_watched_tracer_says_what_it_does() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    let handle = viewer.handle();
    let (tracer, guard) = BatchReporter::new(viewer).start(Tracer::builder("shop")).unwrap();
    handle.watch(&tracer);
    handle.watch(&tracer);
    tracer.span("checkout").start().finish();
    tracer.flush(Duration::from_secs(60)).unwrap();
    let rows = handle.health();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].service.as_str(), rows[0].spans, rows[0].names), ("shop", 1, 1));
    let local = rows[0].local.as_ref().unwrap();
    assert_eq!((local.stats.started, local.lost), (1, 0));
    assert!(!local.report.is_empty());
    assert!(rows[0].warnings.is_empty(), "{:?}", rows[0].warnings);
    drop(guard);
    assert!(handle.health().iter().all(|row| row.local.is_none()), "a closed viewer lets go of the tracer");
}

#[test]
fn a_watched_tracer_without_spans_has_a_row() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    let (tracer, guard) = BatchReporter::new(Console::writer(std::io::sink()))
        .start(Tracer::builder("quiet").sampler(ConstSampler::off()))
        .unwrap();
    viewer.handle().watch(&tracer);
    let rows = viewer.handle().health();
    assert_eq!((rows[0].service.as_str(), rows[0].spans), ("quiet", 0));
    drop(guard);
}

#[test]
fn others_are_known_by_their_spans() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    let tags = vec![
        ("telemetry.sdk.name".into(), "opentelemetry".into()),
        ("telemetry.sdk.language".into(), "java".into()),
        ("service.version".into(), "2".into()),
    ];
    let java = Arc::new(Resource::new("stock", tags));
    let unknown = Arc::new(Resource::new("", Vec::new()));
    let spans = (1..=1500).map(|number| {
        Span::new(TraceId::from_parts(1, number), SpanId::new(number), java.clone(), format!("GET /stock/{number}"))
    });
    let lost = Span::new(TraceId::from_parts(1, 9), SpanId::new(9999), unknown, "x");
    viewer.store().insert(spans.chain([lost]).collect());
    let rows = viewer.handle().health();
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].service.as_str(), rows[0].names), ("stock", 1500));
    assert_eq!(rows[0].version.as_deref(), Some("2"));
    assert_eq!(rows[0].library.as_deref(), Some("opentelemetry java"));
    assert!(rows[0].warnings[0].contains("1500 distinct operation names"), "{:?}", rows[0].warnings);
    assert!(rows[1].warnings[0].contains("service.name"));
}
