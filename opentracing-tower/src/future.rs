//! The future of a response.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use http_body::Body;
use opentracing_core::http_rules::ExchangeFuture;
use pin_project_lite::pin_project;

use crate::body::ResponseBody;
use crate::body_type::{BodyType, WrappedBody};
use crate::exchange::HttpExchange;

pin_project! {
    /// The future of a traced service. The span is active during each poll and while the wrapped future is dropped, and goes on with
    /// the response body.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, T = WrappedBody> {
        #[pin]
        inner: ExchangeFuture<F, HttpExchange>,
        body_type: PhantomData<fn() -> T>,
    }
}

impl<F, T> ResponseFuture<F, T> {
    pub(crate) fn new(exchange: Option<HttpExchange>, call: impl FnOnce() -> F) -> Self {
        ResponseFuture { inner: ExchangeFuture::new(exchange, call), body_type: PhantomData }
    }
}

impl<F, B, E, T> Future for ResponseFuture<F, T>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    E: fmt::Display + fmt::Debug + 'static,
    T: BodyType<B>,
{
    type Output = Result<Response<T::Body>, E>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll_response(cx, |body| T::from_traced(ResponseBody::new(body)))
    }
}

impl<F, T> fmt::Debug for ResponseFuture<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
