//! The future of an answer.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::body::ResponseBody;
use crate::decorator::{ErrorText, Failure};
use crate::exchange::Exchange;

pin_project! {
    /// The answer of a traced service. The span is active during each poll and while the wrapped future is dropped; the answer's body
    /// takes it over.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>,
        exchange: Option<Exchange>,
        // Stays true if the poll panicked. The thread need not be panicking any more when the future is dropped.
        polling: bool,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut exchange) = this.exchange.take() {
                {
                    let _scope = exchange.span.lend();
                    this.inner.set(None);
                }
                exchange.abandon(*this.polling, &Failure::Cancelled);
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    /// Calls the service with the span active: a service may begin its work before it is polled.
    pub(crate) fn new(mut exchange: Option<Exchange>, call: impl FnOnce() -> F) -> Self {
        let inner = match &mut exchange {
            Some(exchange) => exchange.span.in_scope(call),
            None => call(),
        };
        ResponseFuture { inner: Some(inner), exchange, polling: false }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    E: fmt::Display + fmt::Debug + 'static,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        const AGAIN: &str = "a future is not polled again after it was ready";
        let mut this = self.project();
        let output = {
            let _scope = this.exchange.as_mut().map(|exchange| exchange.span.lend());
            *this.polling = true;
            let output = this.inner.as_mut().as_pin_mut().expect(AGAIN).poll(cx);
            *this.polling = false;
            let output = ready!(output);
            // Destructors of the future may trace: they run inside the span.
            this.inner.set(None);
            output
        };
        Poll::Ready(match (output, this.exchange.take()) {
            (Ok(response), Some(exchange)) => Ok(exchange.answer(response)),
            (Ok(response), None) => Ok(response.map(ResponseBody::untraced)),
            (Err(error), exchange) => {
                if let Some(exchange) = exchange {
                    exchange.fail(&Failure::Service(ErrorText::new(&error)));
                }
                Err(error)
            }
        })
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
