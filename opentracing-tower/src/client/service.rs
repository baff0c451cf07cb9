//! The traced client.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::body_type::{BodyType, WrappedBody};
use crate::client::layer::TracingClientLayer;
use crate::client::request::ClientConfig;
use crate::future::ResponseFuture;

/// A traced client: each request has a span. Made by [`TracingClientLayer`], or by [`TracingClientLayer::wrap`] where there are no layers.
pub struct TracingClientService<S, T = WrappedBody> {
    inner: S,
    config: Arc<ClientConfig>,
    body_type: PhantomData<fn() -> T>,
}

impl<S> TracingClientService<S> {
    /// Wraps a client, with the global tracer and the defaults of [`TracingClientLayer`].
    pub fn new(inner: S) -> Self {
        TracingClientLayer::new().wrap(inner)
    }
}

impl<S, T> TracingClientService<S, T> {
    pub(crate) fn with_config(inner: S, config: Arc<ClientConfig>) -> Self {
        TracingClientService { inner, config, body_type: PhantomData }
    }

    /// The wrapped client.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The wrapped client, mutably.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Unwraps the client.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, T, ReqBody, ResBody> Service<Request<ReqBody>> for TracingClientService<S, T>
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

impl<S: Clone, T> Clone for TracingClientService<S, T> {
    fn clone(&self) -> Self {
        TracingClientService::with_config(self.inner.clone(), self.config.clone())
    }
}

impl<S: fmt::Debug, T> fmt::Debug for TracingClientService<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingClientService").field("inner", &self.inner).field("config", &self.config).finish()
    }
}

/// As [`TracingClientService::new`], around the default service.
impl<S: Default> Default for TracingClientService<S> {
    fn default() -> Self {
        TracingClientService::new(S::default())
    }
}
