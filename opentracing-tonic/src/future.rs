//! The future of a response.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use opentracing_core::http_rules::ExchangeFuture;
use pin_project_lite::pin_project;
use tonic::body::Body;

use crate::body::into_tonic;
use crate::call::Call;

pin_project! {
    /// The future of a traced call. The span is active during each poll and while the wrapped future is dropped, and goes on with the
    /// response body.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: ExchangeFuture<F, Call>,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(call: Option<Call>, begin: impl FnOnce() -> F) -> Self {
        ResponseFuture { inner: ExchangeFuture::new(call, begin) }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>> + fmt::Display + fmt::Debug,
    E: fmt::Display + fmt::Debug + 'static,
{
    type Output = Result<Response<Body>, E>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll_response(cx, into_tonic)
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
