//! The traced consumer.

use std::fmt;
use std::sync::Arc;

use rdkafka::client::Client;
use rdkafka::consumer::{
    CommitMode, Consumer, ConsumerContext, ConsumerGroupMetadata, RebalanceProtocol, StreamConsumer,
};
use rdkafka::error::KafkaResult;
use rdkafka::groups::GroupList;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::metadata::Metadata;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::util::Timeout;

use crate::consumer::committing;
use crate::message::batch::TracingBatch;
use crate::message::message::TracingMessage;
use crate::message::received_message::ReceivedMessage;
use crate::settings::ClientSettings;

/// A consumer whose messages have a span each.
///
/// `H` is rdkafka's consumer: [`StreamConsumer`] or [`BaseConsumer`](rdkafka::consumer::BaseConsumer). Create it with
/// [`KafkaTracing`](crate::KafkaTracing), or with [`ClientConfig::create`](rdkafka::ClientConfig::create) to use the global tracer. The
/// methods of rdkafka's trait [`Consumer`], such as `subscribe` and `commit_message`, work as without tracing. Clones share one consumer.
///
/// ```no_run
/// use opentracing_kafka::{KafkaTracing, TracingConsumer};
/// use rdkafka::consumer::{Consumer, StreamConsumer};
/// use rdkafka::{ClientConfig, Message};
///
/// # async fn consume() -> Result<(), Box<dyn std::error::Error>> {
/// # async fn store(_order: &[u8]) -> std::io::Result<()> { Ok(()) }
/// let mut config = ClientConfig::new();
/// config.set("bootstrap.servers", "broker.example:9092").set("group.id", "payment");
/// let consumer: TracingConsumer<StreamConsumer> = KafkaTracing::new().consumer(&config)?;
/// consumer.subscribe(&["orders"])?;
/// let order = consumer.recv().await?;
/// order.handle(store(order.payload().unwrap_or_default())).await?;
/// # Ok(())
/// # }
/// ```
pub struct TracingConsumer<H = StreamConsumer> {
    pub(crate) consumer: Arc<H>,
    pub(crate) client: Arc<ClientSettings>,
}

impl<H> TracingConsumer<H> {
    pub(crate) fn new(consumer: Arc<H>, client: Arc<ClientSettings>) -> Self {
        TracingConsumer { consumer, client }
    }

    /// Returns rdkafka's consumer. Messages that its own methods return are not traced; use it to collect messages for a
    /// [`batch`](TracingConsumer::batch).
    pub fn get_ref(&self) -> &H {
        &self.consumer
    }

    /// Returns rdkafka's consumer. `None` if there is a clone, or if a partition was split off.
    pub fn get_mut(&mut self) -> Option<&mut H> {
        Arc::get_mut(&mut self.consumer)
    }

    /// Starts the span of a message that [rdkafka's consumer](TracingConsumer::get_ref) or another task received.
    pub fn trace<M: ReceivedMessage>(&self, message: M) -> TracingMessage<M> {
        TracingMessage::start(message, &self.client)
    }

    /// Starts one span for messages that are handled together. They may be messages of this consumer, whose spans the span of the batch
    /// replaces, or messages that [rdkafka's consumer](TracingConsumer::get_ref) received, which have none.
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use rdkafka::error::KafkaResult;
    /// # use opentracing_kafka::TracingConsumer;
    /// # use rdkafka::consumer::StreamConsumer;
    /// # type Error = Box<dyn std::error::Error>;
    /// # async fn insert<T>(_orders: &[T]) -> Result<(), std::io::Error> { Ok(()) }
    /// # async fn consume(consumer: TracingConsumer<StreamConsumer>) -> Result<(), Error> {
    /// let mut chunks = consumer.stream().ready_chunks(500);
    /// while let Some(orders) = chunks.next().await {
    ///     let orders = consumer.batch(orders.into_iter().collect::<KafkaResult<_>>()?);
    ///     orders.handle(insert(&orders)).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn batch<M: ReceivedMessage>(&self, messages: Vec<M>) -> TracingBatch<M> {
        TracingBatch::new(&self.client, messages)
    }
}

impl<H> Clone for TracingConsumer<H> {
    fn clone(&self) -> Self {
        TracingConsumer { consumer: self.consumer.clone(), client: self.client.clone() }
    }
}

