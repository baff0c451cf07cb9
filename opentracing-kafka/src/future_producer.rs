//! Sending with a future for the delivery.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_channel::oneshot::{self, Canceled};
use rdkafka::Timestamp;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{OwnedMessage, ToBytes};
use rdkafka::producer::future_producer::OwnedDeliveryResult;
use rdkafka::producer::{BaseRecord, FutureProducer, FutureRecord};
use rdkafka::util::{AsyncRuntime, IntoOpaque, Timeout};

use crate::context::Sent;
use crate::producer::{TracingProducer, map_opaque};
use crate::sending::{self, Waiting};

/// As rdkafka's own.
const RETRY: Duration = Duration::from_millis(100);

type Record<'a, K, P> = BaseRecord<'a, K, P, Box<Sent<oneshot::Sender<OwnedDeliveryResult>>>>;

impl<C, R> TracingProducer<FutureProducer<C, R>>
where
    C: ClientContext + 'static,
    R: AsyncRuntime,
{
    /// Sends a record, and waits for its delivery, as [`FutureProducer::send`]. Its span lasts from the first poll to the delivery,
    /// whoever waits for it: a future that is dropped while the record is queued or on its way does not call it back.
    ///
    /// # Errors
    ///
    /// If the record is not queued within `queue_timeout`, or not delivered; a copy of it comes back.
    pub async fn send<K, P, T>(&self, record: FutureRecord<'_, K, P>, queue_timeout: T) -> OwnedDeliveryResult
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
        T: Into<Timeout>,
    {
        let begun = Instant::now();
        let queue_timeout = queue_timeout.into();
        let can_wait = || match queue_timeout {
            Timeout::Never => true,
            Timeout::After(limit) => begun.elapsed() < limit,
        };
        let mut waiting = Waiting::new(&self.client);
        let (mut record, delivery) = self.start(record);
        loop {
            match self.producer.send(record) {
                Ok(()) => {
                    return match delivery.await {
                        Ok(result) => result,
                        // The producer is borrowed, so it cannot be gone. If it were, the record would be with it.
                        Err(Canceled) => Err((KafkaError::Canceled, nothing())),
                    };
                }
                Err((error, refused)) if is_queue_full(&error) && can_wait() => {
                    let (unsent, sent) = split(refused);
                    waiting.wait(sent.span);
                    R::delay_for(RETRY).await;
                    let span = waiting.take().unwrap_or_default();
                    record = map_opaque(unsent, |()| Box::new(Sent { span, opaque: sent.opaque }));
                }
                Err((error, refused)) => {
                    let (record, mut sent) = split(refused);
                    sending::refuse(&mut sent.span, &self.client, &error);
                    return Err((error, to_message(record)));
                }
            }
        }
    }

    /// Queues a record, as [`FutureProducer::send_result`]. Its span lasts until the delivery, also if nobody waits for it, which the
    /// span tells.
    ///
    /// # Errors
    ///
    /// If the record is not queued; it comes back.
    #[expect(clippy::result_large_err, reason = "rdkafka's own signature")]
    pub fn send_result<'a, K, P>(
        &self,
        record: FutureRecord<'a, K, P>,
    ) -> Result<DeliveryFuture, (KafkaError, FutureRecord<'a, K, P>)>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        let (record, delivery) = self.start(record);
        match self.producer.send(record) {
            Ok(()) => Ok(DeliveryFuture { delivery }),
            Err((error, refused)) => {
                let (record, mut sent) = split(refused);
                sending::refuse(&mut sent.span, &self.client, &error);
                let BaseRecord { topic, partition, payload, key, timestamp, headers, .. } = record;
                Err((error, FutureRecord { topic, partition, payload, key, timestamp, headers }))
            }
        }
    }

    /// Serves callbacks here and now, as [`FutureProducer::poll`]. Its own thread does so anyway.
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
        let delivery_opaque = Box::new(Sent { span, opaque });
        (BaseRecord { topic, partition, payload, key, timestamp, headers, delivery_opaque }, delivery)
    }
}

fn is_queue_full(error: &KafkaError) -> bool {
    *error == KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)
}

/// A record that was not queued, and what was to come back with its report.
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

/// A record that nobody knows.
fn nothing() -> OwnedMessage {
    OwnedMessage::new(None, None, String::new(), Timestamp::NotAvailable, -1, 0, None)
}

/// The delivery of a record, as [`rdkafka::producer::DeliveryFuture`]. Dropped before, nobody waits for the record, which is delivered
/// all the same.
#[must_use = "futures do nothing unless polled; drop it to fire and forget"]
pub struct DeliveryFuture {
    delivery: oneshot::Receiver<OwnedDeliveryResult>,
}

impl Future for DeliveryFuture {
    /// That of rdkafka's: the producer was dropped before the delivery, or what became of the record.
    type Output = <rdkafka::producer::DeliveryFuture as Future>::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.delivery).poll(cx)
    }
}

impl fmt::Debug for DeliveryFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryFuture").finish_non_exhaustive()
    }
}
