//! Partitions that were split off.

use std::fmt;
use std::sync::Arc;

use crate::batch::TracingBatch;
use crate::message::ReceivedMessage;
use crate::receiving;
use crate::settings::ClientSettings;

/// A partition that was split off from a traced consumer.
///
/// `Q` is the queue of rdkafka that it holds: [`PartitionQueue`](rdkafka::consumer::base_consumer::PartitionQueue) or
/// [`StreamPartitionQueue`](rdkafka::consumer::stream_consumer::StreamPartitionQueue).
pub struct TracingPartitionQueue<Q> {
    pub(crate) queue: Q,
    pub(crate) client: Arc<ClientSettings>,
}

impl<Q> TracingPartitionQueue<Q> {
    pub(crate) fn new(queue: Q, client: &Arc<ClientSettings>) -> Self {
        TracingPartitionQueue { queue, client: client.clone() }
    }

    /// The queue inside. What is received by its own methods is not traced.
    pub fn get_ref(&self) -> &Q {
        &self.queue
    }

    /// The queue inside. What is received by its own methods is not traced.
    pub fn get_mut(&mut self) -> &mut Q {
        &mut self.queue
    }

    /// Starts one span for messages that are handled at once, and were received by the [queue inside](TracingPartitionQueue::get_ref).
    pub fn batch<M: ReceivedMessage>(&self, messages: Vec<M>) -> TracingBatch<M> {
        let span = receiving::start_batch(&self.client, &messages);
        TracingBatch::new(messages, span)
    }
}

impl<Q> fmt::Debug for TracingPartitionQueue<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingPartitionQueue").field("client", &self.client).finish_non_exhaustive()
    }
}
