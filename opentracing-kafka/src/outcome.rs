//! How sending a record, or handling a message, ended.

use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;

/// How sending a record ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum RecordOutcome<'a> {
    /// The brokers have the record. With `acks=0` it was written to the connection.
    Delivered(&'a BorrowedMessage<'a>),
    /// The call was dropped while the record waited for room in the producer's queue.
    Cancelled,
    /// The future of a [`ForeignProducer`](crate::ForeignProducer) was dropped before the delivery was known. The record may still be
    /// delivered.
    FireAndForget,
    /// The record was not queued or not delivered.
    Failed(&'a KafkaError),
}

/// What a [`SettlePolicy`](crate::SettlePolicy) did with a message.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Settlement<E> {
    /// The handler succeeded, and the offset was stored or committed.
    Settled,
    /// The handler failed, and the message was sent to the retry topic.
    RetryTopic {
        /// The topic.
        topic: String,
        /// The last error of the handler.
        error: E,
    },
    /// The handler failed, and the message was sent to the dead-letter topic.
    DeadLetter {
        /// The topic.
        topic: String,
        /// The last error of the handler.
        error: E,
    },
    /// The handler failed, and the policy has no topic for the message. Its offset is neither stored nor committed.
    Left {
        /// The last error of the handler.
        error: E,
    },
}
