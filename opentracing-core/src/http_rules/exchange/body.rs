//! The body of a response.

use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::http_rules::error_text::ErrorText;
use crate::http_rules::exchange::guard::Guard;
use crate::http_rules::exchange::{Exchange, ExchangeEnd};
use crate::http_rules::failure::HttpFailure;

pin_project! {
    /// The body of the response of an [`Exchange`]. The span is active during each poll and while the wrapped body is dropped.
    ///
    /// The exchange finishes with the last frame, with an error, or when the body is dropped before either
    /// ([`HttpFailure::Aborted`]). The wrapped body is dropped with the last frame, even if the empty wrapper is kept.
    pub struct ExchangeBody<B, X>
    where
        X: Exchange,
    {
        #[pin]
        inner: Option<B>,
        guard: Guard<X>,
    }

    impl<B, X> PinnedDrop for ExchangeBody<B, X>
    where
        X: Exchange,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.guard.abandon(HttpFailure::Aborted, || this.inner.set(None));
        }
    }
}

impl<B, X: Exchange> ExchangeBody<B, X> {
    /// Wraps a body. Without an exchange nothing is traced.
    pub const fn new(exchange: Option<X>, inner: B) -> Self {
        ExchangeBody { inner: Some(inner), guard: Guard::new(exchange) }
    }
}

impl<B, X> Body for ExchangeBody<B, X>
where
    B: Body,
    B::Error: fmt::Display + fmt::Debug + 'static,
    X: Exchange,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        if this.guard.exchange().is_none() {
            return this.inner.as_pin_mut().map_or(Poll::Ready(None), |inner| inner.poll_frame(cx));
        }
        let frame = ready!(this.guard.poll(|| {
            let Some(inner) = this.inner.as_mut().as_pin_mut() else { return Poll::Ready(None) };
            let frame = inner.poll_frame(cx);
            if let Poll::Ready(frame) = &frame {
                // Servers do not ask for more behind trailers.
                let is_last = !matches!(frame, Some(Ok(frame)) if !frame.is_trailers())
                    || this.inner.as_ref().as_pin_ref().is_some_and(|inner| inner.is_end_stream());
                if is_last {
                    // The owner of the last frame need not poll again. Destructors of the body may trace: they run inside the span.
                    this.inner.set(None);
                }
            }
            frame
        }));
        let rest = this.inner.as_ref().as_pin_ref();
        let is_last = rest.is_none();
        let flow = match (this.guard.exchange_mut(), frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref())) {
            (Some(exchange), Some(data)) => exchange.on_data(data, rest.as_deref()),
            _ => ControlFlow::Continue(()),
        };
        if (is_last || flow.is_break())
            && let Some(exchange) = this.guard.take()
        {
            exchange.finish(match &frame {
                Some(Err(error)) => ExchangeEnd::Failed(HttpFailure::Body(ErrorText::new(error))),
                Some(Ok(frame)) => ExchangeEnd::Complete(frame.trailers_ref()),
                None => ExchangeEnd::Complete(None),
            });
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

/// An empty body, of no exchange.
impl<B, X: Exchange> Default for ExchangeBody<B, X> {
    fn default() -> Self {
        ExchangeBody { inner: None, guard: Guard::new(None) }
    }
}

impl<B, X: Exchange> fmt::Debug for ExchangeBody<B, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeBody").finish_non_exhaustive()
    }
}
