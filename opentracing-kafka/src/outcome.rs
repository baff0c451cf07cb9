//! How sending a record ended.

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
    /// The record was not queued or not delivered.
    Failed(&'a KafkaError),
}
