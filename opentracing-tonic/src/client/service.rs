//! The traced client.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tonic::body::Body;
use tonic::transport::Channel;
use tower_service::Service;

use crate::client::config::ClientConfig;
use crate::client::layer::TracingClientLayer;
use crate::future::ResponseFuture;

/// A traced channel, from [`connect`](TracingChannel::connect), from [`TracingClientLayer::connect`] with other settings, or around any
/// channel from [`TracingClientLayer::wrap`]. Generated clients take it in place of tonic's `Channel`: `GreeterClient<TracingChannel>`.
///
/// ```
/// use opentracing_tonic::TracingChannel;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tonic::transport::Error> {
/// let channel: TracingChannel = TracingChannel::connect_lazy("http://users.acme.example:50051")?;
/// # drop(channel);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TracingChannel<S = Channel> {
    inner: S,
    config: Arc<ClientConfig>,
}

impl<S> TracingChannel<S> {
    /// Wraps a channel, with the global tracer and the defaults of [`TracingClientLayer`].
    pub fn new(inner: S) -> Self {
        TracingClientLayer::new().wrap(inner)
    }

    pub(crate) fn with_config(inner: S, config: Arc<ClientConfig>) -> Self {
        TracingChannel { inner, config }
    }

    /// The wrapped channel.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The wrapped channel, mutably.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Unwraps the channel.
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// As [`Service::poll_ready`]. That one is ambiguous where no request says which body it has, because a traced channel takes any body:
    /// in a service of your own that holds the channel, for example.
    ///
    /// # Errors
    ///
    /// Those of the wrapped channel.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>>
    where
        S: Service<Request<Body>>,
    {
        self.inner.poll_ready(cx)
    }

    /// Waits until the channel is ready, as `ready` of tower's `ServiceExt` does.
    ///
    /// # Errors
    ///
    /// Those of the wrapped channel.
    pub async fn ready(&mut self) -> Result<&mut Self, S::Error>
    where
        S: Service<Request<Body>>,
    {
        poll_fn(|cx| self.poll_ready(cx)).await?;
        Ok(self)
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for TracingChannel<S>
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

/// As [`TracingChannel::new`], around the default channel.
impl<S: Default> Default for TracingChannel<S> {
    fn default() -> Self {
        TracingChannel::new(S::default())
    }
}
