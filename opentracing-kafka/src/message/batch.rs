//! Messages that are handled together.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use opentracing_core::message_rules::{self, Attempts, HandlerOutput, Handling, handle_blocking};
use opentracing_core::{MessageEvent, Span, SpanContext, SpanRef, tags};

use crate::message::received_message::ReceivedMessage;
use crate::message::receiving;
use crate::message::work::{Handle, Senders, Work};
use crate::settings::ClientSettings;
use crate::tags::record::set_partition;

/// Messages that are handled together, with one span. Created by [`TracingConsumer::batch`](crate::TracingConsumer::batch).
///
/// The span refers to the span of each sender, once per span and to 128 at most. It belongs to the trace of the first of them. It is not
/// sampled if none of the messages belongs to a sampled trace. An empty batch has no span. Traced messages can form a batch too; its span
/// then replaces theirs.
///
/// ```
/// use opentracing_kafka::TracingConsumer;
/// use rdkafka::consumer::StreamConsumer;
/// use rdkafka::message::OwnedMessage;
///
/// # type Error = Box<dyn std::error::Error>;
/// # type Consumer = TracingConsumer<StreamConsumer>;
/// # async fn insert(_orders: &[OwnedMessage]) -> Result<(), std::io::Error> { Ok(()) }
/// async fn store(consumer: &Consumer, orders: Vec<OwnedMessage>) -> Result<(), Error> {
///     let orders = consumer.batch(orders);
///     orders.handle(insert(&orders)).await?;
///     Ok(())
/// }
/// # drop(store);
/// ```
///
/// Dereferences to a slice of the messages.
pub struct TracingBatch<M> {
    messages: Vec<M>,
    handle: Handle,
}

impl<M> TracingBatch<M> {
    /// Returns the context of the span, even after it has finished. `None` for an empty batch and with a no-op tracer.
    pub fn context(&self) -> Option<&SpanContext> {
        self.handle.context.as_ref()
    }

    /// Returns a handle of the span: before the first attempt that of the batch, inside of a handler that of the attempt. Otherwise it is a
    /// no-op handle.
    pub fn span(&self) -> SpanRef {
        self.handle.span()
    }

    /// Returns the span of the batch, to write to it before the first attempt. Afterwards it is a no-op span.
    pub fn span_mut(&mut self) -> &mut Span {
        self.handle.span_mut()
    }

    /// Unwraps the messages. The span finishes.
    pub fn into_inner(self) -> Vec<M> {
        self.messages
    }
}

impl<M: ReceivedMessage> TracingBatch<M> {
    /// Runs a future in the span of an attempt to handle the batch, as [`TracingMessage::handle`](crate::TracingMessage::handle) does for one
    /// message.
    pub async fn handle<F>(&self, future: F) -> F::Output
    where
        F: Future<Output: HandlerOutput>,
    {
        let span = self.begin();
        let (output, span) = Handling::new(&self.handle.client.settings.tracer, span, future).await;
        span.finish();
        output
    }

    /// Runs a closure in the span of an attempt, as [`handle`](TracingBatch::handle) runs a future.
    pub fn handle_blocking<T: HandlerOutput>(&self, handler: impl FnOnce() -> T) -> T {
        let mut span = self.begin();
        handle_blocking(&self.handle.client.settings.tracer, &mut span, handler)
    }

    fn begin(&self) -> Span {
        let restart =
            |senders: &Senders, attempts: &Attempts| start(&self.handle.client, &self.messages, senders, attempts);
        self.handle.begin(restart).0
    }

    /// Counts the messages unless they are counted, and starts the span.
    pub(crate) fn new(client: &Arc<ClientSettings>, messages: Vec<M>) -> Self {
        if messages.is_empty() {
            return TracingBatch { messages, handle: Handle::new(Work::empty(client)) };
        }
        client.settings.tracer.warn_if_unregistered();
        let uncounted = messages.iter().filter(|message| !message.is_counted()).count();
        client.settings.tracer.count_messages(MessageEvent::Received, uncounted as u64);
        let senders = senders(client, &messages);
        messages.iter().for_each(ReceivedMessage::join_batch);
        let attempts = Attempts::new();
        let span = start(client, &messages, &senders, &attempts);
        let handle = Handle::new(Work::new_batch(client, span, senders, messages.len()));
        TracingBatch { messages, handle }
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
            .field("context", &self.handle.context)
            .finish_non_exhaustive()
    }
}

/// Starts the span of a batch, for its first or a further attempt. No messages have no span.
fn start<M: ReceivedMessage>(
    client: &ClientSettings,
    messages: &[M],
    senders: &[SpanContext],
    attempts: &Attempts,
) -> Span {
    let Some(first) = messages.first() else { return Span::noop() };
    let topic = first.topic();
    let is_one_topic = messages.iter().all(|message| message.topic() == topic);
    let mut span = receiving::start_span(client, if is_one_topic { topic } else { "batch" }, senders, attempts);
    if span.is_recording() {
        receiving::describe_client(&mut span, client, "process");
        span.set(tags::MESSAGING_BATCH_MESSAGE_COUNT, i64::try_from(messages.len()).unwrap_or(i64::MAX));
        let partition = first.partition();
        if is_one_topic && messages.iter().all(|message| message.partition() == partition) {
            set_partition(&mut span, partition);
        }
        let bytes: usize = messages.iter().filter_map(|message| message.payload()).map(<[u8]>::len).sum();
        span.set(tags::MESSAGING_MESSAGE_BODY_SIZE, i64::try_from(bytes).unwrap_or(i64::MAX));
    }
    messages.iter().for_each(|message| message.decorate(&mut span, &client.settings.decorators));
    span
}

/// The contexts of the messages to which the span of a batch refers.
fn senders<M: ReceivedMessage>(client: &ClientSettings, messages: &[M]) -> Senders {
    let mut senders = message_rules::Senders::new();
    messages.iter().for_each(|message| senders.add(message.sender(client)));
    senders.into_contexts().into()
}
