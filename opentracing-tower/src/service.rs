//! The traced server.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::body::ResponseBody;
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

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Tracing<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: fmt::Display + fmt::Debug + 'static,
    ResBody: Body,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

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
