//! The layer for servers, and its settings.

use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;

use http::uri::Scheme;
use http::{Extensions, HeaderName, request};
use opentracing_core::Tracer;
use opentracing_core::http_rules::TrustedProxies;
use tower_layer::Layer;

use crate::body_type::WrappedBody;
use crate::server::{ServerConfig, ServerTiming};
use crate::service::Tracing;
use crate::settings::setters;

/// Traces the requests that a server handles. The [crate's page](crate) lists the tags of a span.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_tower::{TracingLayer, is_event_stream};
///
/// # fn build(tracer: Tracer) -> TracingLayer {
/// TracingLayer::with_tracer(tracer)
///     .skip(|request| request.uri.path() == "/health")
///     .end_at_head(is_event_stream)
/// # }
/// # build(Tracer::noop());
/// ```
#[must_use]
pub struct TracingLayer<T = WrappedBody> {
    config: Arc<ServerConfig>,
    body_type: PhantomData<fn() -> T>,
}

impl TracingLayer {
    /// Traces with the [global tracer](Tracer::global), which may be registered later. Until then, requests are not traced, and the
    /// first one writes a warning to `log`.
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

    /// Traces with this tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        TracingLayer { config: Arc::new(ServerConfig::new(tracer)), body_type: PhantomData }
    }
}

impl<T> TracingLayer<T> {
    /// Chooses the type of the bodies of responses. By default each body is wrapped in a [`ResponseBody`](crate::ResponseBody), without an
    /// allocation. A stack that demands a certain type takes another [`BodyType`](crate::BodyType).
    pub fn body_type<U>(self) -> TracingLayer<U> {
        TracingLayer { config: self.config, body_type: PhantomData }
    }

    /// Gives all responses `axum::body::Body`, whatever body the wrapped service has: for boxed services, steering and other stacks that
    /// demand the type of an untraced router. It costs the allocation that axum's router makes around any other body. `Router::layer` and
    /// `axum::serve` accept a layer, and a wrapped router, without this setting.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use axum::{Router, extract::Request, response::Response};
    /// use opentracing_tower::TracingLayer;
    /// use tower::util::BoxCloneSyncService;
    ///
    /// let traced = TracingLayer::new().axum_body().wrap(Router::new());
    /// let service: BoxCloneSyncService<Request, Response, Infallible> = BoxCloneSyncService::new(traced);
    /// ```
    #[cfg(feature = "axum")]
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn axum_body(self) -> TracingLayer<axum::body::Body> {
        self.body_type()
    }

    /// Does not record the requests for which the closure returns true: health checks, for example. The decision covers the spans below,
    /// in this process and in called services. Request figures
    /// ([`RedFigures`](opentracing_core::RedFigures)) count these requests all the same. No requests by default. If several closures are
    /// added, one that returns true is enough.
    pub fn skip(mut self, skip: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.config_mut().rules.skip(skip);
        self
    }

    /// Treats all requests as untrusted: each begins a trace of its own, with a `FollowsFrom` reference to the context in its headers.
    /// Clients then choose neither trace ids nor sampling nor baggage, and responses have no `Server-Timing`. Off by default.
    pub fn public_edge(self) -> Self {
        self.public_edge_for(|_| true)
    }

    /// Treats the requests for which the closure returns true as untrusted, as [`public_edge`](Self::public_edge) does with all. If
    /// several closures are added, one that returns true is enough.
    ///
    /// ```
    /// use opentracing_tower::TracingLayer;
    ///
    /// // The gateway marks requests from outside.
    /// let layer = TracingLayer::new()
    ///     .public_edge_for(|request| request.headers.contains_key("x-from-outside"));
    /// ```
    pub fn public_edge_for(mut self, is_untrusted: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.config_mut().rules.public_edge_for(is_untrusted);
        self
    }

