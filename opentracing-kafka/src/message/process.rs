//! Handling the messages of a stream.

use std::fmt::Display;
use std::pin::pin;

use futures_core::Stream;
use rdkafka::error::KafkaError;

use crate::message::attempt::Attempt;
use crate::message::message::TracingMessage;
use crate::message::received_message::ReceivedMessage;

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
    M: ReceivedMessage,
    H: FnMut(TracingMessage<M>) -> F,
    F: Future<Output = Result<(), E>>,
    E: From<KafkaError> + Display,
{
    let mut stream = pin!(stream);
    while let Some(message) = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
        let message = message?;
        let (mut attempt, mut span) = Attempt::begin(message.tracking(), message.get_ref());
        let future = span.in_scope(|| handler(message));
        let (output, span) = attempt.run(span, future).await;
        span.finish();
        output?;
    }
    Ok(())
}

/// Does the same as [`process`], for an async closure that changes what it captures.
///
/// The compiler cannot show that the future of this function is [`Send`] if the messages borrow from the consumer, so it usually cannot be
/// spawned on several threads. `process` can.
///
/// ```
/// use opentracing_kafka::{TracingConsumer, process_mut};
/// use rdkafka::consumer::StreamConsumer;
/// use rdkafka::error::KafkaError;
///
/// # async fn count(consumer: TracingConsumer<StreamConsumer>) -> Result<(), KafkaError> {
/// let mut orders = 0;
/// process_mut(consumer.stream(), async |_order| {
///     orders += 1;
///     Ok::<_, KafkaError>(())
/// })
/// .await
/// # }
/// ```
///
/// # Errors
///
/// The first error of the stream or of the handler.
pub async fn process_mut<S, M, H, E>(stream: S, mut handler: H) -> Result<(), E>
where
    S: Stream<Item = Result<TracingMessage<M>, KafkaError>>,
    M: ReceivedMessage,
    H: AsyncFnMut(TracingMessage<M>) -> Result<(), E>,
    E: From<KafkaError> + Display,
{
    let mut stream = pin!(stream);
    while let Some(message) = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
        let message = message?;
        let (mut attempt, mut span) = Attempt::begin(message.tracking(), message.get_ref());
        // The closure may start spans before its future is polled.
        let future = {
            let _scope = span.activate_borrowed();
            handler(message)
        };
        let (output, span) = attempt.run(span, future).await;
        span.finish();
        output?;
    }
    Ok(())
}
