//! The traced producer.

use std::fmt;
use std::sync::Arc;

use opentracing_core::tags;
use rdkafka::client::Client;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{Partitioner, Producer, ProducerContext, PurgeConfig};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::util::Timeout;

use crate::producer::transaction::{self, Outcome};
use crate::producer::wrap_producer::WrapProducer;
use crate::settings::ClientSettings;

/// A producer whose records have a span each, from sending to delivery.
///
/// `P` is the producer of rdkafka that it replaces, for example `TracingProducer<FutureProducer>`, with the context of the user if there is
/// one. Create it with [`KafkaTracing`](crate::KafkaTracing), or with [`ClientConfig::create`](rdkafka::ClientConfig::create) to use the
/// global tracer. The methods of rdkafka's trait [`Producer`] to flush, purge and use transactions work as without tracing.
///
/// ```no_run
/// use opentracing_kafka::{KafkaTracing, TracingProducer};
/// use rdkafka::ClientConfig;
/// use rdkafka::producer::{FutureProducer, FutureRecord};
/// use rdkafka::util::Timeout;
///
/// # async fn send() -> Result<(), Box<dyn std::error::Error>> {
/// let mut config = ClientConfig::new();
/// config.set("bootstrap.servers", "broker.example:9092");
/// let producer: TracingProducer<FutureProducer> = KafkaTracing::new().producer(&config)?;
/// let record = FutureRecord::to("orders").key("42").payload("2 books");
/// producer.send(record, Timeout::Never).await.map_err(|(error, _)| error)?;
/// # Ok(())
/// # }
/// ```
///
/// A record that is not queued is returned with the trace headers. Sending it again replaces them.
pub struct TracingProducer<P: WrapProducer> {
    pub(crate) producer: P::Inner,
    pub(crate) client: Arc<ClientSettings>,
}

impl<P: WrapProducer> TracingProducer<P> {
    /// Returns rdkafka's producer. Records that its own methods send are not traced.
    pub fn get_ref(&self) -> &P::Inner {
        &self.producer
    }
}

impl<P, C, Part> Producer<C, Part> for TracingProducer<P>
where
    P: WrapProducer<Inner: Producer<C, Part>>,
    C: ProducerContext<Part>,
    Part: Partitioner,
{
    fn client(&self) -> &Client<C> {
        self.producer.client()
    }

    fn in_flight_count(&self) -> i32 {
        self.producer.in_flight_count()
    }

    fn flush<T: Into<Timeout>>(&self, timeout: T) -> KafkaResult<()> {
        self.producer.flush(timeout)
    }

    fn purge(&self, flags: PurgeConfig) {
        self.producer.purge(flags);
    }

    fn init_transactions<T: Into<Timeout>>(&self, timeout: T) -> KafkaResult<()> {
        self.producer.init_transactions(timeout)
    }

    fn begin_transaction(&self) -> KafkaResult<()> {
        let result = self.producer.begin_transaction();
        if result.is_ok() {
            self.client.transaction.begin();
        }
        result
    }

    fn send_offsets_to_transaction<T: Into<Timeout>>(
        &self,
        offsets: &TopicPartitionList,
        cgm: &ConsumerGroupMetadata,
        timeout: T,
    ) -> KafkaResult<()> {
        let mut span = transaction::start(&self.client, "send offsets");
        span.set(tags::KAFKA_TRANSACTION_OFFSETS, i64::try_from(offsets.count()).unwrap_or(i64::MAX));
        let result = span.in_scope(|| self.producer.send_offsets_to_transaction(offsets, cgm, timeout));
        transaction::finish(span, &result);
        result
    }

    fn commit_transaction<T: Into<Timeout>>(&self, timeout: T) -> KafkaResult<()> {
        transaction::end(&self.client, Outcome::Committed, || self.producer.commit_transaction(timeout))
    }

    fn abort_transaction<T: Into<Timeout>>(&self, timeout: T) -> KafkaResult<()> {
        transaction::end(&self.client, Outcome::Aborted, || self.producer.abort_transaction(timeout))
    }
}

impl<P: WrapProducer<Inner: Clone>> Clone for TracingProducer<P> {
    fn clone(&self) -> Self {
        TracingProducer { producer: self.producer.clone(), client: self.client.clone() }
    }
}

impl<P: WrapProducer> fmt::Debug for TracingProducer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingProducer").field("client", &self.client).finish_non_exhaustive()
    }
}
