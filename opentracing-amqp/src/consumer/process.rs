//! Handling the deliveries of a stream.

use std::fmt::Display;
use std::pin::pin;

use futures_core::Stream;

use crate::delivery::delivery::TracingDelivery;

/// Runs a handler for each delivery of a stream, one after the other, in the span of the delivery.
///
/// The handler settles the delivery. If it does not, the outcome is `dropped`. The span finishes when the handler returns. Processing
/// stops when the stream ends, which it does when the consumer is cancelled, and at the first error of the stream or of the handler. An
/// error of the handler is recorded in the span.
///
/// To handle several deliveries at once, use several consumers, or spawn a task per delivery that calls [`TracingDelivery::handle`].
///
/// ```
/// use lapin::options::BasicAckOptions;
/// use opentracing_amqp::{TracingConsumer, TracingDelivery, process};
///
/// # async fn pack(_order: &[u8]) -> std::io::Result<()> { Ok(()) }
/// # async fn ship(consumer: TracingConsumer) -> Result<(), Box<dyn std::error::Error>> {
/// process(consumer, async |order: TracingDelivery| {
///     pack(&order.data).await?;
///     order.ack(BasicAckOptions::default()).await?;
///     Ok::<_, Box<dyn std::error::Error>>(())
/// })
/// .await
/// # }
/// ```
///
/// The handler may change what it captures. In a task that is spawned, it has to own it: `tokio::spawn(process(consumer, async move |order| …))`.
///
/// Pass `&mut consumer` to continue with the same consumer after an error. After an error that lapin recovers from, the consumer yields
/// deliveries again.
///
/// # Errors
///
/// The first error of the stream or of the handler.
pub async fn process<S, H, E>(deliveries: S, mut handler: H) -> Result<(), E>
where
    S: Stream<Item = lapin::Result<TracingDelivery>>,
    H: AsyncFnMut(TracingDelivery) -> Result<(), E>,
    E: From<lapin::Error> + Display,
{
    let mut deliveries = pin!(deliveries);
    while let Some(delivery) = std::future::poll_fn(|cx| deliveries.as_mut().poll_next(cx)).await {
        let delivery = delivery?;
        let run = delivery.begin();
        let (span, handler) = (run.span.clone(), &mut handler);
        let handling = span.in_scope(move || handler(delivery));
        run.future(handling).await?;
    }
    Ok(())
}
