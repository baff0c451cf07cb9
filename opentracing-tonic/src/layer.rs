//! The layer for servers, and its settings.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Extensions, HeaderName, request};
use opentracing_core::Tracer;
use opentracing_core::http_rules::TrustedProxies;
use tower_layer::Layer;

use crate::codes::ErrorCodes;
use crate::server::ServerConfig;
use crate::service::Tracing;
use crate::settings::setters;

/// Traces the calls that a server handles. The [crate's page](crate) lists the tags of a span.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_tonic::TracingLayer;
/// use tonic::transport::Server;
///
/// # fn build(tracer: Tracer) {
/// let tracing = TracingLayer::with_tracer(tracer).skip_health().skip_reflection();
/// let server = Server::builder().layer(tracing);
/// # }
/// # build(Tracer::noop());
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TracingLayer {
    config: Arc<ServerConfig>,
}

impl TracingLayer {
    /// Traces with the [global tracer](Tracer::global), which may be registered later. Until then, calls are not traced, and the first
    /// one writes a warning to `log`.
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// Traces with this tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        TracingLayer { config: Arc::new(ServerConfig::new(tracer)) }
    }

    /// Does not record the calls for which the closure returns true. The decision covers the spans below, in this process and in called
    /// services. Request figures ([`RedFigures`](opentracing_core::RedFigures)) count these calls all the same. No calls by default. If
    /// several closures are added, one that returns true is enough.
    pub fn skip(mut self, skip: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.config_mut().rules.skip(skip);
        self
    }

    /// Treats all calls as untrusted: each begins a trace of its own, with a `FollowsFrom` reference to the context in its metadata.
    /// Clients then choose neither trace ids nor sampling nor baggage. Off by default.
    pub fn public_edge(self) -> Self {
        self.public_edge_for(|_| true)
    }

    /// Treats the calls for which the closure returns true as untrusted, as [`public_edge`](Self::public_edge) does with all. If several
    /// closures are added, one that returns true is enough.
    ///
    /// ```
    /// use opentracing_tonic::TracingLayer;
    ///
    /// // The gateway marks calls from outside.
    /// let layer = TracingLayer::new()
    ///     .public_edge_for(|request| request.headers.contains_key("x-from-outside"));
    /// ```
    pub fn public_edge_for(mut self, is_untrusted: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.config_mut().rules.public_edge_for(is_untrusted);
        self
    }

    /// Trusts the `Forwarded` and `X-Forwarded-For` headers that these proxies set: `peer.ipv4`, `peer.ipv6` and `peer.port` then
    /// describe the client. Trusts no proxies by default, since any client can send such headers.
    ///
    /// Needs the remote address of the connection. A server with streams of another type than tonic's own sets
    /// [`peer_from`](Self::peer_from). Without the address the headers are ignored, which
    /// [`Stats::missing_peer`](opentracing_core::Stats) counts; the first such call writes a warning to `log`.
    ///
    /// ```
    /// use opentracing_tonic::TracingLayer;
    ///
    /// let layer = TracingLayer::new().trusted_proxies("10.0.0.0/8, loopback".parse()?);
    /// # Ok::<(), opentracing_core::http_rules::InvalidProxies>(())
    /// ```
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.config_mut().rules.trusted_proxies(proxies);
        self
    }

    /// Finds the remote address of the connection in the extensions of the request, where your server puts it: a type of your own that
    /// your stream's `Connected::connect_info` returns, for example. Where the closure returns `None`, the layer looks at the places that
    /// it knows. No closure by default.
    pub fn peer_from(mut self, peer: impl Fn(&Extensions) -> Option<SocketAddr> + Send + Sync + 'static) -> Self {
        self.config_mut().rules.peer_from(peer);
        self
    }

    /// The header in which trusted proxies write the address of the client alone, `x-real-ip` for example. It wins over `Forwarded` and
    /// `X-Forwarded-For`. None by default, since a proxy that does not set the header passes on what the client sent. Needs
    /// [`trusted_proxies`](Self::trusted_proxies).
    pub fn client_ip_header(mut self, name: HeaderName) -> Self {
        self.config_mut().rules.client_ip_header(name);
        self
    }

    /// Which codes are errors. The default is [`ErrorCodes::SERVER`].
    pub fn error_codes(mut self, codes: ErrorCodes) -> Self {
        self.config_mut().settings_mut().error_codes = codes;
        self
    }

    /// The time-out that the server gives its handlers, as in [`Server::timeout`](tonic::transport::Server::timeout): a call that is dropped
    /// when it has expired is `DEADLINE_EXCEEDED`. tonic applies its time-out outside of all layers, where a layer cannot tell it from a
    /// client that disconnects. None by default.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use opentracing_tonic::TracingLayer;
    /// use tonic::transport::Server;
    ///
    /// let timeout = Duration::from_secs(5);
    /// let server = Server::builder().timeout(timeout).layer(TracingLayer::new().server_timeout(timeout));
    /// # drop(server);
    /// ```
    pub fn server_timeout(mut self, timeout: Duration) -> Self {
        self.config_mut().settings_mut().server_timeout = Some(timeout);
        self
    }

    setters!();

    /// Wraps a service, as [`Layer::layer`] does.
    pub fn wrap<S>(&self, inner: S) -> Tracing<S> {
        Tracing::with_config(inner, self.config.clone())
    }

    fn config_mut(&mut self) -> &mut ServerConfig {
        Arc::make_mut(&mut self.config)
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
