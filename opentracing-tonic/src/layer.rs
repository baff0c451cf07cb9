//! The layer for servers, and its settings.

use std::sync::Arc;

use http::request;
use opentracing_core::Tracer;
use tower_layer::Layer;

use crate::codes::ErrorCodes;
use crate::decorator::SpanDecorator;
use crate::server::ServerConfig;
use crate::service::Tracing;

/// Traces the calls that a server serves. The front page tells what a span says.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_tonic::TracingLayer;
/// use tonic::transport::Server;
///
/// # fn build(tracer: Tracer) {
/// let server = Server::builder().layer(TracingLayer::with_tracer(tracer).skip_health().skip_reflection());
/// # }
/// # build(Tracer::noop());
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TracingLayer {
    config: ServerConfig,
}

impl TracingLayer {
    /// Traces with the [global tracer](Tracer::global), also with one that is registered later. As long as none is, calls are served
    /// untraced; the first one writes a warning to `log`.
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// Traces with that tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        TracingLayer { config: ServerConfig::new(tracer) }
    }

    /// Does not record the calls for which the closure returns true, nor anything that is done for them here or further down. No
    /// calls by default. The closure runs for each call; of several closures each one counts.
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

    /// Takes the calls for those of strangers: each begins a trace of its own, with a `FollowsFrom` reference to what it says it is
    /// part of, and nobody outside chooses trace ids, sampling or baggage. Off by default.
    pub fn public_edge(mut self) -> Self {
        self.config.public_edge = true;
        self
    }

    /// Which codes are errors. [`ErrorCodes::SERVER`] by default.
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

    /// Wraps a service, as [`Layer::layer`] does.
    pub fn wrap<S>(&self, inner: S) -> Tracing<S> {
        Tracing::with_config(inner, Arc::new(self.config.clone()))
    }
}

/// As [`TracingLayer::new`].
impl Default for TracingLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for TracingLayer {
    type Service = Tracing<S>;

    fn layer(&self, inner: S) -> Tracing<S> {
        self.wrap(inner)
    }
}

pub(crate) const HEALTH: &str = "grpc.health.v1.Health";
pub(crate) const REFLECTION: [&str; 2] =
    ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];
