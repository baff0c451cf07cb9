//! The traced server.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tonic::body::Body;
use tower_service::Service;

use crate::body::ResponseBody;
use crate::future::ResponseFuture;
use crate::layer::TracingLayer;
use crate::server::ServerConfig;

/// Serves each call in a span. Made by [`TracingLayer`], or by [`TracingLayer::wrap`] where there are no layers.
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

    /// The wrapped service, to be changed.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The wrapped service again.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

/// For a server of tonic, and, by the conversion of bodies, for a router of axum that has services of tonic among its routes.
impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Tracing<S>
where
    S: Service<Request<Body>, Response = Response<ResBody>>,
    S::Error: fmt::Display + fmt::Debug + 'static,
    ReqBody: http_body::Body<Data = Bytes> + Send + 'static,
    ReqBody::Error: Into<Box<dyn Error + Send + Sync>>,
    ResBody: http_body::Body,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let (call, body) = self.config.begin(&parts, Body::new(body));
        // The service that was polled ready is called here and now, so no clone of it is needed.
        ResponseFuture::new(call, || self.inner.call(Request::from_parts(parts, body)))
    }
}
