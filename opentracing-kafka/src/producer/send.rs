//! Traits for functions that send with traced and untraced producers.

use rdkafka::client::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::message::ToBytes;
use rdkafka::producer::future_producer::OwnedDeliveryResult;
use rdkafka::producer::{
    BaseProducer, BaseRecord, FutureProducer, FutureRecord, Partitioner, ProducerContext, ThreadedProducer,
};
use rdkafka::util::{AsyncRuntime, IntoOpaque, Timeout};

use crate::producer::foreign_producer::ForeignProducer;
use crate::producer::producer::TracingProducer;

/// Sends records and waits for their delivery: rdkafka's [`FutureProducer`], and the same in a [`TracingProducer`] or a
/// [`ForeignProducer`]. A function that is generic over it accepts all of them.
///
/// ```
/// use opentracing_kafka::SendFuture;
/// use rdkafka::error::KafkaError;
/// use rdkafka::producer::FutureRecord;
/// use rdkafka::util::Timeout;
///
/// async fn publish<P: SendFuture>(producer: &P, order: &str) -> Result<i64, KafkaError> {
///     let record = FutureRecord::<str, str>::to("orders").payload(order);
///     let delivery = producer.send_record(record, Timeout::Never).await.map_err(|(error, _)| error)?;
///     Ok(delivery.offset)
/// }
/// # let _ = publish::<rdkafka::producer::FutureProducer>;
/// # let _ = publish::<opentracing_kafka::TracingProducer<rdkafka::producer::FutureProducer>>;
/// ```
pub trait SendFuture {
    /// Sends a record, like [`FutureProducer::send`].
    ///
    /// # Errors
    ///
    /// Returns the error and a copy of the record if it is not queued within `queue_timeout`, or not delivered.
    fn send_record<K, P>(
        &self,
        record: FutureRecord<'_, K, P>,
        queue_timeout: Timeout,
    ) -> impl Future<Output = OwnedDeliveryResult> + Send
    where
        K: ToBytes + Sync + ?Sized,
        P: ToBytes + Sync + ?Sized;
}

macro_rules! send_future {
    ($($producer:ty),+) => { $(
        impl<C, R> SendFuture for $producer
        where
            C: ClientContext + 'static,
            R: AsyncRuntime,
        {
            async fn send_record<K, P>(&self, record: FutureRecord<'_, K, P>, queue_timeout: Timeout) -> OwnedDeliveryResult
            where
                K: ToBytes + Sync + ?Sized,
                P: ToBytes + Sync + ?Sized,
            {
                self.send(record, queue_timeout).await
            }
        }
    )+ };
}

send_future!(FutureProducer<C, R>, TracingProducer<FutureProducer<C, R>>, ForeignProducer<FutureProducer<C, R>>);

/// Queues records: rdkafka's [`BaseProducer`] and [`ThreadedProducer`], and the same in a [`TracingProducer`]. A function that is generic over
/// it accepts all of them. `D` is the delivery opaque of the producer's context.
///
/// ```
/// use opentracing_kafka::SendBase;
/// use rdkafka::error::KafkaError;
/// use rdkafka::producer::BaseRecord;
///
/// fn publish<P: SendBase>(producer: &P, order: &str) -> Result<(), KafkaError> {
///     producer.queue_record(BaseRecord::<str, str>::to("orders").payload(order)).map_err(|(error, _)| error)
/// }
/// # let _ = publish::<rdkafka::producer::BaseProducer>;
/// # let _ = publish::<opentracing_kafka::TracingProducer<rdkafka::producer::BaseProducer>>;
/// ```
pub trait SendBase<D: IntoOpaque = ()> {
    /// Queues a record, like [`BaseProducer::send`].
    ///
    /// # Errors
    ///
    /// Returns the error and the record if the record is not queued.
    #[expect(clippy::result_large_err, reason = "rdkafka's own signature")]
    fn queue_record<'a, K, P>(
        &self,
        record: BaseRecord<'a, K, P, D>,
    ) -> Result<(), (KafkaError, BaseRecord<'a, K, P, D>)>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized;
}

macro_rules! send_base {
    ($(($producer:ty, $($bound:tt)*))+) => { $(
        impl<C, Part> SendBase<C::DeliveryOpaque> for $producer
        where
            C: ProducerContext<Part> + 'static,
            Part: Partitioner + $($bound)*,
        {
            fn queue_record<'a, K, P>(
                &self,
                record: BaseRecord<'a, K, P, C::DeliveryOpaque>,
            ) -> Result<(), (KafkaError, BaseRecord<'a, K, P, C::DeliveryOpaque>)>
            where
                K: ToBytes + ?Sized,
                P: ToBytes + ?Sized,
            {
                self.send(record)
            }
        }
    )+ };
}

send_base! {
    (BaseProducer<C, Part>, Sized)
    (ThreadedProducer<C, Part>, Send + Sync + 'static)
    (TracingProducer<BaseProducer<C, Part>>, Sized)
    (TracingProducer<ThreadedProducer<C, Part>>, Send + Sync + 'static)
}
