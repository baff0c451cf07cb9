//! The traced message.

use std::fmt;
use std::ops::Deref;
use std::time::SystemTime;

use opentracing_core::message_rules::HandlerOutput;
use opentracing_core::{Span, SpanContext};
use rdkafka::message::{BorrowedMessage, OwnedMessage};

use crate::message::handling::Handling;
use crate::message::receiving;
use crate::settings::ClientSettings;

/// A received message with the span of its handling, which starts when the message is received.
///
/// [`handle`](TracingMessage::handle) and [`handle_blocking`](TracingMessage::handle_blocking) run a handler in the span and finish it. If
/// neither is called, the span has no children and finishes when the message is dropped.
///
/// ```
/// use opentracing_kafka::TracingConsumer;
/// use rdkafka::Message;
/// use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
///
/// # type Error = Box<dyn std::error::Error>;
/// # async fn store(_order: &[u8]) -> Result<(), Error> { Ok(()) }
/// async fn consume(consumer: &TracingConsumer<StreamConsumer>) -> Result<(), Error> {
///     let order = consumer.recv().await?;
///     order.handle(store(order.payload().unwrap_or_default())).await?;
///     consumer.commit_message(&order, CommitMode::Async)?;
///     Ok(())
/// }
/// # drop(consume);
/// ```
///
/// Dereferences to rdkafka's message, so `message.payload()` and `consumer.commit_message(&message, …)` work as without tracing.
pub struct TracingMessage<M> {
    message: M,
    handling: Handling,
}

impl<M> TracingMessage<M> {
    pub(crate) fn new(message: M, span: Span) -> Self {
        TracingMessage { message, handling: Handling::new(span) }
    }

    /// Returns the context of the span, even after it has finished. `None` with a no-op tracer.
    pub fn context(&self) -> Option<&SpanContext> {
        self.handling.context.as_ref()
    }

    /// Returns the span, to write to it. After a handler has run, this is a no-op span.
    pub fn span_mut(&mut self) -> &mut Span {
        self.handling.span_mut()
    }

    /// Runs a future in the span of the message, so that spans that it starts are children of that span. The span finishes with the
    /// future.
    ///
    /// The future returns `()` or a [`Result`]. An error marks the span as failed, with its text in a log. Call it once per message: a
    /// second future runs without a span.
    ///
    /// [`TracingProducer`](crate::TracingProducer) returns errors together with the record; use `map_err(|(error, _)| error)` in a handler
    /// that sends.
    ///
    /// ```
    /// # use opentracing_kafka::TracingConsumer;
    /// use rdkafka::Message;
    /// # use rdkafka::consumer::StreamConsumer;
    /// # use rdkafka::error::KafkaResult;
    /// # async fn store(_order: &[u8]) {}
    /// # async fn consume(consumer: TracingConsumer<StreamConsumer>) -> KafkaResult<()> {
    /// let message = consumer.recv().await?;
    /// message.handle(async { store(message.payload().unwrap_or_default()).await }).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn handle<F>(&self, future: F) -> F::Output
    where
        F: Future<Output: HandlerOutput>,
    {
        self.handling.handle(future).await
    }

    /// Runs a closure in the span of the message, as [`handle`](TracingMessage::handle) runs a future.
    ///
    /// ```
    /// # use opentracing_kafka::TracingConsumer;
    /// use rdkafka::Message;
    /// # use rdkafka::consumer::BaseConsumer;
    /// # fn store(_order: &[u8]) -> std::io::Result<()> { Ok(()) }
    /// # type Error = Box<dyn std::error::Error>;
    /// # fn consume(consumer: &TracingConsumer<BaseConsumer>) -> Result<(), Error> {
    /// for message in consumer {
    ///     let message = message?;
    ///     message.handle_blocking(|| store(message.payload().unwrap_or_default()))?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_blocking<T: HandlerOutput>(&self, handler: impl FnOnce() -> T) -> T {
        self.handling.handle_blocking(handler)
    }

    /// Unwraps rdkafka's message. The span finishes.
    pub fn into_inner(self) -> M {
        self.message
    }

    pub(crate) fn take_span(&self) -> Span {
        self.handling.take_span()
    }
}

impl<'m> TracingMessage<BorrowedMessage<'m>> {
    /// Starts the span now. `polled_at` is the time when the call that returns the message started, if it is recorded.
    pub(crate) fn new_received(
        message: BorrowedMessage<'m>,
        client: &ClientSettings,
        polled_at: Option<SystemTime>,
    ) -> Self {
        let span = receiving::start(client, &message, polled_at);
        TracingMessage::new(message, span)
    }

    /// Copies the message, so that it no longer borrows from the consumer. The span moves to the copy.
    pub fn detach(self) -> TracingMessage<OwnedMessage> {
        TracingMessage { message: self.message.detach(), handling: self.handling }
    }
}

impl<M> Deref for TracingMessage<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.message
    }
}

impl<M: fmt::Debug> fmt::Debug for TracingMessage<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingMessage")
            .field("message", &self.message)
            .field("context", &self.handling.context)
            .finish_non_exhaustive()
    }
}
