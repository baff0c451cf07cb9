//! Spans of OpenTelemetry's SDK on their way to our reporter.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use opentelemetry::trace::{
    Link, Span, SpanContext, SpanId, SpanKind as OtelKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
    Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanExporter, SpanLimits};
use opentracing_core::mock::MockTracer;
use opentracing_core::{FinishedSpan, OwnedSpan, SpanKind, Tracer};
use opentracing_opentelemetry::{Exporter, connect_contexts};
use opentracing_reporter::{BatchReporter, SendOutcome, SendReason, Transport};

fn sdk(mock: &MockTracer) -> SdkTracerProvider {
    SdkTracerProvider::builder().with_simple_exporter(Exporter::with_tracer(mock.tracer().clone())).build()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[test]
fn a_span_of_the_sdk_stays_as_it_is() {
    let mock = MockTracer::new();
    let provider = sdk(&mock);
    let scope = InstrumentationScope::builder("driver").with_version("2.0").build();
    let tracer = provider.tracer_with_scope(scope);
    let state: TraceState = "a=1".parse().expect("the list is valid");
    let remote = SpanContext::new(TraceId::from(7), SpanId::from(9), TraceFlags::new(3), true, state);
    let linked = SpanContext::new(TraceId::from(1), SpanId::from(2), TraceFlags::SAMPLED, true, TraceState::NONE);
    let mut span = tracer
        .span_builder("charge")
        .with_kind(OtelKind::Client)
        .with_start_time(at(10))
        .with_attributes([KeyValue::new("amount", 12)])
        .with_links(vec![Link::with_context(linked)])
        .start_with_context(&tracer, &Context::new().with_remote_span_context(remote));
    span.add_event_with_timestamp("sent", at(11), vec![KeyValue::new("bytes", 3)]);
    span.set_status(Status::error("declined"));
    let ids = span.span_context().clone();
    span.end_with_timestamp(at(12));

    let span = mock.span("charge");
    assert_eq!(span.context.trace_id().to_bytes(), ids.trace_id().to_bytes());
    assert_eq!(span.context.span_id().to_bytes(), ids.span_id().to_bytes());
    assert_eq!(span.context.tracestate(), Some("a=1"));
    assert_eq!(span.parent_id.map(|id| id.get()), Some(9));
    assert!(span.is_local_root && span.is_failed && span.context.is_sampled());
    assert_eq!(span.kind, SpanKind::Client);
    assert_eq!((span.start_unix_ns, span.duration_ns), (10_000_000_000, 2_000_000_000));
    assert_eq!(span.tag("amount"), Some(12.into()));
    assert_eq!(span.tag("component"), Some("driver".into()));
    assert_eq!(span.tag("otel.scope.version"), Some("2.0".into()));
    let logs: Vec<_> = span.logs.iter().map(|log| (log.unix_ns / 1_000_000_000, log.field("event"))).collect();
    assert_eq!(logs, [(11, Some("sent".into())), (12, Some("error".into()))]);
    let references: Vec<_> = span.references.iter().map(|one| one.context.span_id().get()).collect();
    assert_eq!(references, [9, 2]);
}

#[test]
fn a_tree_of_the_sdk_stays_a_tree() {
    let mock = MockTracer::new();
    let provider = sdk(&mock);
    let tracer = provider.tracer("");
    tracer.in_span("root", |_| {
        tracer.in_span("child", |_| tracer.in_span("leaf", |_| {}));
        tracer.in_span("other child", |_| {});
    });
    let mut spans = mock.finished_spans();
    spans.sort_by_key(|span| span.start_unix_ns);
    let parents: Vec<_> = spans
        .iter()
        .map(|span| {
            let parent = spans.iter().find(|parent| Some(parent.context.span_id()) == span.parent_id);
            (&*span.operation_name, parent.map_or("", |parent| &*parent.operation_name), span.is_local_root)
        })
        .collect();
    for row in [("root", "", true), ("child", "root", false), ("leaf", "child", false), ("other child", "root", false)]
    {
        assert!(parents.contains(&row), "{row:?} is in {parents:?}");
    }
}

#[test]
fn what_the_sdk_dropped_is_told() {
    let mock = MockTracer::new();
    let mut limits = SpanLimits::default();
    (limits.max_attributes_per_span, limits.max_events_per_span) = (1, 1);
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(Exporter::with_tracer(mock.tracer().clone()))
        .with_span_limits(limits)
        .build();
    let mut span = provider.tracer("").start("cut");
    for number in 0..3 {
        span.set_attribute(KeyValue::new(format!("key {number}"), number));
        span.add_event("event", vec![]);
    }
    span.end();
    assert_eq!(mock.span("cut").tag("otel.dropped_attributes_count"), Some(2.into()));
    assert_eq!(mock.span("cut").tag("otel.dropped_events_count"), Some(2.into()));
    assert_eq!(mock.span("cut").tag("otel.dropped_links_count"), None);
}

#[test]
fn spans_that_the_sdk_does_not_sample_are_left_out() {
    let mock = MockTracer::new();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(Exporter::with_tracer(mock.tracer().clone()))
        .with_sampler(Sampler::AlwaysOff)
        .build();
    provider.tracer("").start("off").end();
    assert!(mock.finished_spans().is_empty());
}

/// The SDK exports in a context without telemetry, which must not reach the spans that it exports.
#[test]
fn suppression_of_the_sdk_does_not_drop_what_it_exports() {
    connect_contexts().expect("no other bridge exists in this process");
    let mock = MockTracer::new();
    let provider = sdk(&mock);
    mock.tracer().span("native").start().in_scope(|| {
        let guard = Context::enter_telemetry_suppressed_scope();
        let tracer = provider.tracer("");
        drop(guard);
        tracer.start("exported").end();
    });
    assert_eq!(mock.finished_spans().len(), 2);
}

/// Keeps what arrives, or fails.
#[derive(Clone, Default)]
struct Backend {
    spans: Arc<Mutex<Vec<OwnedSpan>>>,
    pending: usize,
    fails: bool,
    /// An instrumented client of the transport, which the SDK records as well.
    client: Arc<OnceLock<SdkTracerProvider>>,
}

impl Transport for Backend {
    fn name(&self) -> &'static str {
        "backend"
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        self.spans.lock().expect("no test panics here").push(span.into());
        self.pending += 1;
    }

    fn pending(&self) -> usize {
        self.pending
    }

    fn send(&mut self, _: SendReason, _: Instant) -> SendOutcome {
        if let Some(client) = self.client.get() {
            let _guard = Context::enter_telemetry_suppressed_scope();
            client.tracer("").start("POST").end();
        }
        let spans = std::mem::take(&mut self.pending);
        if self.fails { SendOutcome::dropped(spans, io::Error::other("refused")) } else { SendOutcome::sent(spans) }
    }
}

