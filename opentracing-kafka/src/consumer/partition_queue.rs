//! Partitions that are split off from a consumer.

use std::fmt;
use std::sync::Arc;

use crate::message::batch::TracingBatch;
use crate::message::received_message::ReceivedMessage;
use crate::settings::ClientSettings;

/// A partition that is split off from a traced consumer.
///
/// `Q` is rdkafka's queue: [`PartitionQueue`](rdkafka::consumer::base_consumer::PartitionQueue) or
/// [`StreamPartitionQueue`](rdkafka::consumer::stream_consumer::StreamPartitionQueue).
///
/// ```
/// use opentracing_kafka::TracingConsumer;
/// use rdkafka::Message;
/// use rdkafka::consumer::StreamConsumer;
///
/// # type Error = Box<dyn std::error::Error>;
/// # async fn store(_order: &[u8]) -> std::io::Result<()> { Ok(()) }
/// async fn consume(consumer: &TracingConsumer<StreamConsumer>) -> Result<(), Error> {
///     let queue = consumer.split_partition_queue("orders", 0).ok_or("no such partition")?;
///     let order = queue.recv().await?;
///     order.handle(store(order.payload().unwrap_or_default())).await?;
///     Ok(())
/// }
/// # drop(consume);
/// ```
pub struct TracingPartitionQueue<Q> {
    pub(crate) queue: Q,
    pub(crate) client: Arc<ClientSettings>,
}

impl<Q> TracingPartitionQueue<Q> {
    pub(crate) fn new(queue: Q, client: &Arc<ClientSettings>) -> Self {
        TracingPartitionQueue { queue, client: client.clone() }
    }

    /// Returns rdkafka's queue. Messages that its own methods return are not traced.
    pub fn get_ref(&self) -> &Q {
        &self.queue
    }

    /// Returns rdkafka's queue. Messages that its own methods return are not traced.
    pub fn get_mut(&mut self) -> &mut Q {
        &mut self.queue
    }

    /// Starts one span for messages that are handled together. Receive them with [rdkafka's queue](TracingPartitionQueue::get_ref), so that
    /// they have no spans of their own.
    pub fn batch<M: ReceivedMessage>(&self, messages: Vec<M>) -> TracingBatch<M> {
        TracingBatch::new(&self.client, messages)
    }
}

impl<Q> fmt::Debug for TracingPartitionQueue<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingPartitionQueue").field("client", &self.client).finish_non_exhaustive()
    }
}
