//! Sending with a `FutureProducer`.

use std::time::{Duration, Instant};

use futures_channel::oneshot::{self, Canceled};
use rdkafka::Timestamp;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{OwnedMessage, ToBytes};
use rdkafka::producer::future_producer::OwnedDeliveryResult;
use rdkafka::producer::{BaseRecord, FutureProducer, FutureRecord};
use rdkafka::util::{AsyncRuntime, IntoOpaque, Timeout};

use crate::producer::base_producer::map_opaque;
use crate::producer::context::TracingDeliveryOpaque;
use crate::producer::delivery_future::TracingDeliveryFuture;
use crate::producer::producer::TracingProducer;
use crate::producer::queue_wait::QueueWait;
use crate::producer::sending;

/// The interval at which rdkafka's own `FutureProducer` retries to queue a record.
const RETRY: Duration = Duration::from_millis(100);

type Record<'a, K, P> = BaseRecord<'a, K, P, Box<TracingDeliveryOpaque<oneshot::Sender<OwnedDeliveryResult>>>>;

impl<C, R> TracingProducer<FutureProducer<C, R>>
where
    C: ClientContext + 'static,
    R: AsyncRuntime,
{
    /// Sends a record and waits for its delivery, like [`FutureProducer::send`]. Its span lasts from the first poll to the delivery report.
    /// Dropping the future does not cancel a record that is queued or in flight; the span still lasts until its delivery report.
    ///
    /// # Errors
    ///
    /// Returns the error and a copy of the record if it is not queued within `queue_timeout`, or not delivered.
    pub async fn send<K, P, T>(&self, record: FutureRecord<'_, K, P>, queue_timeout: T) -> OwnedDeliveryResult
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
        T: Into<Timeout>,
    {
        let start = Instant::now();
        let queue_timeout = queue_timeout.into();
        let can_wait = || match queue_timeout {
            Timeout::Never => true,
            Timeout::After(limit) => start.elapsed() < limit,
        };
        let mut queue_wait = QueueWait::new(&self.client);
        let (mut record, delivery) = self.start(record);
        loop {
            match self.producer.send(record) {
                Ok(()) => {
                    return match delivery.await {
                        Ok(result) => result,
                        // Not expected: the producer is borrowed, so it is not dropped and sends a report.
                        Err(Canceled) => Err((KafkaError::Canceled, empty_message())),
                    };
                }
                Err((error, refused)) if is_queue_full(&error) && can_wait() => {
                    let (unsent, mut sent) = split(refused);
                    queue_wait.wait(std::mem::take(&mut sent.span));
                    R::delay_for(RETRY).await;
                    let span = queue_wait.take().unwrap_or_default();
                    record = map_opaque(unsent, |()| Box::new(TracingDeliveryOpaque { span, ..sent }));
                }
                Err((error, refused)) => {
                    let (record, mut sent) = split(refused);
                    sending::record_not_queued(&mut sent.span, &self.client, &error);
                    return Err((error, to_message(record)));
                }
            }
        }
    }

    /// Queues a record, like [`FutureProducer::send_result`]. Its span lasts until the delivery report, even if the returned future is
    /// dropped; the span then has the outcome `fire_and_forget`.
    ///
    /// # Errors
    ///
    /// Returns the error and the record if the record is not queued.
    #[expect(clippy::result_large_err, reason = "rdkafka's own signature")]
    pub fn send_result<'a, K, P>(
        &self,
        record: FutureRecord<'a, K, P>,
    ) -> Result<TracingDeliveryFuture, (KafkaError, FutureRecord<'a, K, P>)>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        let (record, delivery) = self.start(record);
        match self.producer.send(record) {
            Ok(()) => Ok(TracingDeliveryFuture { delivery }),
            Err((error, refused)) => {
                let (record, mut sent) = split(refused);
                sending::record_not_queued(&mut sent.span, &self.client, &error);
                let BaseRecord { topic, partition, payload, key, timestamp, headers, .. } = record;
                Err((error, FutureRecord { topic, partition, payload, key, timestamp, headers }))
            }
        }
    }

    /// Runs pending callbacks on this thread, like [`FutureProducer::poll`]. The producer's own thread runs them otherwise.
    pub fn poll<T: Into<Timeout>>(&self, timeout: T) {
        self.producer.poll(timeout);
    }

    fn start<'a, K, P>(
        &self,
        record: FutureRecord<'a, K, P>,
    ) -> (Record<'a, K, P>, oneshot::Receiver<OwnedDeliveryResult>)
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        let FutureRecord { topic, partition, payload, key, timestamp, mut headers } = record;
        let span = sending::start(&self.client, topic, partition, key, payload, &mut headers);
        let (opaque, delivery) = oneshot::channel();
        let transaction = self.client.transaction.current();
        let delivery_opaque = Box::new(TracingDeliveryOpaque { span, opaque, transaction });
        (BaseRecord { topic, partition, payload, key, timestamp, headers, delivery_opaque }, delivery)
    }
}

fn is_queue_full(error: &KafkaError) -> bool {
    *error == KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)
}

/// Splits a record that was not queued from its delivery opaque.
fn split<'a, K, P, D>(record: BaseRecord<'a, K, P, Box<D>>) -> (BaseRecord<'a, K, P, ()>, D)
where
    K: ToBytes + ?Sized,
    P: ToBytes + ?Sized,
    Box<D>: IntoOpaque,
{
    let BaseRecord { topic, partition, payload, key, timestamp, headers, delivery_opaque } = record;
    (BaseRecord { topic, partition, payload, key, timestamp, headers, delivery_opaque: () }, *delivery_opaque)
}

fn to_message<K, P>(record: BaseRecord<'_, K, P, ()>) -> OwnedMessage
where
    K: ToBytes + ?Sized,
    P: ToBytes + ?Sized,
{
    OwnedMessage::new(
        record.payload.map(|payload| payload.to_bytes().to_vec()),
        record.key.map(|key| key.to_bytes().to_vec()),
        record.topic.to_owned(),
        record.timestamp.map_or(Timestamp::NotAvailable, Timestamp::CreateTime),
        record.partition.unwrap_or(-1),
        0,
        record.headers,
    )
}

/// Stands for a record of which nothing is known.
fn empty_message() -> OwnedMessage {
    OwnedMessage::new(None, None, String::new(), Timestamp::NotAvailable, -1, 0, None)
}