impl Backend {
    fn names(&self) -> Vec<String> {
        self.spans.lock().expect("no test panics here").iter().map(|span| span.operation_name.to_string()).collect()
    }

    fn exporter(&self) -> Exporter {
        let backend = self.clone();
        Exporter::start_with(move |builder| BatchReporter::new(backend).start(builder))
    }
}

#[test]
fn a_shutdown_delivers_everything() {
    let backend = Backend::default();
    let provider = SdkTracerProvider::builder().with_batch_exporter(backend.exporter()).build();
    let tracer = provider.tracer("");
    (0..1_000).for_each(|_| tracer.start("span").end());
    provider.shutdown().expect("everything is sent");
    assert_eq!(backend.names().len(), 1_000);
}

#[test]
fn the_resource_is_the_process() {
    let backend = Backend::default();
    let (tracer, started) = (Arc::new(Mutex::new(None)), backend.clone());
    let keep = tracer.clone();
    let exporter = Exporter::start_with(move |builder| {
        let (tracer, guard) = BatchReporter::new(started).start(builder)?;
        *keep.lock().expect("no test panics here") = Some(tracer.clone());
        Ok((tracer, guard))
    });
    let resource = Resource::builder_empty()
        .with_service_name("shop")
        .with_attributes([KeyValue::new("host.name", "a"), KeyValue::new("rank", 7)])
        .build();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter).with_resource(resource).build();
    provider.tracer("").start("span").end();
    let tracer: Tracer = tracer.lock().expect("no test panics here").take().expect("the provider is built");
    let process = tracer.process().expect("the tracer records");
    assert_eq!(process.service(), "shop");
    let mut tags: Vec<_> = process.tags().map(|(key, value)| format!("{key}={value}")).collect();
    tags.sort_unstable();
    assert_eq!(tags, ["host.name=a", "rank=7"]);
    provider.shutdown().expect("everything is sent");
    assert_eq!(tracer.stats().reporter.sent, 1);
}

