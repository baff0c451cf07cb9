//! Libraries of the registry that use OpenTelemetry's API, with the global provider and propagator. They share one tracer, so each test looks
//! at its own traces.

use std::sync::OnceLock;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{HeaderMap, Request};
use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry::trace::{FutureExt, TraceContextExt, TracerProvider};
use opentelemetry::{Context, KeyValue, global};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, OwnedSpan, SpanKind, TraceId};
use opentracing_opentelemetry::{Provider, install};
use tonic::metadata::{AsciiMetadataKey, KeyRef};
use tower::{Layer, ServiceExt, service_fn};
use tracing_subscriber::layer::SubscriberExt;

use crate::native;

fn installed() -> &'static MockTracer {
    static MOCK: OnceLock<MockTracer> = OnceLock::new();
    MOCK.get_or_init(|| {
        let mock = MockTracer::new();
        install(mock.tracer()).expect("no other bridge exists in this process");
        mock
    })
}

/// The span id of a remote caller, which no span of the mock tracer has.
const CALLER: u64 = 1 << 60;

/// The spans of a trace below that parent, by indentation.
fn tree(trace_id: TraceId, parent: u64) -> String {
    fn below(spans: &[OwnedSpan], parent: u64, indent: usize, text: &mut String) {
        for span in spans.iter().filter(|span| span.parent_id.map_or(0, |id| id.get()) == parent) {
            text.push_str(&format!("{:indent$}{}\n", "", span.operation_name));
            below(spans, span.context.span_id().get(), indent + 2, text);
        }
    }
    let mut spans = installed().finished_spans();
    spans.retain(|span| span.context.trace_id() == trace_id);
    spans.sort_by_key(|span| span.context.span_id());
    let mut text = String::new();
    below(&spans, parent, 0, &mut text);
    text
}

fn span(trace_id: TraceId, name: &str) -> OwnedSpan {
    let mut spans = installed().finished_spans().into_iter();
    spans.find(|span| span.context.trace_id() == trace_id && &*span.operation_name == name).expect("the span finished")
}

/// Does what a handler does with our adapters and with libraries.
async fn handle() -> &'static str {
    tokio::task::yield_now().await;
    native(installed(), "native");
    let query = async {
        tokio::task::yield_now().await;
        native(installed(), "below query");
    };
    let tracer = global::tracer("driver");
    query.with_context(Context::current_with_span(opentelemetry::trace::Tracer::start(&tracer, "query"))).await;
    Context::map_current(|context| context.span().set_attribute(KeyValue::new("by.handler", true)));
    "done"
}

fn request(trace_id: u64) -> Request<Body> {
    Request::get("/orders/7")
        .header("x-b3-traceid", format!("{trace_id:032x}"))
        .header("x-b3-spanid", format!("{CALLER:016x}"))
        .header("x-b3-sampled", "1")
        .body(Body::empty())
        .expect("the request is valid")
}

#[tokio::test]
async fn opentelemetry_instrumentation_tower() {
    installed();
    let layer = opentelemetry_instrumentation_tower::http::server::Layer::new();
    let app = Router::new().route("/orders/{id}", get(handle)).layer(layer);
    let response = app.oneshot(request(0x7001)).await.expect("a router does not fail");
    drop(response);

    let trace_id = TraceId::from_parts(0, 0x7001);
    assert_eq!(tree(trace_id, CALLER), "GET /orders/{id}\n  native\n  query\n    below query\n");
    let server = span(trace_id, "GET /orders/{id}");
    assert_eq!(server.kind, SpanKind::Server);
    assert_eq!(server.tag("http.route"), Some("/orders/{id}".into()));
    assert_eq!(server.tag("http.response.status_code"), Some(200.into()));
    assert_eq!(server.tag("by.handler"), Some(true.into()));
}

#[test]
fn opentelemetry_http() {
    let mock = installed();
    let mut headers = HeaderMap::new();
    let call = mock.tracer().span("call").start_active();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&Context::current(), &mut HeaderInjector(&mut headers));
    });
    call.close();
    let context = global::get_text_map_propagator(|propagator| propagator.extract(&HeaderExtractor(&headers)));
    let ids = context.span().span_context().clone();
    let span_id = format!("{:016x}", ids.span_id());
    for (name, value) in [("x-instana-s", &span_id), ("x-b3-spanid", &span_id)] {
        assert_eq!(headers[name], **value, "{name}");
    }
    assert!(headers["traceparent"].to_str().expect("it is ASCII").contains(&span_id));
    assert!(ids.is_remote() && ids.is_sampled());
}

/// The metadata of a gRPC call, as interceptors wrap it.
struct Metadata(tonic::metadata::MetadataMap);

impl Injector for Metadata {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(key), Ok(value)) = (key.parse::<AsciiMetadataKey>(), value.parse()) {
            self.0.insert(key, value);
        }
    }
}

impl Extractor for Metadata {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        let name = |key| match key {
            KeyRef::Ascii(key) => key.as_str(),
            KeyRef::Binary(key) => key.as_str(),
        };
        self.0.keys().map(name).collect()
    }
}

#[test]
fn an_interceptor_of_tonic() {
    let mock = installed();
    let mut metadata = Metadata(tonic::metadata::MetadataMap::new());
    let mut call = mock.tracer().span("call").start();
    call.set_baggage_item("tenant", "7");
    let sent = call.context().expect("a span has a context");
    call.in_scope(|| global::get_text_map_propagator(|propagator| propagator.inject(&mut metadata)));
    assert_eq!(metadata.get("x-instana-s"), Some(&*sent.span_id().to_string()));

    let context = global::get_text_map_propagator(|propagator| propagator.extract(&metadata));
    let _guard = context.attach();
    let served = mock.tracer().span("served").start().context().expect("a span has a context");
    assert_eq!((served.trace_id(), served.parent_id()), (sent.trace_id(), Some(sent.span_id())));
    assert_eq!(served.baggage_item("tenant"), Some("7"));
}

/// Libraries of `OpenTelemetrySpanExt` need the layer of tracing-opentelemetry. It works over our tracer.
#[tokio::test]
async fn tower_otel_on_tracing_opentelemetry() {
    let mock = installed();
    let tracer = Provider::with_tracer(mock.tracer().clone()).tracer("app");
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));

    let server = tower_otel::trace::HttpLayer::server(tracing::Level::INFO);
    let app = Router::new().route("/orders/{id}", get(handle)).layer(server);
    // Another task knows only what the headers say.
    let send = service_fn(move |request: Request<Body>| {
        let served = tokio::spawn(app.clone().oneshot(request));
        async { served.await.expect("the task does not panic") }
    });

    let job = mock.tracer().span("job").start();
    let trace_id = job.context().expect("a span has a context").trace_id();
    let client = tower_otel::trace::HttpLayer::client(tracing::Level::INFO);
    async {
        let request = Request::get("http://orders/orders/7").body(Body::empty()).expect("the request is valid");
        let response = client.layer(send).oneshot(request).await.expect("a router does not fail");
        assert_eq!(response.status(), 200);
    }
    .in_span(job)
    .await;

    assert_eq!(tree(trace_id, 0), "job\n  GET\n    GET /orders/{id}\n      native\n      query\n        below query\n");
    assert_eq!(span(trace_id, "GET").kind, SpanKind::Client);
}
