//! The span of handling what was received, until a handler takes it.

use std::fmt::Display;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use opentracing_core::{InSpan, Span, SpanContext, WithSpan};

use crate::error;

/// The span of a message or a batch, and its context, which stays.
pub(crate) struct Handling {
    /// Behind a lock because a handler borrows the message while its span is taken out of it.
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

    /// The span; one of no tracer once it was taken.
    pub(crate) fn take_span(&self) -> Span {
        std::mem::take(&mut *self.span.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn in_span<F>(&self, future: F) -> WithSpan<F> {
        future.in_span(self.take_span())
    }

    pub(crate) fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        let _scope = self.take_span().activate();
        f()
    }

    pub(crate) async fn process<F, T, E>(&self, future: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: Display,
    {
        process(self.take_span(), future).await
    }

    pub(crate) fn process_blocking<T, E: Display>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut span = self.take_span();
        let result = span.in_scope(f);
        if let Err(failure) = &result {
            error::record_handler(&mut span, failure);
        }
        result
    }
}

/// Runs the future in the span, and finishes it.
pub(crate) async fn process<F, T, E>(mut span: Span, future: F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: Display,
{
    let mut future = pin!(future);
    let result = std::future::poll_fn(|cx| {
        let _scope = span.lend();
        future.as_mut().poll(cx)
    })
    .await;
    if let Err(failure) = &result {
        error::record_handler(&mut span, failure);
    }
    span.finish();
    result
}
