//! The body of an answer.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::decorator::{ErrorText, Failure};
use crate::exchange::Exchange;

pin_project! {
    /// The body of a traced answer. The span is active during each poll and while the wrapped body is dropped, and finishes with it.
    ///
    /// The end is where the body says so, or where it fails, or where it is dropped. Dropped before it said so, it counts as read to
    /// the end all the same if none is sent (`HEAD`, 204, 304, 101), or if as many bytes were read as `content-length` or the body's
    /// exact size announced: nobody asks a body for more than that. Otherwise the exchange was aborted.
    pub struct ResponseBody<B> {
        #[pin]
        inner: Option<B>,
        exchange: Option<Exchange>,
        bytes: u64,
        // Stays true if the poll panicked. The thread need not be panicking any more when the body is dropped.
        polling: bool,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut exchange) = this.exchange.take() {
                {
                    let _scope = exchange.span.lend();
                    this.inner.set(None);
                }
                exchange.ended(*this.bytes);
                if !exchange.is_complete(*this.bytes) {
                    exchange.abandon(*this.polling, &Failure::Aborted);
                }
            }
        }
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(exchange: Exchange, inner: B) -> Self {
        ResponseBody { inner: Some(inner), exchange: Some(exchange), bytes: 0, polling: false }
    }

    pub(crate) fn untraced(inner: B) -> Self {
        ResponseBody { inner: Some(inner), exchange: None, bytes: 0, polling: false }
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
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let Some(exchange) = this.exchange.as_mut() else { return inner.poll_frame(cx) };
        let (frame, is_last) = {
            let _scope = exchange.span.lend();
            *this.polling = true;
            let frame = inner.poll_frame(cx);
            *this.polling = false;
            let frame = ready!(frame);
            if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
                *this.bytes += data.remaining() as u64;
            }
            // Nothing comes behind trailers, so that servers do not ask for it.
            let is_last = !matches!(&frame, Some(Ok(frame)) if !frame.is_trailers())
                || this.inner.as_ref().as_pin_ref().is_some_and(|inner| inner.is_end_stream());
            if is_last {
                // Whoever has the last frame need not ask again. Destructors of the body may trace: they run inside the span.
                this.inner.set(None);
            }
            (frame, is_last)
        };
        if !is_last {
            exchange.passed(*this.bytes);
        } else if let Some(mut exchange) = this.exchange.take() {
            exchange.ended(*this.bytes);
            if let Some(Err(error)) = &frame {
                exchange.fail(&Failure::Body(ErrorText::new(error)));
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
