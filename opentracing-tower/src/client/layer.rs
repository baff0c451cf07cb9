//! The layer for clients, and its settings.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use http::request;
use opentracing_core::Tracer;
use opentracing_core::http_rules::{HostAllowList, PeerServices};
use tower_layer::Layer;

use crate::body_type::WrappedBody;
use crate::client::request::ClientConfig;
use crate::client::service::TracingClientService;
use crate::settings::setters;

/// Traces the requests that a client sends: one span for each call of the wrapped service. A layer that retries belongs outside, so that
/// each attempt is a span. The [crate's page](crate) lists the tags of a span.
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
#[must_use]
pub struct TracingClientLayer<T = WrappedBody> {
    config: Arc<ClientConfig>,
    body_type: PhantomData<fn() -> T>,
}

impl TracingClientLayer {
    /// Traces with the [global tracer](Tracer::global), which may be registered later. Until then, requests are not traced, and the
    /// first one writes a warning to `log`.
    ///
    /// ```
    /// use opentracing_core::Tracer;
    /// use opentracing_core::mock::MockTracer;
    /// use opentracing_tower::TracingClientLayer;
    /// use tower_service::Service;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let router = axum::Router::new(); // stands for a client
    /// let mut client = TracingClientLayer::new().wrap(router);
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

    /// Traces with this tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        TracingClientLayer { config: Arc::new(ClientConfig::new(tracer)), body_type: PhantomData }
    }
}

impl<T> TracingClientLayer<T> {
    /// Chooses the type of the bodies of responses, as [`TracingLayer::body_type`](crate::TracingLayer::body_type) does.
    pub fn body_type<U>(self) -> TracingClientLayer<U> {
        TracingClientLayer { config: self.config, body_type: PhantomData }
    }

    /// Gives all responses `axum::body::Body`, for stacks that demand this type: a client in the state of a reverse proxy, for example.
    #[cfg(feature = "axum")]
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn axum_body(self) -> TracingClientLayer<axum::body::Body> {
        self.body_type()
    }

    /// Does not record the requests for which the closure returns true, and sends the called service the same decision. Request
    /// figures ([`RedFigures`](opentracing_core::RedFigures)) count these requests all the same. No requests by default. If several
    /// closures are added, one that returns true is enough. A request that should have no trace headers at all takes
    /// [`Untraced`](crate::Untraced) among its extensions.
    pub fn skip(mut self, skip: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.config_mut().skip.add(skip);
        self
    }

    /// Which hosts get trace headers and baggage. All by default. Requests to other hosts lose the trace headers that they have, which
    /// were copied from another request.
    pub fn propagate_to(mut self, hosts: HostAllowList) -> Self {
        self.config_mut().propagate_to = hosts;
        self
    }

    /// Sets the tag `peer.service` of all requests, for a client of one service. The default is the name of the host.
    pub fn peer_service(mut self, name: &str) -> Self {
        let services = &mut self.config_mut().peer_services;
        *services = std::mem::take(services).with_name(name);
        self
    }

    /// Sets the tag `peer.service` by host. The default is the name of the host.
    pub fn peer_services(mut self, services: PeerServices) -> Self {
        self.config_mut().peer_services = services;
        self
    }

    /// Sets the tags `http.request.body.size`, to the request's `content-length`, and `http.response.body.size`, to the bytes that were
    /// read. Off by default.
    pub fn body_sizes(mut self) -> Self {
        self.config_mut().settings.records_sizes = true;
        self
    }

    /// Sets the tag `component`. The default is `http`, since a layer does not know which library sends the request.
    pub fn component(mut self, component: &'static str) -> Self {
        self.config_mut().component = component;
        self
    }

    setters!();

    /// Wraps a client, as [`Layer::layer`] does.
    pub fn wrap<S>(&self, inner: S) -> TracingClientService<S, T> {
        TracingClientService::with_config(inner, self.config.clone())
    }

    fn config_mut(&mut self) -> &mut ClientConfig {
        Arc::make_mut(&mut self.config)
    }
}

impl<S, T> Layer<S> for TracingClientLayer<T> {
    type Service = TracingClientService<S, T>;

    fn layer(&self, inner: S) -> TracingClientService<S, T> {
        self.wrap(inner)
    }
}

impl<T> Clone for TracingClientLayer<T> {
    fn clone(&self) -> Self {
        TracingClientLayer { config: self.config.clone(), body_type: PhantomData }
    }
}

/// As [`TracingClientLayer::new`].
impl Default for TracingClientLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for TracingClientLayer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingClientLayer").field("config", &self.config).finish()
    }
}
