//! The body of a response.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use opentracing_core::http_rules::ExchangeBody;
use pin_project_lite::pin_project;

use crate::call::Call;

pin_project! {
    /// The body of a traced response, which is inside of its `tonic::body::Body`. The span is active during each poll and while the wrapped body is dropped, and finishes with it.
    ///
    /// The span ends with the trailers, with the last frame, with an error, or when the body is dropped.
    pub struct ResponseBody<B> {
        #[pin]
        inner: ExchangeBody<B, Call>,
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(inner: ExchangeBody<B, Call>) -> Self {
        ResponseBody { inner }
    }
}

/// Boxes a body that has a span. A body of tonic without a span stays as it is.
pub(crate) fn into_tonic<B>(body: ExchangeBody<B, Call>) -> tonic::body::Body
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>> + fmt::Display + fmt::Debug,
{
    match body.into_untraced() {
        Ok(body) => tonic::body::Body::new(body),
        Err(traced) => tonic::body::Body::new(ResponseBody::new(traced)),
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: fmt::Display + fmt::Debug + 'static,
{
    type Data = Bytes;
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

/// An empty body, of no call.
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
