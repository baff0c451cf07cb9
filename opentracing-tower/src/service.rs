//! The traced server.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::body_type::{BodyType, WrappedBody};
use crate::future::ResponseFuture;
use crate::layer::TracingLayer;
use crate::server::ServerConfig;

/// A traced server: each request has a span. Made by [`TracingLayer`], or by [`TracingLayer::wrap`] where there are no layers.
///
/// ```
/// use opentracing_core::mock::MockTracer;
/// use opentracing_tower::TracingLayer;
/// use tower_service::Service;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mock = MockTracer::new();
/// let layer = TracingLayer::with_tracer(mock.tracer().clone());
/// let mut server = layer.wrap(axum::Router::new());
/// server.call(http::Request::new(axum::body::Body::empty())).await?;
/// mock.assert_tree("GET (server)");
/// # Ok(())
/// # }
/// ```
pub struct Tracing<S, T = WrappedBody> {
    inner: S,
    config: Arc<ServerConfig>,
    body_type: PhantomData<fn() -> T>,
}

impl<S> Tracing<S> {
    /// Wraps a service, with the global tracer and the defaults of [`TracingLayer`].
    pub fn new(inner: S) -> Self {
        TracingLayer::new().wrap(inner)
    }
}

impl<S, T> Tracing<S, T> {
    pub(crate) fn with_config(inner: S, config: Arc<ServerConfig>) -> Self {
        Tracing { inner, config, body_type: PhantomData }
    }

    /// Chooses the type of the bodies of responses, as [`TracingLayer::body_type`] does.
    pub fn body_type<U>(self) -> Tracing<S, U> {
        Tracing::with_config(self.inner, self.config)
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

impl<S, T, ReqBody, ResBody> Service<Request<ReqBody>> for Tracing<S, T>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: fmt::Display + fmt::Debug + 'static,
    ResBody: Body,
    T: BodyType<ResBody>,
{
    type Response = Response<T::Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, T>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let exchange = self.config.begin(&mut parts);
        // The service that was polled ready is called right here, so no clone is needed.
        ResponseFuture::new(exchange, || self.inner.call(Request::from_parts(parts, body)))
    }
}

impl<S: Clone, T> Clone for Tracing<S, T> {
    fn clone(&self) -> Self {
        Tracing::with_config(self.inner.clone(), self.config.clone())
    }
}

/// As [`Tracing::new`], around the default service.
impl<S: Default> Default for Tracing<S> {
    fn default() -> Self {
        Tracing::new(S::default())
    }
}

impl<S: fmt::Debug, T> fmt::Debug for Tracing<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracing").field("inner", &self.inner).field("config", &self.config).finish()
    }
}
