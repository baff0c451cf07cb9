//! Polling for messages.

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaResult;
use rdkafka::message::BorrowedMessage;
use rdkafka::util::Timeout;

use crate::consumer::TracingConsumer;
use crate::message::TracingMessage;
use crate::partition_queue::TracingPartitionQueue;
use crate::receiving;

impl<C: ConsumerContext> TracingConsumer<BaseConsumer<C>> {
    /// Waits for a message, as [`BaseConsumer::poll`].
    pub fn poll<T: Into<Timeout>>(&self, timeout: T) -> Option<KafkaResult<TracingMessage<BorrowedMessage<'_>>>> {
        let begun = receiving::begin_poll(&self.client);
        let result = self.consumer.poll(timeout)?;
        Some(result.map(|message| TracingMessage::new_received(message, &self.client, begun)))
    }

    /// Messages one after the other, as [`BaseConsumer::iter`]: it waits for each, and never ends.
    pub fn iter(&self) -> Iter<'_, C> {
        Iter { consumer: self }
    }

    /// Splits a partition off into a queue of its own, as [`BaseConsumer::split_partition_queue`]. `None` if topic or partition are
    /// not valid.
    pub fn split_partition_queue(
        &self,
        topic: &str,
        partition: i32,
    ) -> Option<TracingPartitionQueue<PartitionQueue<C>>> {
        let queue = self.consumer.split_partition_queue(topic, partition)?;
        Some(TracingPartitionQueue::new(queue, &self.client))
    }
}

/// The messages of a traced [`BaseConsumer`]. See [`TracingConsumer::iter`].
#[derive(Debug)]
pub struct Iter<'a, C: ConsumerContext> {
    consumer: &'a TracingConsumer<BaseConsumer<C>>,
}

impl<'a, C: ConsumerContext> Iterator for Iter<'a, C> {
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
    type IntoIter = Iter<'a, C>;

    fn into_iter(self) -> Iter<'a, C> {
        self.iter()
    }
}

impl<C: ConsumerContext> TracingPartitionQueue<PartitionQueue<C>> {
    /// Waits for a message of the partition, as [`PartitionQueue::poll`].
    pub fn poll<T: Into<Timeout>>(&self, timeout: T) -> Option<KafkaResult<TracingMessage<BorrowedMessage<'_>>>> {
        let begun = receiving::begin_poll(&self.client);
        let result = self.queue.poll(timeout)?;
        Some(result.map(|message| TracingMessage::new_received(message, &self.client, begun)))
    }
}
