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
    /// A call that returns a message has a span `poll topic`, which lasts from the start of the call to the arrival of the message. It is a
    /// trace of its own that refers to the sender, because the wait usually began before the message was sent.
    On,
}

/// Whether commits of offsets are recorded as spans. [`Failed`](CommitSpan::Failed) by default.
///
/// ```
/// use opentracing_kafka::{CommitSpan, KafkaTracing};
///
/// let kafka = KafkaTracing::new().commit_span(CommitSpan::On);
/// # drop(kafka);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum CommitSpan {
    /// Commits are not recorded. Failed ones are counted.
    Off,
    /// A failed commit has a span `commit topic`.
    #[default]
    Failed,
    /// Each commit has a span. It lasts as long as the call, so that of [`CommitMode::Async`](rdkafka::consumer::CommitMode::Async) does not
    /// include the response of the broker.
    On,
}
