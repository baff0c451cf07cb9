//! The future of a response.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use http_body::Body;
use opentracing_core::http_rules::ExchangeFuture;
use pin_project_lite::pin_project;

use crate::body::ResponseBody;
use crate::exchange::HttpExchange;

pin_project! {
    /// The future of a traced service. The span is active during each poll and while the wrapped future is dropped, and goes on with
    /// the response body.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: ExchangeFuture<F, HttpExchange>,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(exchange: Option<HttpExchange>, call: impl FnOnce() -> F) -> Self {
        ResponseFuture { inner: ExchangeFuture::new(exchange, call) }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    E: fmt::Display + fmt::Debug + 'static,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll_response(cx, ResponseBody::new)
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
