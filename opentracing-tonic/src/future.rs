//! The future of an answer.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::body::ResponseBody;
use crate::call::Call;
use crate::decorator::Cause;

pin_project! {
    /// The answer of a traced service. The span is active during each poll and while the wrapped future is dropped; the answer's body
    /// takes it over.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>,
        call: Option<Call>,
        // Stays true if the poll panicked. The thread need not be panicking any more when the future is dropped.
        polling: bool,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut call) = this.call.take() {
                {
                    let _scope = call.span.lend();
                    this.inner.set(None);
                }
                call.abandon(*this.polling, Cause::Cancelled);
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    /// Calls the service with the span active: a service may begin its work before it is polled.
    pub(crate) fn new(call: Option<Call>, begin: impl FnOnce() -> F) -> Self {
        // What panics in here, an interceptor perhaps, drops the future as a poll that panics does.
        let mut future = ResponseFuture { inner: None, call, polling: true };
        future.inner = Some(match &mut future.call {
            Some(call) => call.span.in_scope(begin),
            None => begin(),
        });
        future.polling = false;
        future
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
            let _scope = this.call.as_mut().map(|call| call.span.lend());
            *this.polling = true;
            let output = this.inner.as_mut().as_pin_mut().expect(AGAIN).poll(cx);
            *this.polling = false;
            let output = ready!(output);
            // Destructors of the future may trace: they run inside the span.
            this.inner.set(None);
            output
        };
        Poll::Ready(match (output, this.call.take()) {
            (Ok(response), Some(call)) => Ok(call.answer(response)),
            (Ok(response), None) => Ok(response.map(ResponseBody::untraced)),
            (Err(error), call) => {
                if let Some(call) = call {
                    call.fail(Cause::Service, &error);
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
