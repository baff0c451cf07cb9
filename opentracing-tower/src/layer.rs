//! The layer for servers, and its settings.

use std::sync::Arc;
use std::time::Duration;

use http::{request, response};
use opentracing_core::Tracer;
use opentracing_core::http_rules::{ErrorStatuses, TrustedProxies};
use tower_layer::Layer;

use crate::decorator::SpanDecorator;
use crate::server::{ServerConfig, ServerTiming};
use crate::service::Tracing;

/// Traces the requests that a server serves. The front page tells what a span says.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_tower::TracingLayer;
///
/// # fn build(tracer: Tracer) -> TracingLayer {
/// TracingLayer::with_tracer(tracer).skip(|request| request.uri.path() == "/health")
/// # }
/// # build(Tracer::noop());
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct TracingLayer {
    config: ServerConfig,
}

impl TracingLayer {
    /// Traces with the [global tracer](Tracer::global), also with one that is registered later. As long as none is, requests are
    /// served untraced; the first one writes a warning to `log`.
    ///
    /// ```
    /// use opentracing_core::Tracer;
    /// use opentracing_core::mock::MockTracer;
    /// use opentracing_tower::TracingLayer;
    /// use tower_service::Service;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut service = TracingLayer::new().wrap(axum::Router::new());
    /// let mock = MockTracer::new();
    /// Tracer::set_global(mock.tracer().clone())?;
    /// drop(service.call(http::Request::new(axum::body::Body::empty())).await?);
    /// mock.assert_tree("GET (server)");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// Traces with that tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        TracingLayer { config: ServerConfig::new(tracer) }
    }

    /// Does not record the requests for which the closure returns true, nor anything that is done for them here or further down:
    /// health checks, for example. No requests by default. The closure runs for each request; of several closures each one counts.
    pub fn skip(mut self, skip: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.config.skip.push(Arc::new(skip));
        self
    }

    /// Takes the requests for those of strangers: each begins a trace of its own, with a `FollowsFrom` reference to what it says it
    /// is part of, and nobody outside chooses trace ids, sampling or baggage. Answers have no `Server-Timing`. Off by default.
    pub fn public_edge(self) -> Self {
        self.public_edge_for(|_| true)
    }

    /// Takes the requests for which the closure returns true for those of strangers, as [`public_edge`](Self::public_edge) does all: where
    /// strangers and one's own services come to the same door. The closure runs for each request; of several closures each one counts.
    ///
    /// ```
    /// use opentracing_tower::TracingLayer;
    ///
    /// // The gateway marks what comes from outside.
    /// let layer = TracingLayer::new().public_edge_for(|request| request.headers.contains_key("x-from-outside"));
    /// ```
    pub fn public_edge_for(mut self, is_stranger: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.config.strangers.push(Arc::new(is_stranger));
        self
    }

    /// Takes these proxies' word for whom they ask: `peer.ipv4`, `peer.ipv6` and `http.url` are then of the client and of what it asked
    /// for, as [`Forwarded`](opentracing_core::http_rules::Forwarded) tells. Nobody's by default: anybody can write such headers. Needs the
    /// address of the other side, as `peer.ipv4` does.
    ///
    /// ```
    /// use opentracing_tower::TracingLayer;
    ///
    /// let layer = TracingLayer::new().trusted_proxies("10.0.0.0/8, loopback".parse()?);
    /// # Ok::<(), opentracing_core::http_rules::InvalidProxies>(())
    /// ```
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.config.proxies = proxies;
        self
    }

    /// Whether answers tell the trace id to Instana's end-user monitoring. [`ServerTiming::WithInstana`] by default.
    pub fn server_timing(mut self, server_timing: ServerTiming) -> Self {
        self.config.server_timing = server_timing;
        self
    }

    /// Ends the spans of the answers for which the closure returns true with their heads, rather than with their bodies: of streams that
    /// last for hours and are to be seen before. What their bodies do is then in no span, and neither is how they end. No answers by
    /// default; of several closures each one counts.
    ///
    /// ```
    /// use opentracing_tower::{TracingLayer, is_event_stream};
    ///
    /// let layer = TracingLayer::new().end_at_head(is_event_stream);
    /// ```
    pub fn end_at_head(mut self, ends: impl Fn(&response::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.config.ends_at_head.push(Arc::new(ends));
        self
    }

    /// Writes a log `event=progress` with the bytes so far, `http.response.body.size`, when a piece of an answer is sent and that much time
    /// has passed since the span's start or the last such log. After each 8 logs the time doubles, so that a span has room for those of weeks.
    /// None by default. Reads the clock with each piece.
    pub fn progress_logs(mut self, interval: Duration) -> Self {
        self.config.progress_logs = Some(interval);
        self
    }

    /// Sets the tags `http.request.body.size` and `http.response.body.size`. The first is what the request announces, or as far as a
    /// [`RequestSizeLayer`](crate::RequestSizeLayer) inside has counted it; the second are the bytes that were sent, without what the
    /// connection adds. Off by default.
    pub fn body_sizes(mut self) -> Self {
        self.config.records_sizes = true;
        self
    }

    /// Takes this method for a known one beside [those of the registry](opentracing_core::http_rules::known_method): `PURGE` for example. Others
    /// are `_OTHER`, lest anybody makes names.
    pub fn known_method(mut self, method: &'static str) -> Self {
        self.config.methods.push(method);
        self
    }

    /// Which answers are errors. [`ErrorStatuses::ServerErrors`] by default.
    pub fn error_statuses(mut self, statuses: ErrorStatuses) -> Self {
        self.config.hooks.standard = self.config.hooks.standard.error_statuses(statuses);
        self
    }

    /// The tag `component`. By default it is `axum` where axum's router has matched the request, and `http` elsewhere.
    pub fn component(mut self, component: &'static str) -> Self {
        self.config.component = Some(component);
        self
    }

    /// Adds a decorator behind the [standard one](crate::StandardDecorator) and those that were added before.
    pub fn decorator(mut self, decorator: impl SpanDecorator) -> Self {
        self.config.hooks.further.push(Arc::new(decorator));
        self
    }

    /// Wraps a service, as [`Layer::layer`] does.
    pub fn wrap<S>(&self, inner: S) -> Tracing<S> {
        Tracing::with_config(inner, Arc::new(self.config.clone()))
    }
}

impl<S> Layer<S> for TracingLayer {
    type Service = Tracing<S>;

    fn layer(&self, inner: S) -> Tracing<S> {
        self.wrap(inner)
    }
}
