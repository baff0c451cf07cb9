//! The body of an answer, whose end is the end of the span.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http_body::{Frame, SizeHint};
use opentracing_core::{Span, tags};
use pin_project_lite::pin_project;
use reqwest::{Body, Response, ResponseBuilderExt};

use crate::call::fail;
use crate::settings::Settings;

/// The same answer, with a body that finishes the span.
pub(crate) fn trace(response: Response, span: Span, settings: Arc<Settings>) -> Response {
    let url = response.url().clone();
    let mut response = http::Response::<Body>::from(response);
    // The way back takes the URL out of an extension that only a builder can set.
    if let Some(extensions) = http::Response::builder().url(url).extensions_mut() {
        response.extensions_mut().extend(std::mem::take(extensions));
    }
    let traced = response.map(|inner| Body::wrap(TracedBody { inner, open: Some(Open { span, settings }) }));
    Response::from(traced)
}

struct Open {
    span: Span,
    settings: Arc<Settings>,
}

pin_project! {
    struct TracedBody {
        #[pin]
        inner: Body,
        open: Option<Open>,
    }

    impl PinnedDrop for TracedBody {
        fn drop(this: Pin<&mut Self>) {
            if let Some(mut open) = this.project().open.take() {
                open.span.set(tags::HTTP_OUTCOME, "aborted");
            }
        }
    }
}

impl http_body::Body for TracedBody {
    type Data = <Body as http_body::Body>::Data;
    type Error = reqwest::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        match &frame {
            Some(Err(error)) => {
                if let Some(mut open) = this.open.take() {
                    fail(&mut open.span, &open.settings, error, "body");
                }
            }
            // Who knows the length, from `content-length` for example, does not poll again to be told that this was all. Bodies that
            // may be unpacked say so by their size alone.
            Some(Ok(_)) if !this.inner.is_end_stream() && this.inner.size_hint().exact() != Some(0) => {}
            Some(Ok(_)) | None => drop(this.open.take()),
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
