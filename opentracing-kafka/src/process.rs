//! Handling the messages of a stream.

use std::fmt::Display;
use std::pin::pin;

use futures_core::Stream;
use rdkafka::error::KafkaError;

use crate::handling;
use crate::message::TracingMessage;

/// Hands each message of a stream to a handler, which runs in the message's span, one after the other. Ends with the stream, or with
/// the first failure, of the stream or of the handler; the failure of a handler is told by the span of its message.
///
/// A stream can be borrowed and gone on with. A consumer recovers from most of its errors by itself, so the usual answer to one of
/// those is to log it and go on.
///
/// ```
/// use opentracing_kafka::{TracingConsumer, process};
/// use rdkafka::Message;
/// use rdkafka::consumer::StreamConsumer;
///
/// # async fn pay(order: &[u8]) -> Result<(), std::io::Error> { Ok(()) }
/// # async fn consume(consumer: TracingConsumer<StreamConsumer>) -> Result<(), Box<dyn std::error::Error>> {
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
/// # Errors
///
/// The first failure of the stream or of the handler.
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
        handling::process(span, future).await?;
    }
    Ok(())
}
