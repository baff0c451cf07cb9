//! Running a handler in the span of its message.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::message_rules::handler_outcome::HandlerOutcome;
use crate::message_rules::handler_output::HandlerOutput;
use crate::model::value::Value;
use crate::model::{logs, tags};
use crate::span::span::Span;
use crate::span::span_ref::SpanRef;
use crate::tracer::tracer::Tracer;

pin_project! {
    /// Runs the handler of a message in a span, and records how it ends: an error that it returns, that it was dropped, or that it panicked.
    ///
    /// The span is active during each poll, and while the handler is dropped. Returns the span with the output, so that the adapter can
    /// record how the message was settled; dropping the span finishes it.
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct Handling<F> {
        #[pin]
        handler: Option<F>,
        span: Span,
        tracer: Tracer,
        is_polled: bool,
    }

    impl<F> PinnedDrop for Handling<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.handler.is_none() {
                return;
            }
            {
                let _scope = this.span.activate_borrowed();
                this.handler.set(None);
            }
            // After a panic that was caught, the flag of the poll remains.
            let panicked = *this.is_polled || std::thread::panicking();
            let outcome = if panicked { HandlerOutcome::Panicked } else { HandlerOutcome::Cancelled };
            outcome.record(this.tracer, this.span);
        }
    }
}

impl<F> Handling<F> {
    /// Runs in this span.
    pub fn new(tracer: &Tracer, span: Span, handler: F) -> Self {
        Handling { handler: Some(handler), span, tracer: tracer.clone(), is_polled: false }
    }

    /// Runs in the span of this handle, and does not finish it.
    pub fn in_ref(tracer: &Tracer, span: &SpanRef, handler: F) -> Self {
        Handling::new(tracer, span.lend(), handler)
    }
}

impl<F: Future<Output: HandlerOutput>> Future for Handling<F> {
    type Output = (F::Output, Span);

    /// # Panics
    ///
    /// If the future is polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let output = {
            let _scope = this.span.activate_borrowed();
            let handler = this.handler.as_mut().as_pin_mut().expect("a future is not polled again after it was ready");
            *this.is_polled = true;
            let output = handler.poll(cx);
            if output.is_ready() {
                // Destructors of the handler may trace: they run inside of the span.
                this.handler.set(None);
            }
            *this.is_polled = false;
            output
        };
        let Poll::Ready(output) = output else {
            this.span.wait();
            return Poll::Pending;
        };
        record_failure(this.span, &output);
        Poll::Ready((output, std::mem::take(this.span)))
    }
}

/// Runs a handler that blocks in the span, and records how it ends, as [`Handling`] does. Does not finish the span.
pub fn handle_blocking<T: HandlerOutput>(tracer: &Tracer, span: &mut Span, handler: impl FnOnce() -> T) -> T {
    let mut watch = Watch { tracer, span, is_done: false };
    let output = watch.span.in_scope(handler);
    watch.is_done = true;
    record_failure(watch.span, &output);
    output
}

/// Does the same as [`handle_blocking`] in the span of this handle.
pub fn handle_blocking_in_ref<T: HandlerOutput>(tracer: &Tracer, span: &SpanRef, handler: impl FnOnce() -> T) -> T {
    handle_blocking(tracer, &mut span.lend(), handler)
}

/// Records a panic.
struct Watch<'a> {
    tracer: &'a Tracer,
    span: &'a mut Span,
    is_done: bool,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            HandlerOutcome::Panicked.record(self.tracer, self.span);
        }
    }
}

fn record_failure(span: &mut Span, output: &impl HandlerOutput) {
    let Some(failure) = output.failure().filter(|_| span.is_recording()) else { return };
    let message = failure.to_string();
    span.set(tags::ERROR, true).log_kv(&[
        (logs::EVENT, Value::Static("error")),
        (logs::ERROR_KIND, Value::Static("handler")),
        (logs::MESSAGE, Value::Message(&message)),
    ]);
}
