//! Traced producers.

use std::fmt;
use std::sync::Arc;

use rdkafka::ClientConfig;
use rdkafka::client::{Client, ClientContext, DefaultClientContext};
use rdkafka::config::{FromClientConfig, FromClientConfigAndContext};
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::ToBytes;
use rdkafka::producer::{
    BaseProducer, BaseRecord, DefaultProducerContext, FutureProducer, Partitioner, Producer, ProducerContext,
    PurgeConfig, ThreadedProducer,
};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::util::{AsyncRuntime, IntoOpaque, Timeout};

use crate::context::{Sent, TracingContext, TracingFutureContext};
use crate::kafka_tracing::KafkaTracing;
use crate::sending;
use crate::settings::ClientSettings;

/// A producer whose records have a span each, from being sent to being delivered.
///
/// `P` is the producer of rdkafka that it takes the place of: `TracingProducer<FutureProducer>`, with the user's context where there
/// is one. It is made by [`KafkaTracing`], or by [`ClientConfig::create`] on the global tracer. Flushing, purging and transactions are
/// methods of the trait [`Producer`], as ever.
///
/// A record that is refused comes back with the headers that were written into it. They are replaced if it is sent again.
pub struct TracingProducer<P: WrapProducer> {
    pub(crate) producer: P::Inner,
    pub(crate) client: Arc<ClientSettings>,
}

/// A producer of rdkafka that can be traced: [`FutureProducer`], [`BaseProducer`], [`ThreadedProducer`].
pub trait WrapProducer: sealed::Sealed {
    /// The context that its user gives it.
    type Context;
    /// The producer that does the work, with a context around the user's.
    type Inner;

    #[doc(hidden)]
    fn create(config: &ClientConfig, context: Self::Context, client: &Arc<ClientSettings>) -> KafkaResult<Self::Inner>;
}

/// A context that a client has if it is given none.
pub trait DefaultContext: sealed::Sealed {
    #[doc(hidden)]
    fn default_context() -> Self;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! default_context {
    ($($context:ident)+) => { $(
        impl sealed::Sealed for $context {}

        impl DefaultContext for $context {
            fn default_context() -> Self {
                $context
            }
        }
    )+ };
}

default_context!(DefaultClientContext DefaultProducerContext);

impl<C, R, Part> sealed::Sealed for FutureProducer<C, R, Part>
where
    C: ClientContext + 'static,
    Part: Partitioner,
{
}

/// Done with a [`ThreadedProducer`], which is what rdkafka does as well: the report of a record then comes to its span also if nobody
/// waits for it.
impl<C, R> WrapProducer for FutureProducer<C, R>
where
    C: ClientContext + 'static,
    R: AsyncRuntime,
{
    type Context = C;
    type Inner = ThreadedProducer<TracingFutureContext<C>>;

    fn create(config: &ClientConfig, context: C, client: &Arc<ClientSettings>) -> KafkaResult<Self::Inner> {
        ThreadedProducer::from_config_and_context(config, TracingFutureContext::new(context, client.clone()))
    }
}

impl<C, Part> sealed::Sealed for BaseProducer<C, Part>
where
    C: ProducerContext<Part>,
    Part: Partitioner,
{
}

impl<C, Part> WrapProducer for BaseProducer<C, Part>
where
    C: ProducerContext<Part>,
    Part: Partitioner,
{
    type Context = C;
    type Inner = BaseProducer<TracingContext<C>, Part>;

    fn create(config: &ClientConfig, context: C, client: &Arc<ClientSettings>) -> KafkaResult<Self::Inner> {
        BaseProducer::from_config_and_context(config, TracingContext::new(context, client.clone()))
    }
}

impl<C, Part> sealed::Sealed for ThreadedProducer<C, Part>
where
    C: ProducerContext<Part> + 'static,
    Part: Partitioner,
{
}

impl<C, Part> WrapProducer for ThreadedProducer<C, Part>
where
    C: ProducerContext<Part> + 'static,
    Part: Partitioner + Send + Sync + 'static,
{
    type Context = C;
    type Inner = ThreadedProducer<TracingContext<C>, Part>;

    fn create(config: &ClientConfig, context: C, client: &Arc<ClientSettings>) -> KafkaResult<Self::Inner> {
        ThreadedProducer::from_config_and_context(config, TracingContext::new(context, client.clone()))
    }
}

impl<P: WrapProducer> TracingProducer<P> {
    /// The producer inside. What is sent by its own methods is not traced.
    pub fn get_ref(&self) -> &P::Inner {
        &self.producer
    }
}

impl<C, Part> TracingProducer<BaseProducer<C, Part>>
where
    C: ProducerContext<Part>,
    Part: Partitioner,
{
    /// Queues a record, as [`BaseProducer::send`]. Its span lasts until the report of its delivery is polled.
    ///
    /// # Errors
    ///
    /// If the record is not queued; it comes back.
    #[expect(clippy::result_large_err, clippy::type_complexity, reason = "rdkafka's own signature")]
    pub fn send<'a, K, P>(
        &self,
        record: BaseRecord<'a, K, P, C::DeliveryOpaque>,
    ) -> Result<(), (KafkaError, BaseRecord<'a, K, P, C::DeliveryOpaque>)>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        send(&self.client, record, |record| self.producer.send(record))
    }

