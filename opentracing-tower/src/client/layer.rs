//! The layer for clients, and its settings.

use std::sync::Arc;

use opentracing_core::Tracer;
use opentracing_core::http_rules::{ErrorStatuses, HostAllowList, PeerServices};
use tower_layer::Layer;

use crate::client::request::ClientConfig;
use crate::client::service::TracingClient;
use crate::decorator::SpanDecorator;

/// Traces the requests that a client makes: a span for each call of the wrapped service, so for each attempt if the layer that
/// retries is outside. The front page tells what a span says.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_tower::TracingClientLayer;
///
/// # fn build(tracer: Tracer) -> Result<TracingClientLayer, Box<dyn std::error::Error>> {
/// let layer = TracingClientLayer::with_tracer(tracer)
///     .propagate_to("*.acme.example, localhost".parse()?)
///     .peer_service("catalog");
/// # Ok(layer)
/// # }
/// # build(Tracer::noop()).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct TracingClientLayer {
    config: ClientConfig,
}

impl TracingClientLayer {
    /// Traces with the [global tracer](Tracer::global), also with one that is registered later. As long as none is, requests are made
    /// untraced; the first one writes a warning to `log`.
    ///
    /// ```
    /// use opentracing_core::Tracer;
    /// use opentracing_core::mock::MockTracer;
    /// use opentracing_tower::TracingClientLayer;
    /// use tower_service::Service;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut client = TracingClientLayer::new().wrap(axum::Router::new()); // in place of a client
    /// let mock = MockTracer::new();
    /// Tracer::set_global(mock.tracer().clone())?;
    /// drop(client.call(http::Request::new(axum::body::Body::empty())).await?);
    /// mock.assert_tree("GET (client)");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// Traces with that tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        TracingClientLayer { config: ClientConfig::new(tracer) }
    }

    /// The hosts that get trace headers and baggage. All by default. On the way to others, such headers are taken out of the request:
    /// they were copied from another one.
    pub fn propagate_to(mut self, hosts: HostAllowList) -> Self {
        self.config.propagate_to = hosts;
        self
    }

    /// Which answers are errors. [`ErrorStatuses::ServerErrors`] by default.
    pub fn error_statuses(mut self, statuses: ErrorStatuses) -> Self {
        self.config.hooks.standard = self.config.hooks.standard.error_statuses(statuses);
        self
    }

    /// The tag `peer.service` of all requests, for a client of one service. By default it is the name of the host.
    pub fn peer_service(mut self, name: &str) -> Self {
        self.config.peer_services = self.config.peer_services.with_name(name);
        self
    }

    /// The tag `peer.service` by host. By default it is the name of the host.
    pub fn peer_services(mut self, services: PeerServices) -> Self {
        self.config.peer_services = services;
        self
    }

    /// The tag `component`. By default it is `http`, for a layer cannot know which library makes the request.
    pub fn component(mut self, component: &'static str) -> Self {
        self.config.component = component;
        self
    }

    /// Adds a decorator behind the [standard one](crate::StandardDecorator) and those that were added before.
    pub fn decorator(mut self, decorator: impl SpanDecorator) -> Self {
        self.config.hooks.further.push(Arc::new(decorator));
        self
    }

    /// Wraps a client, as [`Layer::layer`] does.
    pub fn wrap<S>(&self, inner: S) -> TracingClient<S> {
        TracingClient::with_config(inner, Arc::new(self.config.clone()))
    }
}

impl<S> Layer<S> for TracingClientLayer {
    type Service = TracingClient<S>;

    fn layer(&self, inner: S) -> TracingClient<S> {
        self.wrap(inner)
    }
}
