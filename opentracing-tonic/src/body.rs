//! The body of an answer.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::call::Call;
use crate::decorator::Cause;

pin_project! {
    /// The body of a traced answer. The span is active during each poll and while the wrapped body is dropped, and finishes with it.
    ///
    /// The end is where the trailers are, or where the body ends without, or where it fails, or where it is dropped.
    pub struct ResponseBody<B> {
        #[pin]
        inner: Option<B>,
        call: Option<Call>,
        // Stays true if the poll panicked. The thread need not be panicking any more when the body is dropped.
        polling: bool,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut call) = this.call.take() {
                {
                    let _scope = call.span.lend();
                    this.inner.set(None);
                }
                call.abandon(*this.polling, Cause::Aborted);
            }
        }
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(call: Call, inner: B) -> Self {
        ResponseBody { inner: Some(inner), call: Some(call), polling: false }
    }

    pub(crate) fn untraced(inner: B) -> Self {
        ResponseBody { inner: Some(inner), call: None, polling: false }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: fmt::Display + fmt::Debug + 'static,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let Some(call) = this.call.as_mut() else { return inner.poll_frame(cx) };
        let (frame, is_last) = {
            let _scope = call.span.lend();
            *this.polling = true;
            let frame = inner.poll_frame(cx);
            *this.polling = false;
            let frame = ready!(frame);
            let is_last = match &frame {
                Some(Ok(frame)) if frame.is_data() => {
                    this.inner.as_ref().as_pin_ref().is_none_or(|inner| inner.is_end_stream())
                }
                _ => true,
            };
            if is_last {
                // Whoever has the last frame need not ask again. Destructors of the body may trace: they run inside the span.
                this.inner.set(None);
            }
            (frame, is_last)
        };
        let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
        let status = data.and_then(|data| call.scan(data));
        if !is_last && status.is_none() {
            return Poll::Ready(frame);
        }
        if let Some(call) = this.call.take() {
            match (&frame, status) {
                (_, Some(status)) => call.finish_with_status(&status),
                (Some(Err(error)), _) => call.fail(Cause::Body, error),
                (Some(Ok(frame)), _) => match frame.trailers_ref() {
                    Some(trailers) => call.finish_with_trailers(trailers),
                    None => call.finish_without_status(),
                },
                (None, _) => call.finish_without_status(),
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

/// An empty body, of no call. Generated clients ask for it in `with_interceptor`.
impl<B> Default for ResponseBody<B> {
    fn default() -> Self {
        ResponseBody { inner: None, call: None, polling: false }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
