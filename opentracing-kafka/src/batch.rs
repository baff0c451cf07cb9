//! Messages that are handled at once.

use std::fmt::{self, Display};
use std::ops::Deref;

use opentracing_core::{Span, SpanContext, WithSpan};

use crate::handling::Handling;

/// Messages and the one span of handling them all. See [`TracingConsumer::batch`](crate::TracingConsumer::batch).
///
/// The span follows from that of each message's sender, each counted once and 128 at most, and goes on with the trace of the first of
/// them. It is suppressed if the traces of all messages are. A batch of no messages has no span.
///
/// It is a pointer to a slice of the messages.
pub struct TracingBatch<M> {
    messages: Vec<M>,
    handling: Handling,
}

impl<M> TracingBatch<M> {
    pub(crate) fn new(messages: Vec<M>, span: Span) -> Self {
        TracingBatch { messages, handling: Handling::new(span) }
    }

    /// The context of the batch's span, also when that has finished; `None` if there is no message or no tracer.
    pub fn context(&self) -> Option<&SpanContext> {
        self.handling.context.as_ref()
    }

    /// The batch's span, to write to it. One of no tracer once the span was taken by a handler.
    pub fn span_mut(&mut self) -> &mut Span {
        self.handling.span_mut()
    }

    /// Runs a future in the batch's span, which finishes with it. A second one runs without a span.
    pub fn in_span<F>(&self, future: F) -> WithSpan<F> {
        self.handling.in_span(future)
    }

    /// Runs a closure in the batch's span, and finishes it. A second one runs without a span.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        self.handling.in_scope(f)
    }

    /// Runs a future in the batch's span, and finishes it. A failure is told by the span, and handed on.
    ///
    /// # Errors
    ///
    /// That of the future.
    pub async fn process<F, T, E>(&self, future: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: Display,
    {
        self.handling.process(future).await
    }

    /// Runs a closure in the batch's span, and finishes it. A failure is told by the span, and handed on.
    ///
    /// # Errors
    ///
    /// That of the closure.
    pub fn process_blocking<T, E: Display>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.handling.process_blocking(f)
    }

    /// The messages. Their span finishes.
    pub fn into_inner(self) -> Vec<M> {
        self.messages
    }
}

impl<M> Deref for TracingBatch<M> {
    type Target = [M];

    fn deref(&self) -> &[M] {
        &self.messages
    }
}

impl<M: fmt::Debug> fmt::Debug for TracingBatch<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingBatch")
            .field("messages", &self.messages)
            .field("context", &self.handling.context)
            .finish_non_exhaustive()
    }
}
