//! The layer for clients, and its settings.

use std::sync::Arc;

use http::request;
use opentracing_core::Tracer;
use opentracing_core::http_rules::{HostAllowList, PeerServices};
use tonic::transport::Endpoint;
use tower_layer::Layer;

use crate::client::config::ClientConfig;
use crate::client::service::TracingClient;
use crate::codes::ErrorCodes;
use crate::decorator::SpanDecorator;
use crate::layer::{HEALTH, REFLECTION};

/// Traces the calls that a client makes: a span for each call of the wrapped service, so for each attempt if the layer that retries is
/// outside. The front page tells what a span says.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_tonic::{TracingChannel, TracingClientLayer};
/// use tonic::transport::Endpoint;
///
/// fn channel(tracer: Tracer) -> TracingChannel {
///     let endpoint = Endpoint::from_static("http://users.acme.example:50051");
///     TracingClientLayer::with_tracer(tracer).peer(&endpoint).peer_service("user").wrap(endpoint.connect_lazy())
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TracingClientLayer {
    config: ClientConfig,
}

impl TracingClientLayer {
    /// Traces with the [global tracer](Tracer::global), also with one that is registered later. As long as none is, calls are made
    /// untraced; the first one writes a warning to `log`.
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// Traces with that tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        TracingClientLayer { config: ClientConfig::new(tracer) }
    }

    /// Where the channel leads: the tags `peer.hostname` or `peer.ipv4`, `peer.ipv6`, and `peer.port`. By default it is what the request
    /// says, and that of a plain channel says nothing: tonic adds host and port behind every layer.
    pub fn peer(mut self, endpoint: &Endpoint) -> Self {
        self.config.peer = Some(endpoint.uri().into());
        self
    }

    /// The tag `peer.service` of all calls, for a client of one service. By default it is the name of the host, if that is known.
    pub fn peer_service(mut self, name: &str) -> Self {
        self.config.peer_services = self.config.peer_services.with_name(name);
        self
    }

    /// The tag `peer.service` by host. By default it is the name of the host, if that is known.
    pub fn peer_services(mut self, services: PeerServices) -> Self {
        self.config.peer_services = services;
        self
    }

    /// The hosts that get trace headers and baggage. All by default. On the way to others, also to those that are not known, such
    /// metadata are taken out of the request: they were copied from another one.
    pub fn propagate_to(mut self, hosts: HostAllowList) -> Self {
        self.config.propagate_to = hosts;
        self
    }

    /// Writes `grpc-trace-bin` as well, for peers that know `OpenCensus` alone. Off by default; always on if the tracer's writing list
    /// has that format.
    pub fn grpc_trace_bin(mut self) -> Self {
        self.config.grpc_trace_bin = true;
        self
    }

    /// Does not record the calls for which the closure returns true, and tells the other side not to. No calls by default. The
    /// closure runs for each call; of several closures each one counts.
    pub fn skip(mut self, skip: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.config.settings_mut().skip.push(Arc::new(skip));
        self
    }

    /// Does not record calls of that service, by its whole name: `acme.Metrics`.
    pub fn skip_service(mut self, service: &'static str) -> Self {
        self.config.settings_mut().skip_service(service);
        self
    }

    /// Does not record health checks: calls of `grpc.health.v1.Health`.
    pub fn skip_health(self) -> Self {
        self.skip_service(HEALTH)
    }

    /// Does not record calls of `grpc.reflection.v1.ServerReflection`, nor of its version before, `v1alpha`.
    pub fn skip_reflection(self) -> Self {
        REFLECTION.into_iter().fold(self, Self::skip_service)
    }

    /// Which codes are errors. [`ErrorCodes::CLIENT`] by default.
    pub fn error_codes(mut self, codes: ErrorCodes) -> Self {
        self.config.settings_mut().error_codes = codes;
        self
    }

    /// The tag `component`. `tonic` by default.
    pub fn component(mut self, component: &'static str) -> Self {
        self.config.settings_mut().component = component;
        self
    }

    /// Adds a decorator behind those that were added before.
    pub fn decorator(mut self, decorator: impl SpanDecorator) -> Self {
        self.config.settings_mut().hooks.add(decorator);
        self
    }

    /// Wraps a channel, or any other service of calls, as [`Layer::layer`] does.
    pub fn wrap<S>(&self, inner: S) -> TracingClient<S> {
        TracingClient::with_config(inner, Arc::new(self.config.clone()))
    }
}

/// As [`TracingClientLayer::new`].
impl Default for TracingClientLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for TracingClientLayer {
    type Service = TracingClient<S>;

    fn layer(&self, inner: S) -> TracingClient<S> {
        self.wrap(inner)
    }
}