    /// Serves reports of deliveries and other callbacks, as [`BaseProducer::poll`].
    pub fn poll<T: Into<Timeout>>(&self, timeout: T) {
        self.producer.poll(timeout);
    }
}

impl<C, Part> TracingProducer<ThreadedProducer<C, Part>>
where
    C: ProducerContext<Part> + 'static,
    Part: Partitioner + Send + Sync + 'static,
{
    /// Queues a record, as [`ThreadedProducer::send`]. Its span lasts until its delivery is reported.
    ///
    /// # Errors
    ///
    /// If the record is not queued; it comes back.
    #[expect(clippy::result_large_err, clippy::type_complexity, reason = "rdkafka's own signature")]
    pub fn send<'a, K, P>(
        &self,
        record: BaseRecord<'a, K, P, C::DeliveryOpaque>,
    ) -> Result<(), (KafkaError, BaseRecord<'a, K, P, C::DeliveryOpaque>)>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        send(&self.client, record, |record| self.producer.send(record))
    }

    /// Serves callbacks here and now, as [`ThreadedProducer::poll`]. Its own thread does so anyway.
    pub fn poll<T: Into<Timeout>>(&self, timeout: T) {
        self.producer.poll(timeout);
    }
}

type Record<'a, K, P, D> = BaseRecord<'a, K, P, D>;

#[expect(clippy::result_large_err, reason = "rdkafka's own signature")]
fn send<'a, K, P, D>(
    client: &ClientSettings,
    mut record: Record<'a, K, P, D>,
    queue: impl FnOnce(Record<'a, K, P, Box<Sent<D>>>) -> Result<(), (KafkaError, Record<'a, K, P, Box<Sent<D>>>)>,
) -> Result<(), (KafkaError, Record<'a, K, P, D>)>
where
    K: ToBytes + ?Sized,
    P: ToBytes + ?Sized,
    D: IntoOpaque,
{
    let (partition, key, payload) = (record.partition, record.key, record.payload);
    let span = sending::start(client, record.topic, partition, key, payload, &mut record.headers);
    queue(map_opaque(record, |opaque| Box::new(Sent { span, opaque }))).map_err(|(error, record)| {
        let mut refused = None;
        let record = map_opaque(record, |sent| {
            let Sent { span, opaque } = *sent;
            refused = Some(span);
            opaque
        });
        if let Some(mut span) = refused {
            sending::refuse(&mut span, client, &error);
        }
        (error, record)
    })
}

/// The same record with something else to come back with its report.
pub(crate) fn map_opaque<'a, K, P, D, E>(record: Record<'a, K, P, D>, f: impl FnOnce(D) -> E) -> Record<'a, K, P, E>
where
    K: ToBytes + ?Sized,
    P: ToBytes + ?Sized,
    D: IntoOpaque,
    E: IntoOpaque,
{
    let BaseRecord { topic, partition, payload, key, timestamp, headers, delivery_opaque } = record;
    BaseRecord { topic, partition, payload, key, timestamp, headers, delivery_opaque: f(delivery_opaque) }
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
        self.producer.begin_transaction()
    }

    fn send_offsets_to_transaction<T: Into<Timeout>>(
        &self,
        offsets: &TopicPartitionList,
        cgm: &ConsumerGroupMetadata,
        timeout: T,
    ) -> KafkaResult<()> {
        self.producer.send_offsets_to_transaction(offsets, cgm, timeout)
    }

    fn commit_transaction<T: Into<Timeout>>(&self, timeout: T) -> KafkaResult<()> {
        self.producer.commit_transaction(timeout)
    }

    fn abort_transaction<T: Into<Timeout>>(&self, timeout: T) -> KafkaResult<()> {
        self.producer.abort_transaction(timeout)
    }
}

/// On the global tracer.
impl<P> FromClientConfig for TracingProducer<P>
where
    P: WrapProducer<Context: DefaultContext>,
{
    fn from_config(config: &ClientConfig) -> KafkaResult<Self> {
        KafkaTracing::new().producer(config)
    }
}

/// On the global tracer.
impl<P, C> FromClientConfigAndContext<C> for TracingProducer<P>
where
    P: WrapProducer<Context = C>,
    C: ClientContext,
{
    fn from_config_and_context(config: &ClientConfig, context: C) -> KafkaResult<Self> {
        KafkaTracing::new().producer_with_context(config, context)
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
