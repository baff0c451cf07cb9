//! The body of an answer, whose end is the end of the span.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use reqwest::{Body, Response, ResponseBuilderExt};

use crate::call::Call;

/// The same answer, with a body that finishes the span.
pub(crate) fn trace(response: Response, call: Call) -> Response {
    let url = response.url().clone();
    let mut response = http::Response::<Body>::from(response);
    // The way back takes the URL out of an extension that only a builder can set.
    if let Some(extensions) = http::Response::builder().url(url).extensions_mut() {
        response.extensions_mut().extend(std::mem::take(extensions));
    }
    Response::from(response.map(|inner| Body::wrap(TracedBody { inner, call: Some(call) })))
}

pin_project! {
    struct TracedBody {
        #[pin]
        inner: Body,
        call: Option<Call>,
    }

    impl PinnedDrop for TracedBody {
        fn drop(this: Pin<&mut Self>) {
            if let Some(call) = this.project().call.take() {
                call.aborted();
            }
        }
    }
}

impl http_body::Body for TracedBody {
    type Data = <Body as http_body::Body>::Data;
    type Error = reqwest::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let frame = {
            let _scope = this.call.as_mut().map(|call| call.span.lend());
            ready!(this.inner.as_mut().poll_frame(cx))
        };
        match &frame {
            Some(Err(error)) => {
                if let Some(call) = this.call.take() {
                    call.failed_in_body(error);
                }
            }
            // Who knows the length, from `content-length` for example, does not poll again to be told that this was all. Bodies that
            // may be unpacked say so by their size alone.
            Some(Ok(_)) if !this.inner.is_end_stream() && this.inner.size_hint().exact() != Some(0) => {}
            Some(Ok(_)) | None => drop(this.call.take()),
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
