//! `opentelemetry-otlp` with a client that discards the bodies.

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use ::opentelemetry::trace::{SpanBuilder, SpanKind, TraceContextExt, Tracer, TracerProvider};
use ::opentelemetry::{Context, KeyValue};
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData, SpanExporter};

use super::REQUESTS;
use super::measure::{Encodes, Meter};
use super::sink::Last;
use crate::subject::number;

struct Theirs {
    provider: SdkTracerProvider,
    /// One tracer per instrumentation scope.
    tracers: Tracers,
    finished: Finished,
    exporter: opentelemetry_otlp::SpanExporter,
    client: Client,
    meter: Meter,
}

struct Tracers {
    axum: SdkTracer,
    sqlx: SdkTracer,
    shop: SdkTracer,
    rdkafka: SdkTracer,
}

/// # Errors
///
/// If the exporter rejects its settings.
pub(super) fn set_up(meter: Meter) -> Result<Box<dyn Encodes>, String> {
    let client = Client::default();
    let mut exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(client.clone())
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint("http://127.0.0.1:4318/v1/traces")
        .build()
        .map_err(|error| error.to_string())?;
    let resource = Resource::builder().with_service_name("shop").with_attribute(KeyValue::new("zone", "a")).build();
    exporter.set_resource(&resource);
    let finished = Finished::default();
    let provider = SdkTracerProvider::builder().with_resource(resource).with_simple_exporter(finished.clone()).build();
    let [axum, sqlx, shop, rdkafka] = ["axum", "sqlx", "opentracing", "rdkafka"].map(|name| provider.tracer(name));
    let tracers = Tracers { axum, sqlx, shop, rdkafka };
    Ok(Box::new(Theirs { provider, tracers, finished, exporter, client, meter }))
}

impl Encodes for Theirs {
    fn burst(&mut self) -> Result<(), String> {
        (0..REQUESTS).for_each(|_| request(&self.tracers));
        self.provider.force_flush().map_err(|error| error.to_string())?;
        let mut batch = Some(self.finished.take());
        let mut result = Ok(());
        self.meter.around(|| result = at_once(self.exporter.export(batch.take().unwrap_or_default())));
        result
    }

    fn bytes(&self) -> u64 {
        self.client.bytes.load(Ordering::Relaxed)
    }

    fn body(&self) -> Vec<u8> {
        self.client.last.get()
    }
}

/// Polls once, since the client never waits.
fn at_once(future: impl Future<Output = OTelSdkResult>) -> Result<(), String> {
    match pin!(future).poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(result) => result.map_err(|error| error.to_string()),
        Poll::Pending => Err("the exporter waits".to_owned()),
    }
}

/// The same request as in `opentracing.rs`, with the attribute names that our OTLP transport writes.
fn request(Tracers { axum, sqlx, shop, rdkafka }: &Tracers) {
    let begin = |tracer: &SdkTracer, name: &'static str, kind, attributes, parent: &Context| {
        let builder = SpanBuilder::from_name(name).with_kind(kind).with_attributes::<Vec<KeyValue>>(attributes);
        parent.with_span(tracer.build_with_context(builder, parent))
    };
    let attributes = vec![
        KeyValue::new("component", "axum"),
        KeyValue::new("http.request.method", "GET"),
        KeyValue::new("url.scheme", "https"),
        KeyValue::new("server.address", "shop.example"),
        KeyValue::new("server.port", 443),
        KeyValue::new("url.path", "/cart/7"),
        KeyValue::new("url.query", "of=me"),
        KeyValue::new("http.route", "/cart/{id}"),
        KeyValue::new("network.peer.address", "10.1.2.3"),
        KeyValue::new("client.address", "10.1.2.3"),
        KeyValue::new("http.response.status_code", number(200)),
    ];
    let server = begin(axum, "GET /cart/{id}", SpanKind::Server, attributes, &Context::new());

    let attributes = vec![
        KeyValue::new("component", "sqlx"),
        KeyValue::new("peer.service", "postgresql"),
        KeyValue::new("db.system.name", "postgresql"),
        KeyValue::new("db.namespace", "shop"),
        KeyValue::new("db.query.text", "SELECT id, price FROM items WHERE cart = $1"),
        KeyValue::new("server.address", "db.example"),
        KeyValue::new("server.port", number(5432)),
        KeyValue::new("db.response.returned_rows", number(3)),
    ];
    begin(sqlx, "SELECT items", SpanKind::Client, attributes, &server).span().end();

    let price = begin(shop, "price", SpanKind::Internal, Vec::new(), &server);
    let attributes = vec![KeyValue::new("cache", "prices"), KeyValue::new("size", number(42))];
    price.span().add_event("cache.miss", attributes);
    price.span().end();

    let attributes = vec![
        KeyValue::new("component", "rdkafka"),
        KeyValue::new("peer.service", "kafka"),
        KeyValue::new("messaging.system", "kafka"),
        KeyValue::new("messaging.operation.name", "send"),
        KeyValue::new("messaging.operation.type", "send"),
        KeyValue::new("messaging.destination.name", "orders"),
        KeyValue::new("messaging.destination.partition.id", "3"),
    ];
    begin(rdkafka, "send orders", SpanKind::Producer, attributes, &server).span().end();
    server.span().end();
}

/// Finished spans before encoding.
#[derive(Clone, Debug, Default)]
struct Finished(Arc<Mutex<Vec<SpanData>>>);

impl Finished {
    fn take(&self) -> Vec<SpanData> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl SpanExporter for Finished {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(batch);
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Client {
    bytes: Arc<AtomicU64>,
    last: Last,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl HttpClient for Client {
    /// The signature that `async-trait` generates.
    fn send_bytes<'this, 'future>(
        &'this self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'future>>
    where
        'this: 'future,
        Self: 'future,
    {
        self.bytes.fetch_add(request.body().len() as u64, Ordering::Relaxed);
        self.last.keep(request.body());
        Box::pin(std::future::ready(Ok(Response::new(Bytes::new()))))
    }
}
