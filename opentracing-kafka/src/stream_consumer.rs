//! Awaiting messages.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use futures_core::Stream;
use rdkafka::consumer::stream_consumer::StreamPartitionQueue;
use rdkafka::consumer::{ConsumerContext, MessageStream, StreamConsumer};
use rdkafka::error::KafkaResult;
use rdkafka::message::BorrowedMessage;

use crate::consumer::TracingConsumer;
use crate::message::TracingMessage;
use crate::partition_queue::TracingPartitionQueue;
use crate::receiving;
use crate::settings::ClientSettings;

impl<C, R> TracingConsumer<StreamConsumer<C, R>>
where
    C: ConsumerContext + 'static,
{
    /// Waits for a message, as [`StreamConsumer::recv`].
    ///
    /// # Errors
    ///
    /// Those of rdkafka.
    pub async fn recv(&self) -> KafkaResult<TracingMessage<BorrowedMessage<'_>>> {
        let begun = receiving::begin_poll(&self.client);
        let message = self.consumer.recv().await?;
        Ok(TracingMessage::new_received(message, &self.client, begun))
    }

    /// The messages as a stream that does not end, as [`StreamConsumer::stream`]. The span of a message starts when it is taken from
    /// the stream.
    pub fn stream(&self) -> TracingMessageStream<'_, C> {
        TracingMessageStream::new(self.consumer.stream(), &self.client)
    }

    /// Splits a partition off into a queue of its own, as [`StreamConsumer::split_partition_queue`]. `None` if topic or partition are
    /// not valid.
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
    /// Waits for a message of the partition, as [`StreamPartitionQueue::recv`].
    ///
    /// # Errors
    ///
    /// Those of rdkafka.
    pub async fn recv(&self) -> KafkaResult<TracingMessage<BorrowedMessage<'_>>> {
        let begun = receiving::begin_poll(&self.client);
        let message = self.queue.recv().await?;
        Ok(TracingMessage::new_received(message, &self.client, begun))
    }

    /// The messages of the partition as a stream that does not end, as [`StreamPartitionQueue::stream`].
    pub fn stream(&self) -> TracingMessageStream<'_, C> {
        TracingMessageStream::new(self.queue.stream(), &self.client)
    }
}

/// The messages of a consumer or of a partition, each with its span.
#[must_use = "streams do nothing unless polled"]
pub struct TracingMessageStream<'a, C: ConsumerContext> {
    stream: MessageStream<'a, C>,
    client: &'a ClientSettings,
    /// When the waiting for the next message has begun, if that is to be told.
    begun: Option<SystemTime>,
}

impl<'a, C: ConsumerContext> TracingMessageStream<'a, C> {
    fn new(stream: MessageStream<'a, C>, client: &'a ClientSettings) -> Self {
        TracingMessageStream { stream, client, begun: None }
    }
}

impl<'a, C: ConsumerContext> Stream for TracingMessageStream<'a, C> {
    type Item = KafkaResult<TracingMessage<BorrowedMessage<'a>>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.begun.is_none() {
            this.begun = receiving::begin_poll(this.client);
        }
        let item = ready!(Pin::new(&mut this.stream).poll_next(cx));
        let begun = this.begun.take();
        Poll::Ready(item.map(|result| result.map(|message| TracingMessage::new_received(message, this.client, begun))))
    }
}

impl<C: ConsumerContext> fmt::Debug for TracingMessageStream<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingMessageStream").field("client", &self.client).finish_non_exhaustive()
    }
}
