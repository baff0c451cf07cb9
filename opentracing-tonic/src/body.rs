//! The body of a response.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use opentracing_core::http_rules::ExchangeBody;
use pin_project_lite::pin_project;

use crate::call::Call;

pin_project! {
    /// The body of a traced response, which is inside of its `tonic::body::Body`. The span is active during each poll and while the wrapped
    /// body is dropped, and finishes with it.
    ///
    /// The span ends with the trailers, with the last frame, with an error, or when the body is dropped.
    pub struct ResponseBody<B> {
        #[pin]
        inner: ExchangeBody<B, Call>,
        read: Read,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let first = match this.read {
                Read::Nothing | Read::Waiting => return,
                Read::First(data) => Some(&**data),
                Read::Later => None,
            };
            if let Some(call) = this.inner.exchange_mut().filter(|call| call.may_refuse()) {
                call.stopped_at(first);
            }
        }
    }
}

/// What the program has read last. A client that waits for more has accepted all before.
enum Read {
    /// Nothing yet.
    Nothing,
    /// It waits for more, or has the end.
    Waiting,
    /// The first data.
    First(Bytes),
    /// Other data.
    Later,
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(inner: ExchangeBody<B, Call>) -> Self {
        ResponseBody { inner, read: Read::Nothing }
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
        let this = self.project();
        let may_refuse = this.inner.exchange().is_some_and(Call::may_refuse);
        let is_first = matches!(this.read, Read::Nothing);
        if !is_first {
            *this.read = Read::Waiting;
        }
        let frame = ready!(this.inner.poll_frame(cx));
        if may_refuse && let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            *this.read = if is_first { Read::First(data.clone()) } else { Read::Later };
        }
        Poll::Ready(frame)
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
        ResponseBody { inner: ExchangeBody::default(), read: Read::Nothing }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
