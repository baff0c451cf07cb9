//! Values of settings.

/// Whether the key of a record becomes a tag. [`Off`](RecordKey::Off) by default, because keys may hold personal data.
///
/// ```
/// use opentracing_kafka::{KafkaTracing, RecordKey};
///
/// let kafka = KafkaTracing::new().record_key(RecordKey::Text);
/// # drop(kafka);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum RecordKey {
    /// Keys are not recorded.
    #[default]
    Off,
    /// Keys are recorded as `messaging.kafka.message.key`. Bytes that are not UTF-8 are replaced by `�`.
    Text,
}

/// Whether waiting for a message is recorded as a span. [`Off`](PollSpan::Off) by default.
///
/// ```
/// use opentracing_kafka::{KafkaTracing, PollSpan};
///
/// let kafka = KafkaTracing::new().poll_span(PollSpan::On);
/// # drop(kafka);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum PollSpan {
    /// Waiting is not recorded.
    #[default]
    Off,
    /// A call that returns a message has a span `poll topic`, which belongs to the trace of the message and is the parent of its
    /// `process` span. It lasts from the start of the call to the arrival of the message.
    On,
}
