//! The future of a response.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::http_rules::error_text::ErrorText;
use crate::http_rules::exchange::guard::Guard;
use crate::http_rules::exchange::{Exchange, ExchangeBody, ExchangeEnd};
use crate::http_rules::failure::HttpFailure;

pin_project! {
    /// Waits for the response of an [`Exchange`]. The span is active during each poll and while the wrapped future is dropped.
    ///
    /// Dropped before the response, it finishes the exchange with [`HttpFailure::Cancelled`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ExchangeFuture<F, X>
    where
        X: Exchange,
    {
        #[pin]
        inner: Option<F>,
        guard: Guard<X>,
    }

    impl<F, X> PinnedDrop for ExchangeFuture<F, X>
    where
        X: Exchange,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.guard.abandon(ExchangeEnd::Failed(HttpFailure::Cancelled), None, || this.inner.set(None));
        }
    }
}

impl<F, X: Exchange> ExchangeFuture<F, X> {
    /// Calls the service with the span active: a service may begin its work before it is polled. Without an exchange nothing is traced.
    ///
    /// A panic of the service finishes the exchange with [`ExchangeEnd::Panicked`].
    pub fn new(exchange: Option<X>, call: impl FnOnce() -> F) -> Self {
        let mut future = ExchangeFuture { inner: None, guard: Guard::new(exchange) };
        future.inner = Some(future.guard.run(call));
        future
    }

    /// The exchange, as long as there is no response.
    pub const fn exchange(&self) -> Option<&X> {
        self.guard.exchange()
    }

    /// The exchange, as long as there is no response.
    pub fn exchange_mut(self: Pin<&mut Self>) -> Option<&mut X> {
        self.project().guard.exchange_mut()
    }
}

impl<F: Future, X: Exchange> ExchangeFuture<F, X> {
    /// Polls for the output, and gives the exchange with it: for responses that are not [`http::Response`]s.
    ///
    /// # Panics
    ///
    /// If it is polled again after it was ready.
    #[inline]
    pub fn poll_output(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(F::Output, Option<X>)> {
        let mut this = self.project();
        let output = ready!(this.guard.poll(|| {
            let output = this.inner.as_mut().as_pin_mut().expect("it is not polled again after it was ready").poll(cx);
            if output.is_ready() {
                // Destructors of the future may trace: they run inside the span.
                this.inner.set(None);
            }
            output
        }));
        Poll::Ready((output, this.guard.take()))
    }

    /// Polls for the response. The closure turns its body into the adapter's own type.
    ///
    /// # Errors
    ///
    /// That of the wrapped future, which finishes the exchange with [`HttpFailure::Service`].
    ///
    /// # Panics
    ///
    /// If it is polled again after it was ready.
    #[inline]
    pub fn poll_response<B, E, W>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        wrap: impl FnOnce(ExchangeBody<B, X>) -> W,
    ) -> Poll<Result<Response<W>, E>>
    where
        F: Future<Output = Result<Response<B>, E>>,
        B: Body,
        E: fmt::Display + fmt::Debug + 'static,
    {
        let (output, exchange) = ready!(self.poll_output(cx));
        Poll::Ready(match (output, exchange) {
            (Ok(response), Some(exchange)) => {
                let (mut head, body) = response.into_parts();
                let exchange = exchange.on_head(&mut head, &body);
                Ok(Response::from_parts(head, wrap(ExchangeBody::new(exchange, body))))
            }
            (Ok(response), None) => Ok(response.map(|body| wrap(ExchangeBody::new(None, body)))),
            (Err(error), exchange) => {
                if let Some(mut exchange) = exchange {
                    exchange.finish(ExchangeEnd::Failed(HttpFailure::Service(ErrorText::new(&error))));
                }
                Err(error)
            }
        })
    }
}

impl<F, X: Exchange> fmt::Debug for ExchangeFuture<F, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeFuture").finish_non_exhaustive()
    }
}