impl<H> fmt::Debug for TracingConsumer<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingConsumer").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Forwards methods to rdkafka's consumer.
macro_rules! forward {
    ($(fn $name:ident $(<$generic:ident>)? (&self $(, $argument:ident: $type:ty)*) $(-> $result:ty)?;)+) => { $(
        fn $name $(<$generic: Into<Timeout>>)? (&self $(, $argument: $type)*) $(-> $result)? {
            self.consumer.$name($($argument),*)
        }
    )+ };
}

impl<C: ConsumerContext, H: Consumer<C>> Consumer<C> for TracingConsumer<H> {
    forward! {
        fn client(&self) -> &Client<C>;
        fn group_metadata(&self) -> Option<ConsumerGroupMetadata>;
        fn subscribe(&self, topics: &[&str]) -> KafkaResult<()>;
        fn unsubscribe(&self);
        fn assign(&self, assignment: &TopicPartitionList) -> KafkaResult<()>;
        fn unassign(&self) -> KafkaResult<()>;
        fn incremental_assign(&self, assignment: &TopicPartitionList) -> KafkaResult<()>;
        fn incremental_unassign(&self, assignment: &TopicPartitionList) -> KafkaResult<()>;
        fn seek<T>(&self, topic: &str, partition: i32, offset: Offset, timeout: T) -> KafkaResult<()>;
        fn seek_partitions<T>(&self, partitions: TopicPartitionList, timeout: T) -> KafkaResult<TopicPartitionList>;
        fn subscription(&self) -> KafkaResult<TopicPartitionList>;
        fn assignment(&self) -> KafkaResult<TopicPartitionList>;
        fn assignment_lost(&self) -> bool;
        fn committed<T>(&self, timeout: T) -> KafkaResult<TopicPartitionList>;
        fn committed_offsets<T>(&self, partitions: TopicPartitionList, timeout: T) -> KafkaResult<TopicPartitionList>;
        fn offsets_for_timestamp<T>(&self, timestamp: i64, timeout: T) -> KafkaResult<TopicPartitionList>;
        fn offsets_for_times<T>(&self, timestamps: TopicPartitionList, timeout: T) -> KafkaResult<TopicPartitionList>;
        fn position(&self) -> KafkaResult<TopicPartitionList>;
        fn fetch_metadata<T>(&self, topic: Option<&str>, timeout: T) -> KafkaResult<Metadata>;
        fn fetch_watermarks<T>(&self, topic: &str, partition: i32, timeout: T) -> KafkaResult<(i64, i64)>;
        fn fetch_group_list<T>(&self, group: Option<&str>, timeout: T) -> KafkaResult<GroupList>;
        fn pause(&self, partitions: &TopicPartitionList) -> KafkaResult<()>;
        fn resume(&self, partitions: &TopicPartitionList) -> KafkaResult<()>;
        fn rebalance_protocol(&self) -> RebalanceProtocol;
    }

    fn commit(&self, partitions: &TopicPartitionList, mode: CommitMode) -> KafkaResult<()> {
        let topic = || committing::topic_of(partitions);
        committing::commit(&self.client, topic, mode, || self.consumer.commit(partitions, mode))
    }

    fn commit_consumer_state(&self, mode: CommitMode) -> KafkaResult<()> {
        committing::commit(&self.client, || None, mode, || self.consumer.commit_consumer_state(mode))
    }

    fn commit_message(&self, message: &BorrowedMessage<'_>, mode: CommitMode) -> KafkaResult<()> {
        let topic = || Some(message.topic().to_owned());
        committing::commit(&self.client, topic, mode, || self.consumer.commit_message(message, mode))
    }

    fn store_offset(&self, topic: &str, partition: i32, offset: i64) -> KafkaResult<()> {
        committing::store(&self.client, self.consumer.store_offset(topic, partition, offset))
    }

    fn store_offset_from_message(&self, message: &BorrowedMessage<'_>) -> KafkaResult<()> {
        committing::store(&self.client, self.consumer.store_offset_from_message(message))
    }

    fn store_offsets(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        committing::store(&self.client, self.consumer.store_offsets(partitions))
    }
}
