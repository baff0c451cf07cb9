//! The traced message.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::SystemTime;

use opentracing_core::message_rules::{HandlerOutput, Receiver};
use opentracing_core::{Span, SpanContext, SpanRef};
use rdkafka::message::{BorrowedMessage, Message, OwnedMessage, Timestamp};

use crate::message::attempt::Attempt;
use crate::message::received_message::ReceivedMessage;
use crate::message::receiving;
use crate::message::work::Handle;
use crate::settings::ClientSettings;

/// A received message with the span of its handling, which starts when the message is received.
///
/// [`handle`](TracingMessage::handle) and [`handle_blocking`](TracingMessage::handle_blocking) run a handler in the span and finish it. They
/// may be called any number of times: each further attempt has a span of its own, which refers to the same sender and to the attempt before.
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
///     for _attempt in 1..=3 {
///         if order.handle(store(order.payload().unwrap_or_default())).await.is_ok() {
///             consumer.commit_message(&order, CommitMode::Async)?;
///             break;
///         }
///     }
///     Ok(())
/// }
/// # drop(consume);
/// ```
///
/// Without a handler the span finishes when the message is dropped. Until then, spans that start without a parent in the loop that received
/// the message are its children, as the [crate page](crate) explains. If there is none, the span has the tag `messaging.outcome=unhandled`
/// and is counted in [`MessageStats::unhandled`](opentracing_core::MessageStats::unhandled).
///
/// Implements rdkafka's trait [`Message`] and dereferences to rdkafka's message, so `message.payload()` and
/// `consumer.commit_message(&message, …)` work as without tracing.
pub struct TracingMessage<M> {
    message: M,
    handle: Handle,
}

impl<M> TracingMessage<M> {
    /// Returns the context of the first span, even after it has finished. `None` with a no-op tracer.
    pub fn context(&self) -> Option<&SpanContext> {
        self.handle.context.as_ref()
    }

    /// Returns a handle of the span: before the first attempt that of the message, inside of a handler that of the attempt. Otherwise it is
    /// a no-op handle.
    ///
    /// ```
    /// use opentracing_kafka::TracingConsumer;
    /// # use rdkafka::consumer::StreamConsumer;
    /// # use rdkafka::error::KafkaResult;
    /// # async fn consume(consumer: TracingConsumer<StreamConsumer>) -> KafkaResult<()> {
    /// let order = consumer.recv().await?;
    /// order.handle(async { drop(order.span().set_tag("order.kind", "book")) }).await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn span(&self) -> SpanRef {
        self.handle.span()
    }

    /// Returns the span of the message, to write to it before the first attempt. Afterwards, and while a [detached](Self::detach) copy
    /// exists, it is a no-op span.
    pub fn span_mut(&mut self) -> &mut Span {
        self.handle.span_mut()
    }

    /// Returns rdkafka's message.
    pub fn get_ref(&self) -> &M {
        &self.message
    }

    /// Returns rdkafka's message.
    pub fn get_mut(&mut self) -> &mut M {
        &mut self.message
    }

    /// Unwraps rdkafka's message. The span finishes.
    pub fn into_inner(self) -> M {
        self.message
    }

    pub(crate) fn tracking(&self) -> &Handle {
        &self.handle
    }
}

impl<M: ReceivedMessage> TracingMessage<M> {
    /// Runs a future in the span of an attempt to handle the message, so that spans that it starts are children of that span. The span
    /// finishes with the future.
    ///
    /// The future returns `()` or a [`Result`]. An error marks the span as failed, with its text in a log. A future that is dropped before
    /// it is done leaves the tag `messaging.outcome=cancelled`, one that panics `panicked`. The tag `messaging.attempt` is the number of the
    /// attempt. It goes on if the message is received again by the same consumer after a failure.
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
    pub fn handle<F>(&self, future: F) -> impl Future<Output = F::Output> + use<'_, F, M>
    where
        F: Future<Output: HandlerOutput>,
    {
        self.handle.leave_loop();
        async move {
            let (mut attempt, span) = Attempt::begin(&self.handle, &self.message);
            let (output, span) = attempt.run(span, future).await;
            span.finish();
            output
        }
    }

    /// Runs a closure in the span of an attempt, as [`handle`](TracingMessage::handle) runs a future.
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
        let (mut attempt, mut span) = Attempt::begin(&self.handle, &self.message);
        attempt.run_blocking(&mut span, handler)
    }

    /// Starts the span now.
    pub(crate) fn start(message: M, client: &Arc<ClientSettings>) -> Self {
        let handle = Handle::new(receiving::receive(client, &message, None));
        TracingMessage { message, handle }
    }
}

impl<'m> TracingMessage<BorrowedMessage<'m>> {
    /// Starts the span now. `polled_at` is the time when the call that returns the message started, if it is recorded.
    pub(crate) fn new_received(
        message: BorrowedMessage<'m>,
        client: &Arc<ClientSettings>,
        polled_at: Option<SystemTime>,
        receiver: Receiver,
    ) -> Self {
        let work = receiving::receive(client, &message, polled_at);
        let current = client.settings.has_current_message.then(|| receiver.receive(work.context().as_ref())).flatten();
        TracingMessage { message, handle: Handle::new(work.with_current(current)) }
    }

    /// Copies the message, so that it no longer borrows from the consumer, like [`BorrowedMessage::detach`]. Both messages share the span
    /// and the attempts: without a handler, the span finishes when the last one is dropped.
    pub fn detach(&self) -> TracingMessage<OwnedMessage> {
        TracingMessage { message: self.message.detach(), handle: self.handle.share() }
    }
}

/// The copies share the span and the attempts.
impl<M: Clone> Clone for TracingMessage<M> {
    fn clone(&self) -> Self {
        TracingMessage { message: self.message.clone(), handle: self.handle.share() }
    }
}

impl<M> Deref for TracingMessage<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.message
    }
}

/// Forwards to rdkafka's message.
impl<M: Message> Message for TracingMessage<M> {
    type Headers = M::Headers;

    fn key(&self) -> Option<&[u8]> {
        self.message.key()
    }

    fn payload(&self) -> Option<&[u8]> {
        self.message.payload()
    }

    #[expect(unsafe_code, reason = "the trait declares the method as unsafe, and this forwards it")]
    unsafe fn payload_mut(&mut self) -> Option<&mut [u8]> {
        // SAFETY: the caller has to uphold the contract of the same method.
        unsafe { self.message.payload_mut() }
    }

    fn topic(&self) -> &str {
        self.message.topic()
    }

    fn partition(&self) -> i32 {
        self.message.partition()
    }

    fn offset(&self) -> i64 {
        self.message.offset()
    }

    fn timestamp(&self) -> Timestamp {
        self.message.timestamp()
    }

    fn headers(&self) -> Option<&M::Headers> {
        self.message.headers()
    }
}

impl<M: fmt::Debug> fmt::Debug for TracingMessage<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingMessage")
            .field("message", &self.message)
            .field("context", &self.handle.context)
            .finish_non_exhaustive()
    }
}
