//! The future of an invocation: the span around the response, then the flush.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use lambda_runtime::Error;
use opentracing_core::{Value, WithSpan, logs, tags};
use pin_project_lite::pin_project;
use tokio::time::Sleep;

use crate::flush::{Flush, until};
use crate::handler::HandlerFuture;
use crate::settings::Settings;

pin_project! {
    /// The future of [`Tracing`](crate::Tracing). It ends after the response has been sent and the spans have been flushed.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: WithSpan<HandlerFuture<F>>,
        #[pin]
        margin: Option<Sleep>,
        deadline: SystemTime,
        settings: Settings,
        flush: Option<Flush>,
        result: Option<Result<(), Error>>,
    }
}

impl<F> ResponseFuture<F> {
    /// `margin` elapses shortly before the deadline.
    pub(crate) fn new(
        inner: WithSpan<HandlerFuture<F>>,
        margin: Option<Sleep>,
        deadline: SystemTime,
        settings: &Settings,
    ) -> Self {
        ResponseFuture { inner, margin, deadline, settings: settings.clone(), flush: None, result: None }
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<(), Error>>,
{
    type Output = Result<(), Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut this = self.project();
        if this.result.is_none() {
            let margin = this.margin.as_mut().as_pin_mut();
            if margin.is_some_and(|margin| margin.poll(cx).is_ready()) {
                this.margin.set(None);
                end_early(this.inner.as_mut(), this.settings);
                *this.flush = Some(Flush::start(&this.settings.tracer, until(*this.deadline)));
            }
            if let Some(flush) = this.flush {
                // Only to let it run.
                let _ = flush.poll(cx);
            }
            *this.result = Some(ready!(this.inner.as_mut().poll(cx)));
            let timeout = this.settings.flush_timeout.min(until(*this.deadline));
            *this.flush = Some(Flush::start(&this.settings.tracer, timeout));
        }
        if let Some(flush) = this.flush {
            ready!(flush.poll(cx));
        }
        Poll::Ready(this.result.take().unwrap_or(Ok(())))
    }
}

/// Ends the span while its handler runs, since Lambda kills the process at the deadline. What the handler does from now on has a span of its
/// own, which is lost with the process or tells how it went on.
fn end_early<F>(inner: Pin<&mut WithSpan<F>>, settings: &Settings) {
    let span = inner.span_mut();
    let context = span.context();
    let late = settings.tracer.span("past the deadline margin").child_of(&context).start();
    let mut span = std::mem::replace(span, late);
    let message = format!("{} ms are left to the deadline", settings.deadline_margin.as_millis());
    span.set(tags::ERROR, true).log_kv(&[
        (logs::EVENT, Value::Str("error")),
        (logs::ERROR_KIND, Value::Str("timeout")),
        (logs::MESSAGE, Value::Str(&message)),
    ]);
    span.finish();
}
