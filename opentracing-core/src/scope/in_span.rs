//! Carrying a span with a future or a stream.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::model::context::SpanContext;
use crate::span::span::Span;
use crate::span::span_ref::SpanRef;

/// Runs a future or a stream in a span.
///
/// The span is active during each poll, on any thread, and while the future or stream is dropped, so that spans which its destructors start
/// are children too.
///
/// ```
/// use opentracing_core::{InSpan, Tracer};
///
/// # async fn load() {}
/// # fn request(tracer: &Tracer) {
/// let task = load().in_span(tracer.span("load").start());
/// # drop(task);
/// # }
/// # request(&Tracer::noop());
/// ```
pub trait InSpan: Sized {
    /// Runs in this span, and finishes it when the future is ready, when the stream ends, or when either is dropped. A panic marks the span as
    /// failed.
    fn in_span(self, span: Span) -> WithSpan<Self> {
        WithSpan { inner: Some(self), span }
    }

    /// Runs in the span of this handle, and does not finish it.
    fn in_span_ref(self, span: &SpanRef) -> WithSpan<Self> {
        WithSpan { inner: Some(self), span: span.lend() }
    }

    /// Runs in the span that is active now, and does not finish it. For futures that are spawned as tasks. Without an active span it changes
    /// nothing. The span becomes shared; see [`SpanRef::active`].
    fn in_active_span(self) -> WithSpan<Self> {
        self.in_span_ref(&SpanRef::active())
    }
}

impl<T> InSpan for T {}

pin_project! {
    /// A future or a stream that runs in a span. See [`InSpan`].
    #[must_use = "futures and streams do nothing unless polled"]
    #[derive(Debug)]
    pub struct WithSpan<T> {
        #[pin]
        inner: Option<T>,
        span: Span,
    }

    impl<T> PinnedDrop for WithSpan<T> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.inner.is_some() {
                // If this panics, dropping the field ends the span.
                let _scope = this.span.activate_borrowed();
                this.inner.set(None);
            }
            this.span.end();
        }
    }
}

impl<T> WithSpan<T> {
    /// The span, for writing to it between polls. Once the future is ready it is a no-op span. If another handle finishes the span, this is a
    /// handle as well: taking it out and dropping it does not finish the span.
    pub fn span_mut(self: Pin<&mut Self>) -> &mut Span {
        self.project().span
    }

    /// The span's context; `None` once the future is ready.
    pub fn context(&self) -> Option<SpanContext> {
        self.span.context()
    }
}

impl<F: Future> Future for WithSpan<F> {
    type Output = F::Output;

    /// # Panics
    ///
    /// If the future is polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let output = {
            let _scope = this.span.activate_borrowed();
            let inner = this.inner.as_mut().as_pin_mut().expect("a future is not polled again after it was ready");
            let output = inner.poll(cx);
            if output.is_ready() {
                // Destructors of the future may trace: they run inside the span, before it ends.
                this.inner.set(None);
            }
            output
        };
        let Poll::Ready(output) = output else {
            this.span.wait();
            return Poll::Pending;
        };
        this.span.end();
        Poll::Ready(output)
    }
}

impl<S: Stream> Stream for WithSpan<S> {
    type Item = S::Item;

    /// Keeps returning `None` after the end.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        let item = {
            let _scope = this.span.activate_borrowed();
            let item = this.inner.as_mut().as_pin_mut().map_or(Poll::Ready(None), |inner| inner.poll_next(cx));
            if let Poll::Ready(None) = item {
                this.inner.set(None);
            }
            item
        };
        match item {
            Poll::Ready(Some(item)) => return Poll::Ready(Some(item)),
            Poll::Ready(None) => {}
            Poll::Pending => {
                this.span.wait();
                return Poll::Pending;
            }
        }
        this.span.end();
        Poll::Ready(None)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}
