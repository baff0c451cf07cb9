//! Receiving messages asynchronously from a `StreamConsumer`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use futures_core::Stream;
use opentracing_core::message_rules::Receiver;
use rdkafka::consumer::stream_consumer::StreamPartitionQueue;
use rdkafka::consumer::{ConsumerContext, MessageStream, StreamConsumer};
use rdkafka::error::KafkaResult;
use rdkafka::message::BorrowedMessage;

use crate::consumer::consumer::TracingConsumer;
use crate::consumer::partition_queue::TracingPartitionQueue;
use crate::message::message::TracingMessage;
use crate::message::receiving;
use crate::settings::ClientSettings;

impl<C, R> TracingConsumer<StreamConsumer<C, R>>
where
    C: ConsumerContext + 'static,
{
    /// Waits for a message, like [`StreamConsumer::recv`].
    ///
    /// # Errors
    ///
    /// The errors of rdkafka.
    pub async fn recv(&self) -> KafkaResult<TracingMessage<BorrowedMessage<'_>>> {
        receive(self.stream()).await
    }

    /// Returns an endless stream of messages, like [`StreamConsumer::stream`]. The span of a message starts when the stream yields it.
    pub fn stream(&self) -> TracingMessageStream<'_, C> {
        TracingMessageStream::new(self.consumer.stream(), &self.client)
    }

    /// Splits off a partition into a queue of its own, like [`StreamConsumer::split_partition_queue`]. `None` if the topic or partition is
    /// invalid.
    pub fn split_partition_queue(
        &self,
        topic: &str,
        partition: i32,
    ) -> Option<TracingPartitionQueue<StreamPartitionQueue<C, R>>> {
        let queue = self.consumer.split_partition_queue(topic, partition)?;
        Some(TracingPartitionQueue::new(queue, &self.client))
    }
}

impl<C, R> TracingPartitionQueue<StreamPartitionQueue<C, R>>
where
    C: ConsumerContext,
{
    /// Waits for a message of the partition, like [`StreamPartitionQueue::recv`].
    ///
    /// # Errors
    ///
    /// The errors of rdkafka.
    pub async fn recv(&self) -> KafkaResult<TracingMessage<BorrowedMessage<'_>>> {
        receive(self.stream()).await
    }

    /// Returns an endless stream of the partition's messages, like [`StreamPartitionQueue::stream`].
    pub fn stream(&self) -> TracingMessageStream<'_, C> {
        TracingMessageStream::new(self.queue.stream(), &self.client)
    }
}

/// rdkafka's own `recv` takes one message from a stream, too.
async fn receive<C: ConsumerContext>(
    mut stream: TracingMessageStream<'_, C>,
) -> KafkaResult<TracingMessage<BorrowedMessage<'_>>> {
    let message = std::future::poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)).await;
    message.expect("a stream of rdkafka never ends")
}

/// A stream of the messages of a consumer or of a partition, each with its span.
#[must_use = "streams do nothing unless polled"]
pub struct TracingMessageStream<'a, C: ConsumerContext> {
    stream: MessageStream<'a, C>,
    client: &'a Arc<ClientSettings>,
    /// The time when the stream started to wait for the next message, if polls are recorded.
    polled_at: Option<SystemTime>,
}

impl<'a, C: ConsumerContext> TracingMessageStream<'a, C> {
    fn new(stream: MessageStream<'a, C>, client: &'a Arc<ClientSettings>) -> Self {
        TracingMessageStream { stream, client, polled_at: None }
    }
}

impl<'a, C: ConsumerContext> Stream for TracingMessageStream<'a, C> {
    type Item = KafkaResult<TracingMessage<BorrowedMessage<'a>>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.polled_at.is_none() {
            this.polled_at = receiving::poll_start(this.client);
        }
        let receiver = Receiver::of_future();
        receiver.wait();
        let Some(item) = ready!(Pin::new(&mut this.stream).poll_next(cx)) else { return Poll::Ready(None) };
        let polled_at = this.polled_at.take();
        Poll::Ready(Some(match item {
            Ok(message) => Ok(TracingMessage::new_received(message, this.client, polled_at, receiver)),
            Err(error) => {
                receiving::record_failure(this.client, &error);
                Err(error)
            }
        }))
    }
}

impl<C: ConsumerContext> fmt::Debug for TracingMessageStream<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingMessageStream").field("client", &self.client).finish_non_exhaustive()
    }
}
