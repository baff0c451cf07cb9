//! Received messages with their spans.

use std::fmt::{self, Display};
use std::ops::Deref;
use std::sync::Arc;
use std::time::SystemTime;

use opentracing_core::{Span, SpanContext, WithSpan};
use rdkafka::Message;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, OwnedMessage};

use crate::decorator::SpanDecorator;
use crate::handling::Handling;
use crate::raw;
use crate::receiving;
use crate::settings::ClientSettings;

/// A message and the span of handling it, which has started when the message came.
///
/// What handles the message runs in its span by [`process`](TracingMessage::process), [`in_span`](TracingMessage::in_span) or
/// [`in_scope`](TracingMessage::in_scope), which also finish it. Without any of them the span has no children, and finishes when the
/// message is dropped.
///
/// It is a pointer to rdkafka's message: `message.payload()` works as ever, and so does `consumer.commit_message(&message, …)`.
pub struct TracingMessage<M> {
    message: M,
    handling: Handling,
}

impl<M> TracingMessage<M> {
    pub(crate) fn new(message: M, span: Span) -> Self {
        TracingMessage { message, handling: Handling::new(span) }
    }

    /// The context of the message's span, also when that has finished; `None` if there is no tracer.
    pub fn context(&self) -> Option<&SpanContext> {
        self.handling.context.as_ref()
    }

    /// The message's span, to write to it. One of no tracer once the span was taken by a handler.
    pub fn span_mut(&mut self) -> &mut Span {
        self.handling.span_mut()
    }

    /// Runs a future in the message's span, which finishes with it. A second one runs without a span.
    ///
    /// ```
    /// # use opentracing_kafka::TracingConsumer;
    /// use rdkafka::Message;
    /// # use rdkafka::consumer::StreamConsumer;
    /// # async fn store(order: &[u8]) {}
    /// # async fn consume(consumer: TracingConsumer<StreamConsumer>) -> rdkafka::error::KafkaResult<()> {
    /// let message = consumer.recv().await?;
    /// message.in_span(async { store(message.payload().unwrap_or_default()).await }).await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn in_span<F>(&self, future: F) -> WithSpan<F> {
        self.handling.in_span(future)
    }

    /// Runs a closure in the message's span, and finishes it. A second one runs without a span.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        self.handling.in_scope(f)
    }

    /// Runs a future in the message's span, and finishes it. A failure is told by the span, and handed on.
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

    /// Runs a closure in the message's span, and finishes it. A failure is told by the span, and handed on.
    ///
    /// # Errors
    ///
    /// That of the closure.
    pub fn process_blocking<T, E: Display>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.handling.process_blocking(f)
    }

    /// The message. Its span finishes.
    pub fn into_inner(self) -> M {
        self.message
    }

    pub(crate) fn take_span(&self) -> Span {
        self.handling.take_span()
    }
}

impl<'m> TracingMessage<BorrowedMessage<'m>> {
    /// With a span that starts now. `begun` is when the waiting for the message did.
    pub(crate) fn new_received(
        message: BorrowedMessage<'m>,
        client: &ClientSettings,
        begun: Option<SystemTime>,
    ) -> Self {
        let span = receiving::start(client, &message, begun);
        TracingMessage::new(message, span)
    }

    /// Copies the message, so that it does not borrow from the consumer. Its span goes along.
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

/// A message as rdkafka hands it out: [`BorrowedMessage`] or [`OwnedMessage`].
pub trait ReceivedMessage: Message + sealed::Sealed {
    #[doc(hidden)]
    fn raw_headers(&self) -> Option<&BorrowedHeaders>;

    #[doc(hidden)]
    fn decorate(&self, span: &mut Span, decorators: &[Arc<dyn SpanDecorator>]);
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for rdkafka::message::BorrowedMessage<'_> {}
    impl Sealed for rdkafka::message::OwnedMessage {}
}

impl ReceivedMessage for BorrowedMessage<'_> {
    fn raw_headers(&self) -> Option<&BorrowedHeaders> {
        self.headers()
    }

    fn decorate(&self, span: &mut Span, decorators: &[Arc<dyn SpanDecorator>]) {
        decorators.iter().for_each(|decorator| decorator.on_message(span, self));
    }
}

/// Was received some time before, so no decorator sees it.
impl ReceivedMessage for OwnedMessage {
    fn raw_headers(&self) -> Option<&BorrowedHeaders> {
        self.headers().map(rdkafka::message::OwnedHeaders::as_borrowed)
    }

    fn decorate(&self, _: &mut Span, _: &[Arc<dyn SpanDecorator>]) {}
}

/// The last value that a message has under that name, in this letter case. Unlike what rdkafka has to read headers, it does not panic
/// where the name of another one is not UTF-8.
pub fn header<'m, M: ReceivedMessage>(message: &'m M, name: &str) -> Option<&'m [u8]> {
    let mut found = None;
    raw::for_each(message.raw_headers()?, |other, value| {
        if other == name.as_bytes() {
            found = value;
        }
    });
    found
}
