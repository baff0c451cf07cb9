//! Polling a `BaseConsumer` for messages.

use std::sync::Arc;

use opentracing_core::message_rules::Receiver;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaResult;
use rdkafka::message::BorrowedMessage;
use rdkafka::util::Timeout;

use crate::consumer::consumer::TracingConsumer;
use crate::consumer::partition_queue::TracingPartitionQueue;
use crate::message::message::TracingMessage;
use crate::message::receiving;
use crate::settings::ClientSettings;

impl<C: ConsumerContext> TracingConsumer<BaseConsumer<C>> {
    /// Waits for a message, like [`BaseConsumer::poll`].
    pub fn poll<T: Into<Timeout>>(&self, timeout: T) -> Option<KafkaResult<TracingMessage<BorrowedMessage<'_>>>> {
        receive(&self.client, || self.consumer.poll(timeout))
    }

    /// Returns an iterator that waits for each message and never ends, like [`BaseConsumer::iter`].
    pub fn iter(&self) -> TracingIter<'_, C> {
        TracingIter { consumer: self }
    }

    /// Closes the queue of the consumer, like [`BaseConsumer::close_queue`].
    ///
    /// # Errors
    ///
    /// The errors of rdkafka.
    pub fn close_queue(&self) -> KafkaResult<()> {
        self.consumer.close_queue()
    }

    /// Whether the consumer is closed, like [`BaseConsumer::closed`].
    pub fn closed(&self) -> bool {
        self.consumer.closed()
    }

    /// Sets a callback that runs when the queue becomes nonempty, like [`BaseConsumer::set_nonempty_callback`]. Returns `false`, and sets
    /// nothing, if there is a clone of the consumer or a partition was split off: it then cannot be changed.
    pub fn set_nonempty_callback<F>(&mut self, f: F) -> bool
    where
        F: Fn() + Send + Sync + 'static,
    {
        let consumer = self.get_mut();
        let is_alone = consumer.is_some();
        if let Some(consumer) = consumer {
            consumer.set_nonempty_callback(f);
        }
        is_alone
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

/// Waits for a message by a call that blocks.
fn receive<'m>(
    client: &Arc<ClientSettings>,
    poll: impl FnOnce() -> Option<KafkaResult<BorrowedMessage<'m>>>,
) -> Option<KafkaResult<TracingMessage<BorrowedMessage<'m>>>> {
    let polled_at = receiving::poll_start(client);
    let receiver = Receiver::of_call();
    receiver.wait();
    let result = poll()?;
    Some(match result {
        Ok(message) => Ok(TracingMessage::new_received(message, client, polled_at, receiver)),
        Err(error) => {
            receiving::record_failure(client, &error);
            Err(error)
        }
    })
}

impl<C: ConsumerContext> TracingPartitionQueue<PartitionQueue<C>> {
    /// Waits for a message of the partition, like [`PartitionQueue::poll`].
    pub fn poll<T: Into<Timeout>>(&self, timeout: T) -> Option<KafkaResult<TracingMessage<BorrowedMessage<'_>>>> {
        receive(&self.client, || self.queue.poll(timeout))
    }

    /// Sets a callback that runs when the queue becomes nonempty, like [`PartitionQueue::set_nonempty_callback`].
    pub fn set_nonempty_callback<F>(&mut self, f: F)
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.queue.set_nonempty_callback(f);
    }
}
