//! Collects oxtel spans, and its adapters.

use axum::Router;
use opentracing_bench::http::{Call, ClientPeer, Pending, Seen, ServerPeer};
use oxtel_sdk::Resource;
use oxtel_sdk::trace::{InMemorySpanExporter, Sampler, SpanData, Status, TracerProvider};
use oxtel_tower::{HttpClientLayer, HttpServerLayer};
use tower::{Layer, ServiceExt, service_fn};
use tracing::instrument::WithSubscriber;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Level};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

use crate::clients::failed;

/// Keeps finished spans in memory.
pub(crate) struct Oxtel {
    exporter: InMemorySpanExporter,
    /// The layer records nothing without it.
    _provider: TracerProvider,
    pub(crate) dispatch: Dispatch,
}

impl Oxtel {
    pub(crate) fn new() -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = TracerProvider::builder()
            .with_resource(Resource::builder().without_env().build())
            .with_sampler(Sampler::AlwaysOn)
            .with_simple_exporter(exporter.clone())
            .build();
        // Otherwise the spans contain events of other crates.
        let adapters = Targets::new().with_default(Level::TRACE).with_targets(
            ["axum::", "h2", "hyper", "hyper_util", "reqwest::", "tower::"].map(|name| (name, LevelFilter::OFF)),
        );
        let layer = provider.layer().with_filter(adapters);
        Oxtel { exporter, _provider: provider, dispatch: Dispatch::new(tracing_subscriber::registry().with(layer)) }
    }

    fn spans(&self) -> Vec<Seen> {
        let spans = self.exporter.finished_spans();
        self.exporter.reset();
        spans.iter().map(seen).collect()
    }
}

fn seen(span: &SpanData) -> Seen {
    let attributes = span.attributes.iter().chain(span.events.iter().flat_map(|event| &event.attributes));
    let mut text: String = attributes.map(|pair| format!("{}={:?} ", pair.key, pair.value)).collect();
    span.events.iter().for_each(|event| text.push_str(&event.name));
    if let Status::Error { description } = &span.status {
        text.push_str(description);
    }
    Seen {
        name: span.name.to_string(),
        duration: span.end_time.duration_since(span.start_time).unwrap_or_default(),
        is_failed: matches!(span.status, Status::Error { .. }),
        trace_id: u128::from_be_bytes(span.context.trace_id.to_bytes()),
        text,
    }
}

/// `HttpServerLayer` of `oxtel-tower`.
pub(crate) struct OxtelServer<'a>(pub(crate) &'a Oxtel);

impl ServerPeer for OxtelServer<'_> {
    fn wrap(&self, router: Router) -> Router {
        router.layer(HttpServerLayer::new())
    }

    fn take(&self) -> Vec<Seen> {
        self.0.spans()
    }
}

/// `HttpClientLayer` of `oxtel-tower` around reqwest, whose requests and responses it does not know.
pub(crate) struct OxtelClient<'a> {
    pub(crate) oxtel: &'a Oxtel,
    pub(crate) client: reqwest::Client,
}

impl ClientPeer for OxtelClient<'_> {
    fn send(&self, call: Call) -> Option<Pending> {
        let cannot = call.operation_name.is_some() || call.peer_service.is_some() || call.propagate_to.is_some();
        if cannot {
            return None;
        }
        let client = self.client.clone();
        let timeout = call.timeout;
        let plain = service_fn(move |request: http::Request<reqwest::Body>| {
            let client = client.clone();
            async move {
                let mut request = reqwest::Request::try_from(request)?;
                *request.timeout_mut() = timeout;
                client.execute(request).await.map(http::Response::<reqwest::Body>::from)
            }
        });
        let traced = HttpClientLayer::new().with_propagation(!call.without_propagation).layer(plain);
        let sent = async move {
            loop {
                let request = http::Request::get(&call.url).body(reqwest::Body::default()).map_err(failed)?;
                let response: http::Response<reqwest::Body> = traced.clone().oneshot(request).await.map_err(failed)?;
                if !call.retries || response.status() != http::StatusCode::SERVICE_UNAVAILABLE {
                    return Ok(reqwest::Response::from(response));
                }
            }
        };
        Some(Box::pin(sent.with_subscriber(self.oxtel.dispatch.clone())))
    }

    fn take(&self) -> Vec<Seen> {
        self.oxtel.spans()
    }
}