    /// Trusts the `Forwarded` and `X-Forwarded-*` headers that these proxies set: `peer.ipv4`, `peer.ipv6` and `http.url` then describe
    /// the client and the URL that it requested. Trusts no proxies by default, since any client can send such headers.
    ///
    /// Needs the remote address of the connection, as `peer.ipv4` does: serve an axum router with
    /// `into_make_service_with_connect_info::<SocketAddr>()`, or set [`peer_from`](Self::peer_from). Without the address the headers are
    /// ignored, which [`Stats::missing_peer`](opentracing_core::Stats) counts; the first such request writes a warning to `log`.
    ///
    /// ```
    /// use opentracing_tower::TracingLayer;
    ///
    /// let layer = TracingLayer::new().trusted_proxies("10.0.0.0/8, loopback".parse()?);
    /// # Ok::<(), opentracing_core::http_rules::InvalidProxies>(())
    /// ```
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.config_mut().rules.trusted_proxies(proxies);
        self
    }

    /// Finds the remote address of the connection in the extensions of the request, where your server puts it: a `ConnectInfo` with a type
    /// of your own, for example. Where the closure returns `None`, the layer looks at the places that it knows. No closure by default.
    ///
    /// ```
    /// use std::net::SocketAddr;
    ///
    /// use axum::extract::ConnectInfo;
    /// use opentracing_tower::TracingLayer;
    ///
    /// #[derive(Clone)]
    /// struct Connection {
    ///     address: SocketAddr,
    ///     listener: u8,
    /// }
    ///
    /// let layer = TracingLayer::new()
    ///     .peer_from(|extensions| Some(extensions.get::<ConnectInfo<Connection>>()?.0.address));
    /// ```
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

    /// Sets the scheme of requests that do not name it. Over HTTP/1 a request does not say whether the connection has TLS, so a server that
    /// terminates TLS itself sets [`Scheme::HTTPS`]. The scheme that a request or a trusted proxy names wins. The default is
    /// [`Scheme::HTTP`].
    ///
    /// ```
    /// use axum::Router;
    /// use http::uri::Scheme;
    /// use opentracing_tower::TracingLayer;
    ///
    /// // One application for two listeners.
    /// let (app, layer) = (Router::<()>::new(), TracingLayer::new());
    /// let plain = app.clone().layer(layer.clone());
    /// let encrypted = app.layer(layer.scheme(Scheme::HTTPS));
    /// ```
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.config_mut().scheme = scheme;
        self
    }

    /// Which `Server-Timing` headers responses get. By default, [`ServerTiming::Auto`], those of a tracer that reports to Instana name the
    /// trace, and others have none.
    pub fn server_timing(mut self, server_timing: ServerTiming) -> Self {
        self.config_mut().server_timing = server_timing;
        self
    }

    /// Sets the tags `http.request.body.size` and `http.response.body.size`. The request's size is its `content-length`, or what a
    /// [`RequestSizeLayer`](crate::RequestSizeLayer) inside has counted; the response's size is what was sent, without the framing of
    /// the connection. Off by default.
    pub fn body_sizes(mut self) -> Self {
        self.config_mut().settings.records_sizes = true;
        self
    }

    /// Sets the tag `component`. The default is `axum` if axum's router has matched the request, and `http` otherwise.
    pub fn component(mut self, component: &'static str) -> Self {
        self.config_mut().component = Some(component);
        self
    }

    setters!();

    /// Wraps a service, as [`Layer::layer`] does.
    pub fn wrap<S>(&self, inner: S) -> Tracing<S, T> {
        Tracing::with_config(inner, self.config.clone())
    }

    fn config_mut(&mut self) -> &mut ServerConfig {
        Arc::make_mut(&mut self.config)
    }
}

impl<S, T> Layer<S> for TracingLayer<T> {
    type Service = Tracing<S, T>;

    fn layer(&self, inner: S) -> Tracing<S, T> {
        self.wrap(inner)
    }
}

impl<T> Clone for TracingLayer<T> {
    fn clone(&self) -> Self {
        TracingLayer { config: self.config.clone(), body_type: PhantomData }
    }
}

/// As [`TracingLayer::new`].
impl Default for TracingLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for TracingLayer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingLayer").field("config", &self.config).finish()
    }
}