#[test]
fn waiting_for_delivery_makes_force_flush_deliver_and_fail() {
    for fails in [false, true] {
        let backend = Backend { fails, ..Backend::default() };
        let exporter = backend.exporter().wait_for_delivery(Duration::from_secs(60));
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
        provider.tracer("").start("span").end();
        assert_eq!(provider.force_flush().is_err(), fails);
        assert_eq!(backend.names().len(), 1);
    }
}

#[test]
fn losses_are_counted() {
    let backend = Backend { fails: true, ..Backend::default() };
    let (tracer, guard) = BatchReporter::new(backend).start(Tracer::builder("shop")).expect("a thread starts");
    let exporter = Exporter::with_tracer(tracer.clone());
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    (0..10).for_each(|_| provider.tracer("").start("span").end());
    assert!(provider.force_flush().is_ok(), "the reporter retries on its own");
    assert!(tracer.flush(Duration::from_secs(60)).is_err());
    assert_eq!(tracer.stats().reporter.dropped_failed, 10);
    drop(guard);
}

#[test]
fn after_the_shutdown_exports_fail() {
    let mock = MockTracer::new();
    let exporter = Exporter::with_tracer(mock.tracer().clone());
    exporter.shutdown().expect("nothing is pending");
    assert!(matches!(exporter.shutdown(), Err(OTelSdkError::AlreadyShutdown)));
    let export = poll_once(exporter.export(vec![]));
    assert!(matches!(export, Err(OTelSdkError::AlreadyShutdown)));
    mock.tracer().span("still open").start().finish();
    assert_eq!(mock.finished_spans().len(), 1, "the tracer belongs to the caller");
}

#[test]
fn a_tracer_that_does_not_start_fails_each_export() {
    let exporter = Exporter::start_with(|_| Err::<(Tracer, ()), _>(io::Error::other("no address")));
    for _ in 0..2 {
        let error = poll_once(exporter.export(vec![])).expect_err("there is no tracer");
        assert!(error.to_string().contains("no address"), "{error}");
    }
}

fn poll_once<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("an export does not wait for a waker"),
    }
}

/// A transport that records its own requests with the SDK that it sends for would never come to an end.
#[test]
fn a_transport_in_a_suppressed_context_does_not_feed_itself() {
    let backend = Backend::default();
    let (tracer, guard) = BatchReporter::new(backend.clone()).start(Tracer::builder("shop")).expect("a thread starts");
    let provider = SdkTracerProvider::builder().with_simple_exporter(Exporter::with_tracer(tracer.clone())).build();
    backend.client.set(provider.clone()).expect("it is set once");
    provider.tracer("").start("span").end();
    for _ in 0..3 {
        tracer.flush(Duration::from_secs(60)).expect("everything is sent");
    }
    assert_eq!(backend.names(), ["span"]);
    drop(guard);
}
