//! Handling the messages of a stream.

use std::fmt::Display;
use std::pin::pin;

use futures_core::Stream;
use rdkafka::error::KafkaError;

use crate::message::handling;
use crate::message::message::TracingMessage;

/// Runs a handler for each message of a stream, one after the other, in the span of the message.
///
/// Processing stops when the stream ends, and at the first error of the stream or of the handler. An error of the handler is recorded in
/// the span.
///
/// ```
/// use opentracing_kafka::{TracingConsumer, process};
/// use rdkafka::Message;
/// use rdkafka::consumer::StreamConsumer;
///
/// # type Error = Box<dyn std::error::Error>;
/// # async fn pay(_order: &[u8]) -> Result<(), std::io::Error> { Ok(()) }
/// # async fn consume(consumer: TracingConsumer<StreamConsumer>) -> Result<(), Error> {
/// let mut orders = consumer.stream();
/// process(&mut orders, async |order| {
///     pay(order.payload().unwrap_or_default()).await?;
///     Ok::<_, Box<dyn std::error::Error>>(())
/// })
/// .await?;
/// # Ok(())
/// # }
/// ```
///
/// Pass `&mut stream` to continue with the same stream after an error. A consumer recovers from most of its errors by itself, so programs
/// usually log them and continue.
///
/// # Errors
///
/// The first error of the stream or of the handler.
pub async fn process<S, M, H, F, E>(stream: S, mut handler: H) -> Result<(), E>
where
    S: Stream<Item = Result<TracingMessage<M>, KafkaError>>,
    H: FnMut(TracingMessage<M>) -> F,
    F: Future<Output = Result<(), E>>,
    E: From<KafkaError> + Display,
{
    let mut stream = pin!(stream);
    while let Some(message) = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
        let message = message?;
        let mut span = message.take_span();
        let future = span.in_scope(|| handler(message));
        handling::handle(span, future).await?;
    }
    Ok(())
}
