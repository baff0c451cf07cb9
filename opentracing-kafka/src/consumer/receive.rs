//! A trait for functions that receive from traced and untraced consumers.

use rdkafka::consumer::{ConsumerContext, StreamConsumer};
use rdkafka::error::KafkaResult;
use rdkafka::message::{BorrowedMessage, Message};

use crate::consumer::consumer::TracingConsumer;
use crate::message::message::TracingMessage;

/// Receives messages: rdkafka's [`StreamConsumer`], and the same in a [`TracingConsumer`]. A function that is generic over it accepts both.
///
/// ```
/// use opentracing_kafka::Receive;
/// use rdkafka::Message;
/// use rdkafka::error::KafkaResult;
///
/// async fn next_key<C: Receive>(consumer: &C) -> KafkaResult<Option<Vec<u8>>> {
///     Ok(consumer.receive().await?.key().map(<[u8]>::to_vec))
/// }
/// # let _ = next_key::<rdkafka::consumer::StreamConsumer>;
/// # let _ = next_key::<opentracing_kafka::TracingConsumer>;
/// ```
pub trait Receive {
    /// The message.
    type Message<'a>: Message + Send
    where
        Self: 'a;

    /// Waits for a message, like [`StreamConsumer::recv`].
    ///
    /// # Errors
    ///
    /// The errors of rdkafka.
    fn receive(&self) -> impl Future<Output = KafkaResult<Self::Message<'_>>> + Send;
}

impl<C, R> Receive for StreamConsumer<C, R>
where
    C: ConsumerContext + 'static,
    R: Send + Sync,
{
    type Message<'a>
        = BorrowedMessage<'a>
    where
        Self: 'a;

    async fn receive(&self) -> KafkaResult<BorrowedMessage<'_>> {
        self.recv().await
    }
}

impl<C, R> Receive for TracingConsumer<StreamConsumer<C, R>>
where
    C: ConsumerContext + 'static,
    R: Send + Sync,
{
    type Message<'a>
        = TracingMessage<BorrowedMessage<'a>>
    where
        Self: 'a;

    async fn receive(&self) -> KafkaResult<TracingMessage<BorrowedMessage<'_>>> {
        self.recv().await
    }
}
