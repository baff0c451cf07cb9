//! The traced server.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tonic::body::Body;
use tonic::server::NamedService;
use tower_service::Service;

use crate::future::ResponseFuture;
use crate::layer::TracingLayer;
use crate::server::ServerConfig;

/// A traced server: each call has a span. Made by [`TracingLayer`], or by [`TracingLayer::wrap`] where there are no layers.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_tonic::{Tracing, TracingLayer};
/// use tonic::service::Routes;
///
/// fn traced(tracer: Tracer, services: Routes) -> Tracing<Routes> {
///     TracingLayer::with_tracer(tracer).wrap(services)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Tracing<S> {
    inner: S,
    config: Arc<ServerConfig>,
}

impl<S> Tracing<S> {
    /// Wraps a service, with the global tracer and the defaults of [`TracingLayer`].
    pub fn new(inner: S) -> Self {
        TracingLayer::new().wrap(inner)
    }

    pub(crate) fn with_config(inner: S, config: Arc<ServerConfig>) -> Self {
        Tracing { inner, config }
    }

    /// The wrapped service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The wrapped service, mutably.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Unwraps the service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

/// For a server of tonic, and for an axum router that has services of tonic among its routes.
impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Tracing<S>
where
    S: Service<Request<Body>, Response = Response<ResBody>>,
    S::Error: fmt::Display + fmt::Debug + 'static,
    ReqBody: http_body::Body<Data = Bytes> + Send + 'static,
    ReqBody::Error: Into<Box<dyn Error + Send + Sync>>,
    ResBody: http_body::Body<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<Box<dyn Error + Send + Sync>> + fmt::Display + fmt::Debug,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let (call, body) = self.config.begin(&mut parts, Body::new(body));
        // The service that was polled ready is called right here, so no clone is needed.
        ResponseFuture::new(call, || self.inner.call(Request::from_parts(parts, body)))
    }
}

/// A wrapped service keeps its name, so `Server::add_service` takes it.
impl<S: NamedService> NamedService for Tracing<S> {
    const NAME: &'static str = S::NAME;
}

/// As [`Tracing::new`], around the default service.
impl<S: Default> Default for Tracing<S> {
    fn default() -> Self {
        Tracing::new(S::default())
    }
}
