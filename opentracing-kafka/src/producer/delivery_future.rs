//! The future of a delivery.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_channel::oneshot;
use rdkafka::producer::future_producer::OwnedDeliveryResult;

/// A future that resolves when a record is delivered, like [`rdkafka::producer::DeliveryFuture`].
///
/// If it is dropped, the record is still delivered, and its span records the outcome `fire_and_forget`.
///
/// ```
/// use opentracing_kafka::TracingProducer;
/// use rdkafka::error::KafkaError;
/// use rdkafka::producer::{FutureProducer, FutureRecord};
///
/// # type Producer = TracingProducer<FutureProducer>;
/// async fn send(producer: &Producer) -> Result<(), KafkaError> {
///     let record = FutureRecord::to("orders").key("42").payload("2 books");
///     let delivery = producer.send_result(record).map_err(|(error, _)| error)?;
///     let delivery = delivery.await.map_err(|_| KafkaError::Canceled)?;
///     let offset = delivery.map_err(|(error, _)| error)?.offset;
///     println!("delivered at offset {offset}");
///     Ok(())
/// }
/// # drop(send);
/// ```
#[must_use = "futures do nothing unless polled; drop it to fire and forget"]
pub struct TracingDeliveryFuture {
    pub(crate) delivery: oneshot::Receiver<OwnedDeliveryResult>,
}

impl Future for TracingDeliveryFuture {
    /// The output of rdkafka's future: the delivery or its error, or [`Canceled`](oneshot::Canceled) if the producer was dropped before.
    type Output = <rdkafka::producer::DeliveryFuture as Future>::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.delivery).poll(cx)
    }
}

impl fmt::Debug for TracingDeliveryFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingDeliveryFuture").finish_non_exhaustive()
    }
}
