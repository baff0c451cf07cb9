//! Producers that somebody else has created.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use opentracing_core::{Span, Value, tags};
use rdkafka::client::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::message::ToBytes;
use rdkafka::producer::future_producer::OwnedDeliveryResult;
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord};
use rdkafka::util::{AsyncRuntime, Timeout};

use crate::outcome::RecordOutcome;
use crate::producer::sending;
use crate::settings::ClientSettings;

/// A producer that somebody else has created, for example a library, with a span for each record. Created by
/// [`KafkaTracing::wrap_producer`](crate::KafkaTracing::wrap_producer).
///
/// Prefer a [`TracingProducer`](crate::TracingProducer), whose spans end when the delivery report arrives. Here only the caller learns of the
/// delivery, so a span ends when its future is ready: later than the report if the program polls it late, and with the outcome
/// `fire_and_forget` if it drops it. [`get_ref`](Self::get_ref) is rdkafka's own type, for a library that takes it.
///
/// ```
/// use opentracing_kafka::KafkaTracing;
/// use rdkafka::ClientConfig;
/// use rdkafka::error::KafkaError;
/// use rdkafka::producer::{FutureProducer, FutureRecord};
/// use rdkafka::util::Timeout;
///
/// async fn send(producer: &FutureProducer, config: &ClientConfig) -> Result<(), KafkaError> {
///     let producer = KafkaTracing::new().wrap_producer(producer.clone(), config);
///     let record = FutureRecord::to("orders").key("42").payload("2 books");
///     producer.send(record, Timeout::Never).await.map_err(|(error, _)| error)?;
///     Ok(())
/// }
/// # let _ = send;
/// ```
pub struct ForeignProducer<P> {
    producer: P,
    client: Arc<ClientSettings>,
}

impl<P> ForeignProducer<P> {
    pub(crate) fn new(producer: P, client: Arc<ClientSettings>) -> Self {
        ForeignProducer { producer, client }
    }

    /// Returns rdkafka's producer. Records that its own methods send are not traced.
    pub fn get_ref(&self) -> &P {
        &self.producer
    }

    /// Unwraps rdkafka's producer.
    pub fn into_inner(self) -> P {
        self.producer
    }
}

impl<C, R> ForeignProducer<FutureProducer<C, R>>
where
    C: ClientContext + 'static,
    R: AsyncRuntime,
{
    /// Sends a record and waits for its delivery, like [`FutureProducer::send`].
    ///
    /// # Errors
    ///
    /// Returns the error and a copy of the record if it is not queued within `queue_timeout`, or not delivered.
    pub async fn send<K, P, T>(&self, mut record: FutureRecord<'_, K, P>, queue_timeout: T) -> OwnedDeliveryResult
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
        T: Into<Timeout>,
    {
        let span = self.start(&mut record);
        let mut sent = Sent { span, client: self.client.clone(), is_reported: false };
        let result = self.producer.send(record, queue_timeout).await;
        sent.report(&result);
        result
    }

    /// Queues a record, like [`FutureProducer::send_result`].
    ///
    /// # Errors
    ///
    /// Returns the error and the record if the record is not queued.
    #[expect(clippy::result_large_err, reason = "rdkafka's own signature")]
    pub fn send_result<'a, K, P>(
        &self,
        mut record: FutureRecord<'a, K, P>,
    ) -> Result<ForeignDeliveryFuture, (KafkaError, FutureRecord<'a, K, P>)>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        let mut span = self.start(&mut record);
        match self.producer.send_result(record) {
            Ok(delivery) => {
                let sent = Sent { span, client: self.client.clone(), is_reported: false };
                Ok(ForeignDeliveryFuture { delivery, sent })
            }
            Err((error, record)) => {
                sending::record_not_queued(&mut span, &self.client, &error);
                Err((error, record))
            }
        }
    }

    fn start<K, P>(&self, record: &mut FutureRecord<'_, K, P>) -> Span
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        sending::start(&self.client, record.topic, record.partition, record.key, record.payload, &mut record.headers)
    }
}

impl<P: Clone> Clone for ForeignProducer<P> {
    fn clone(&self) -> Self {
        ForeignProducer { producer: self.producer.clone(), client: self.client.clone() }
    }
}

impl<P> fmt::Debug for ForeignProducer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignProducer").field("client", &self.client).finish_non_exhaustive()
    }
}

/// A future that resolves when a record of a [`ForeignProducer`] is delivered.
#[must_use = "futures do nothing unless polled; drop it to fire and forget"]
pub struct ForeignDeliveryFuture {
    delivery: DeliveryFuture,
    sent: Sent,
}

impl Future for ForeignDeliveryFuture {
    type Output = <DeliveryFuture as Future>::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(Pin::new(&mut self.delivery).poll(cx));
        if let Ok(result) = &result {
            self.sent.report(result);
        }
        Poll::Ready(result)
    }
}

impl fmt::Debug for ForeignDeliveryFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignDeliveryFuture").finish_non_exhaustive()
    }
}

/// The span of a record until its delivery is known.
struct Sent {
    span: Span,
    client: Arc<ClientSettings>,
    is_reported: bool,
}

impl Sent {
    fn report(&mut self, result: &OwnedDeliveryResult) {
        self.is_reported = true;
        let mut span = std::mem::take(&mut self.span);
        match result {
            Ok(delivery) => sending::record_delivery(&mut span, &self.client, delivery.partition, delivery.offset),
            Err((failure, _)) => sending::record_not_queued(&mut span, &self.client, failure),
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if self.is_reported {
            return;
        }
        self.span.set_tag(tags::KAFKA_OUTCOME, Value::Static("fire_and_forget"));
        if !std::thread::panicking() {
            let decorators = &self.client.settings.decorators;
            decorators.iter().for_each(|decorator| decorator.on_sent(&mut self.span, RecordOutcome::FireAndForget));
        }
    }
}
