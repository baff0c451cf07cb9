//! Running a handler in the span of a message or a batch.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use opentracing_core::message_rules::HandlerOutput;
use opentracing_core::{Span, SpanContext};

use crate::tags::error;

/// The span of a message or a batch until a handler takes it, and its context, which remains.
pub(crate) struct Handling {
    /// Behind a lock, because a handler borrows the message while its span is taken out.
    span: Mutex<Span>,
    pub(crate) context: Option<SpanContext>,
}

impl Handling {
    pub(crate) fn new(span: Span) -> Self {
        Handling { context: span.context(), span: Mutex::new(span) }
    }

    pub(crate) fn span_mut(&mut self) -> &mut Span {
        self.span.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the span, and leaves a no-op span.
    pub(crate) fn take_span(&self) -> Span {
        std::mem::take(&mut *self.span.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) async fn handle<F>(&self, future: F) -> F::Output
    where
        F: Future<Output: HandlerOutput>,
    {
        handle(self.take_span(), future).await
    }

    pub(crate) fn handle_blocking<T: HandlerOutput>(&self, handler: impl FnOnce() -> T) -> T {
        let mut span = self.take_span();
        let output = span.in_scope(handler);
        record_failure(&mut span, &output);
        output
    }
}

/// Runs the future in the span, and finishes the span.
pub(crate) async fn handle<F>(mut span: Span, future: F) -> F::Output
where
    F: Future<Output: HandlerOutput>,
{
    let mut future = pin!(future);
    let output = std::future::poll_fn(|cx| {
        let _scope = span.activate_borrowed();
        future.as_mut().poll(cx)
    })
    .await;
    record_failure(&mut span, &output);
    span.finish();
    output
}

fn record_failure(span: &mut Span, output: &impl HandlerOutput) {
    if let Some(failure) = output.failure() {
        error::record_handler(span, failure);
    }
}
