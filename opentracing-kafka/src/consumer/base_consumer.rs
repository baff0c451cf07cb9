//! Polling a `BaseConsumer` for messages.

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaResult;
use rdkafka::message::BorrowedMessage;
use rdkafka::util::Timeout;

use crate::consumer::consumer::TracingConsumer;
use crate::consumer::partition_queue::TracingPartitionQueue;
use crate::message::message::TracingMessage;
use crate::message::receiving;

impl<C: ConsumerContext> TracingConsumer<BaseConsumer<C>> {
    /// Waits for a message, like [`BaseConsumer::poll`].
    pub fn poll<T: Into<Timeout>>(&self, timeout: T) -> Option<KafkaResult<TracingMessage<BorrowedMessage<'_>>>> {
        let polled_at = receiving::poll_start(&self.client);
        let result = self.consumer.poll(timeout)?;
        Some(result.map(|message| TracingMessage::new_received(message, &self.client, polled_at)))
    }

    /// Returns an iterator that waits for each message and never ends, like [`BaseConsumer::iter`].
    pub fn iter(&self) -> TracingIter<'_, C> {
        TracingIter { consumer: self }
    }

    /// Splits off a partition into a queue of its own, like [`BaseConsumer::split_partition_queue`]. `None` if the topic or partition is
    /// invalid.
    pub fn split_partition_queue(
        &self,
        topic: &str,
        partition: i32,
    ) -> Option<TracingPartitionQueue<PartitionQueue<C>>> {
        let queue = self.consumer.split_partition_queue(topic, partition)?;
        Some(TracingPartitionQueue::new(queue, &self.client))
    }
}

/// An iterator over the messages of a traced [`BaseConsumer`]. Created by [`TracingConsumer::iter`].
#[derive(Debug)]
pub struct TracingIter<'a, C: ConsumerContext> {
    consumer: &'a TracingConsumer<BaseConsumer<C>>,
}

impl<'a, C: ConsumerContext> Iterator for TracingIter<'a, C> {
    type Item = KafkaResult<TracingMessage<BorrowedMessage<'a>>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(result) = self.consumer.poll(Timeout::Never) {
                return Some(result);
            }
        }
    }
}

impl<'a, C: ConsumerContext> IntoIterator for &'a TracingConsumer<BaseConsumer<C>> {
    type Item = KafkaResult<TracingMessage<BorrowedMessage<'a>>>;
    type IntoIter = TracingIter<'a, C>;

    fn into_iter(self) -> TracingIter<'a, C> {
        self.iter()
    }
}

impl<C: ConsumerContext> TracingPartitionQueue<PartitionQueue<C>> {
    /// Waits for a message of the partition, like [`PartitionQueue::poll`].
    pub fn poll<T: Into<Timeout>>(&self, timeout: T) -> Option<KafkaResult<TracingMessage<BorrowedMessage<'_>>>> {
        let polled_at = receiving::poll_start(&self.client);
        let result = self.queue.poll(timeout)?;
        Some(result.map(|message| TracingMessage::new_received(message, &self.client, polled_at)))
    }
}
