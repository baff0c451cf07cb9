//! Messages that are handled together.

use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;

use opentracing_core::message_rules::HandlerOutput;
use opentracing_core::{Sampling, Span, SpanContext, tags};

use crate::message::handling::Handling;
use crate::message::received_message::ReceivedMessage;
use crate::message::receiving;
use crate::settings::ClientSettings;
use crate::tags::record::set_partition;

/// Messages that are handled together, with one span. Created by [`TracingConsumer::batch`](crate::TracingConsumer::batch).
///
/// The span refers to the span of each sender, once per span and to 128 at most. It belongs to the trace of the first of them. It is not
/// sampled if none of the messages belongs to a sampled trace. An empty batch has no span.
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
    handling: Handling,
}

impl<M> TracingBatch<M> {
    /// Returns the context of the span, even after it has finished. `None` for an empty batch and with a no-op tracer.
    pub fn context(&self) -> Option<&SpanContext> {
        self.handling.context.as_ref()
    }

    /// Returns the span, to write to it. After a handler has run, this is a no-op span.
    pub fn span_mut(&mut self) -> &mut Span {
        self.handling.span_mut()
    }

    /// Runs a future in the span of the batch, as [`TracingMessage::handle`](crate::TracingMessage::handle) does for one message.
    pub async fn handle<F>(&self, future: F) -> F::Output
    where
        F: Future<Output: HandlerOutput>,
    {
        self.handling.handle(future).await
    }

    /// Runs a closure in the span of the batch, as [`handle`](TracingBatch::handle) runs a future.
    pub fn handle_blocking<T: HandlerOutput>(&self, handler: impl FnOnce() -> T) -> T {
        self.handling.handle_blocking(handler)
    }

    /// Unwraps the messages. The span finishes.
    pub fn into_inner(self) -> Vec<M> {
        self.messages
    }
}

impl<M: ReceivedMessage> TracingBatch<M> {
    pub(crate) fn new(client: &ClientSettings, messages: Vec<M>) -> Self {
        let span = start(client, &messages);
        TracingBatch { messages, handling: Handling::new(span) }
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

/// Starts the span of a batch. No messages have no span.
fn start<M: ReceivedMessage>(client: &ClientSettings, messages: &[M]) -> Span {
    let Some(first) = messages.first() else { return Span::noop() };
    client.settings.tracer.warn_if_unregistered();
    let senders = senders(client, messages);
    let topic = first.topic();
    let is_one_topic = messages.iter().all(|message| message.topic() == topic);
    let mut span =
        receiving::start_span(client, "process", if is_one_topic { topic } else { "batch" }, None, None, &senders);
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

/// The distinct contexts of the messages. Contexts that are not sampled are left out, unless no message has another one: then the batch is
/// not sampled either.
fn senders<M: ReceivedMessage>(client: &ClientSettings, messages: &[M]) -> Vec<SpanContext> {
    let (mut seen, mut senders, mut unsampled) = (HashSet::new(), Vec::new(), None);
    let mut all_unsampled = true;
    for message in messages {
        match receiving::sender(client, message) {
            Some(sender) if sender.sampling() == Sampling::NotSampled => unsampled = Some(sender),
            Some(sender) => {
                all_unsampled = false;
                if senders.len() < MAX_REFERENCES && seen.insert((sender.trace_id(), sender.span_id())) {
                    senders.push(sender);
                }
            }
            None => all_unsampled = false,
        }
    }
    if all_unsampled {
        senders.extend(unsampled);
    }
    senders
}

/// The limit on references of one span.
const MAX_REFERENCES: usize = 128;
