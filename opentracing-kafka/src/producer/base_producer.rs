//! Sending with a `BaseProducer` or a `ThreadedProducer`.

use rdkafka::error::KafkaError;
use rdkafka::message::ToBytes;
use rdkafka::producer::{BaseProducer, BaseRecord, Partitioner, ProducerContext, ThreadedProducer};
use rdkafka::util::{IntoOpaque, Timeout};

use crate::producer::context::TracingDeliveryOpaque;
use crate::producer::producer::TracingProducer;
use crate::producer::sending;
use crate::settings::ClientSettings;

impl<C, Part> TracingProducer<BaseProducer<C, Part>>
where
    C: ProducerContext<Part>,
    Part: Partitioner,
{
    /// Queues a record, like [`BaseProducer::send`]. Its span lasts until [`poll`](Self::poll) receives the delivery report.
    ///
    /// # Errors
    ///
    /// Returns the error and the record if the record is not queued.
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

    /// Runs the callbacks of delivery reports and other events, like [`BaseProducer::poll`].
    pub fn poll<T: Into<Timeout>>(&self, timeout: T) {
        self.producer.poll(timeout);
    }
}

impl<C, Part> TracingProducer<ThreadedProducer<C, Part>>
where
    C: ProducerContext<Part> + 'static,
    Part: Partitioner + Send + Sync + 'static,
{
    /// Queues a record, like [`ThreadedProducer::send`]. Its span lasts until the delivery report arrives.
    ///
    /// # Errors
    ///
    /// Returns the error and the record if the record is not queued.
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

    /// Runs pending callbacks on this thread, like [`ThreadedProducer::poll`]. The producer's own thread runs them otherwise.
    pub fn poll<T: Into<Timeout>>(&self, timeout: T) {
        self.producer.poll(timeout);
    }
}

type Record<'a, K, P, D> = BaseRecord<'a, K, P, D>;

#[expect(clippy::result_large_err, reason = "rdkafka's own signature")]
fn send<'a, K, P, D>(
    client: &ClientSettings,
    mut record: Record<'a, K, P, D>,
    queue: impl FnOnce(
        Record<'a, K, P, Box<TracingDeliveryOpaque<D>>>,
    ) -> Result<(), (KafkaError, Record<'a, K, P, Box<TracingDeliveryOpaque<D>>>)>,
) -> Result<(), (KafkaError, Record<'a, K, P, D>)>
where
    K: ToBytes + ?Sized,
    P: ToBytes + ?Sized,
    D: IntoOpaque,
{
    let (partition, key, payload) = (record.partition, record.key, record.payload);
    let span = sending::start(client, record.topic, partition, key, payload, &mut record.headers);
    let transaction = client.transaction.current();
    queue(map_opaque(record, |opaque| Box::new(TracingDeliveryOpaque { span, opaque, transaction }))).map_err(
        |(error, record)| {
            let mut refused = None;
            let record = map_opaque(record, |sent| {
                let TracingDeliveryOpaque { span, opaque, .. } = *sent;
                refused = Some(span);
                opaque
            });
            if let Some(mut span) = refused {
                sending::record_not_queued(&mut span, client, &error);
            }
            (error, record)
        },
    )
}

/// Replaces the delivery opaque of a record.
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
