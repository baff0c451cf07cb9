//! The body of a response.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use opentracing_core::http_rules::ExchangeBody;
use pin_project_lite::pin_project;

use crate::exchange::HttpExchange;

pin_project! {
    /// The body of a traced response. The span is active during each poll and while the wrapped body is dropped, and finishes with it.
    ///
    /// The span ends with the last frame, with an error, or when the body is dropped. A body that is dropped before its last frame is
    /// complete if none is sent (`HEAD`, 204, 304, 101), or if as many bytes were read as `content-length` or the body's exact size
    /// announced, since a connection does not poll for more. Otherwise the exchange was aborted.
    pub struct ResponseBody<B> {
        #[pin]
        inner: ExchangeBody<B, HttpExchange>,
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(inner: ExchangeBody<B, HttpExchange>) -> Self {
        ResponseBody { inner }
    }

    /// Returns the wrapped body if it no longer has a span: because the request is not traced, or because the span ended with the head of
    /// the response. A [`BodyType`](crate::BodyType) that boxes bodies thus boxes only where it must.
    ///
    /// # Errors
    ///
    /// If the span is open, returns `self`.
    #[expect(clippy::result_large_err, reason = "the body is given back as it is")]
    pub fn into_untraced(self) -> Result<B, Self> {
        self.inner.into_untraced().map_err(ResponseBody::new)
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Error: fmt::Display + fmt::Debug + 'static,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.project().inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An empty body, of no exchange. Layers such as tower-http's `CorsLayer` and `TimeoutLayer` answer with one.
impl<B> Default for ResponseBody<B> {
    fn default() -> Self {
        ResponseBody { inner: ExchangeBody::default() }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
