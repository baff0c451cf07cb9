//! Our own transports send to the viewer, each in its protocol, and the viewer shows the same tree as a span of its own process.

use std::time::{Duration, SystemTime};

use opentracing_core::{SpanContext, SpanId, SpanKind, TraceId, Tracer, Value};
use opentracing_reporter::{BatchReporter, Jaeger, Otlp, Transport, Zipkin};
use opentracing_viewer::{LinkKind, Query, Span, Store};

use crate::support;

/// What every protocol must carry.
#[derive(Debug, PartialEq)]
struct Seen {
    name: String,
    service: String,
    version: Option<String>,
    kind: SpanKind,
    parent: Option<String>,
    start_unix_ns: u64,
    duration_ns: u64,
    is_failed: bool,
    tags: Vec<(&'static str, Option<String>)>,
    logs: Vec<(u64, usize)>,
}

/// A tree with each kind, a failure, a log, typed tags. Times are whole microseconds, which is what Zipkin and Jaeger carry.
fn record(tracer: &Tracer) {
    let at = |us: u64| SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_000 + us);
    let mut root =
        tracer.span("GET /orders").kind(SpanKind::Server).tag("http.status_code", 500).start_time(at(0)).start();
    root.set_tag("shelf", "A").set_tag("user", "Grüße \"<script>\"").set_tag("error", true).set_tag("cached", false);
    root.log_kv_at(at(500), &[("event", "retry".into()), ("attempt", Value::I64(2))]);
    let context = root.context().clone();
    let mut client = tracer.span("SELECT orders").kind(SpanKind::Client).child_of(&context).start_time(at(100)).start();
    client.set_tag("peer.service", "postgresql").set_tag("rows", 3);
    client.finish_at(at(300));
    let producer = tracer.span("send orders").kind(SpanKind::Producer).child_of(&context).start_time(at(400)).start();
    let sent = producer.context().clone();
    producer.finish_at(at(410));
    root.finish_at(at(1000));
    let elsewhere = SpanContext::new(TraceId::from_parts(1, 2), SpanId::new(3));
    let mut consumer = tracer.span("process orders");
    let consumer = consumer.kind(SpanKind::Consumer).follows_from(&sent).follows_from(&elsewhere);
    consumer.start_time(at(2000)).start().finish_at(at(2600));
}

fn send(transport: impl Transport) {
    let builder = Tracer::builder("shop").tag("service.version", "1.2");
    let (tracer, guard) = BatchReporter::new(transport).start(builder).unwrap();
    record(&tracer);
    tracer.flush(Duration::from_secs(60)).unwrap();
    drop(guard);
}

fn seen(store: &Store) -> Vec<Seen> {
    let page = store.traces(&Query::default());
    assert_eq!(page.total, 1, "{page:?}");
    let trace = store.trace(page.traces[0].id).unwrap();
    let name = |id: SpanId| trace.spans.iter().find(|span| span.span_id == id).map(|span| span.name.to_string());
    let text = |span: &Span, key: &'static str| (key, span.tag(key).map(|value| value.to_string()));
    let keys = ["shelf", "user", "cached", "peer.service", "rows"];
    let spans = trace.spans.iter().map(|span| Seen {
        name: span.name.to_string(),
        service: span.service().to_string(),
        version: span.version().map(|version| version.to_string()),
        kind: span.kind,
        parent: span.parent_id.and_then(name),
        start_unix_ns: span.start_unix_ns,
        duration_ns: span.duration_ns,
        is_failed: span.is_failed,
        tags: keys.iter().map(|key| text(span, key)).collect(),
        logs: span.logs.iter().map(|log| (log.unix_ns, log.fields.len())).collect(),
    });
    spans.collect()
}

#[track_caller]
fn check(
    name: &str,
    follows: Option<LinkKind>,
    transport: impl FnOnce(&opentracing_viewer::Viewer) -> Box<dyn Transport>,
) {
    let own = support::viewer();
    let expected = own.store().clone();
    send(own);
    let viewer = support::viewer();
    let store = viewer.store().clone();
    send(transport(&viewer));
    assert_eq!(seen(&store), seen(&expected), "{name}");

    assert_eq!(seen(&store).len(), 4);
    let spans = store.trace(store.traces(&Query::default()).traces[0].id).unwrap().spans;
    let links = &spans.iter().find(|span| span.kind == SpanKind::Consumer).unwrap().links;
    let other = links.iter().find(|link| link.trace_id == TraceId::from_parts(1, 2));
    assert_eq!(other.map(|link| link.kind), follows, "{name}: {links:?}");
    assert_eq!(viewer.handle().received().rejected, 0);
}

#[test]
fn each_transport_leads_to_the_same_tree() {
    let http = |viewer: &opentracing_viewer::Viewer| format!("http://{}", viewer.local_addr());
    let follows = Some(LinkKind::FollowsFrom);
    check("OTLP over HTTP", follows, |viewer| Box::new(Otlp::http(&http(viewer)).unwrap()));
    check("OTLP, compressed", follows, |viewer| Box::new(Otlp::http(&http(viewer)).unwrap().gzip()));
    check("OTLP over gRPC, compressed", follows, |viewer| {
        Box::new(Otlp::grpc(&format!("http://{}", viewer.endpoints().grpc[0])).unwrap().gzip())
    });
    check("OTLP over gRPC", follows, |viewer| {
        Box::new(Otlp::grpc(&format!("http://{}", viewer.endpoints().grpc[0])).unwrap())
    });
    check("OTLP in JSON", follows, |viewer| Box::new(Otlp::http_json(&http(viewer)).unwrap()));
    check("Zipkin", None, |viewer| Box::new(Zipkin::new(&http(viewer)).unwrap()));
    check("Jaeger", follows, |viewer| Box::new(Jaeger::http(&http(viewer)).unwrap()));
}
