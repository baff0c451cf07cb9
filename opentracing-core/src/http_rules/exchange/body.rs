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
use crate::record::record::Stamp;

pin_project! {
    /// The body of the response of an [`Exchange`]. The span is active during each poll and while the wrapped body is dropped.
    ///
    /// The exchange finishes with the last frame, with an error, or when the body is dropped before either
    /// ([`HttpFailure::Aborted`] or [`ExchangeEnd::Unread`]). The wrapped body is dropped with the last frame, even if the empty wrapper is kept.
    pub struct ExchangeBody<B, X>
    where
        X: Exchange,
    {
        #[pin]
        inner: Option<B>,
        guard: Guard<X>,
        read: Read,
    }

    impl<B, X> PinnedDrop for ExchangeBody<B, X>
    where
        X: Exchange,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let (end, at) = match *this.read {
                Read::Nothing(head) => (ExchangeEnd::Unread, head),
                Read::Waiting => (ExchangeEnd::Failed(HttpFailure::Aborted), None),
                Read::UpTo(frame) => (ExchangeEnd::Failed(HttpFailure::Aborted), frame),
            };
            this.guard.abandon(end, at, || this.inner.set(None));
        }
    }
}

/// How far the program has read the body. Moments are `None` if the span is not recorded.
#[derive(Clone, Copy)]
enum Read {
    /// Nothing of it since the head.
    Nothing(Option<Stamp>),
    /// It waits for a frame. Always so if somebody else reads the body.
    Waiting,
    /// Up to a frame that was not the last one.
    UpTo(Option<Stamp>),
}

impl<B, X: Exchange> ExchangeBody<B, X> {
    /// Wraps a body. Without an exchange nothing is traced.
    pub fn new(mut exchange: Option<X>, inner: B) -> Self {
        let read = match &mut exchange {
            Some(exchange) if exchange.reads_response() => Read::Nothing(exchange.span().moment()),
            _ => Read::Waiting,
        };
        ExchangeBody { inner: Some(inner), guard: Guard::new(exchange), read }
    }

    /// The exchange, until it has ended.
    pub const fn exchange(&self) -> Option<&X> {
        self.guard.exchange()
    }

    /// The exchange, until it has ended.
    pub fn exchange_mut(self: Pin<&mut Self>) -> Option<&mut X> {
        self.project().guard.exchange_mut()
    }

    /// Returns the wrapped body if there is no exchange (any more).
    ///
    /// # Errors
    ///
    /// If the exchange is open, or if the wrapped body came to its end, returns `self`.
    pub fn into_untraced(mut self) -> Result<B, Self> {
        match self.guard.exchange() {
            Some(_) => Err(self),
            None => self.inner.take().ok_or(self),
        }
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
        let reads = this.guard.exchange().is_some_and(Exchange::reads_response);
        *this.read = Read::Waiting;
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
            && let Some(mut exchange) = this.guard.take()
        {
            exchange.finish(match &frame {
                Some(Err(error)) => ExchangeEnd::Failed(HttpFailure::Body(ErrorText::new(error))),
                Some(Ok(frame)) => ExchangeEnd::Complete(frame.trailers_ref()),
                None => ExchangeEnd::Complete(None),
            });
        } else if reads && let Some(exchange) = this.guard.exchange_mut() {
            *this.read = Read::UpTo(exchange.span().moment());
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
        ExchangeBody { inner: None, guard: Guard::new(None), read: Read::Waiting }
    }
}

impl<B, X: Exchange> fmt::Debug for ExchangeBody<B, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeBody").finish_non_exhaustive()
    }
}
