//! What may be chosen, apart from what is just switched.

/// Whether the keys of records become a tag. [`Off`](RecordKey::Off) by default, as a key may name a person.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum RecordKey {
    /// No.
    #[default]
    Off,
    /// As `messaging.kafka.message.key`. Of a key that is not UTF-8, what is not shows as `�`.
    Text,
}

/// Whether the waiting for messages has spans. [`Off`](PollSpan::Off) by default.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum PollSpan {
    /// No.
    #[default]
    Off,
    /// A call that brings a message has a span `poll topic` from its beginning to the message, in the trace of the message. The span
    /// of the handling is its child.
    On,
}

/// How the span of a message refers to that of its sender. [`FollowsFrom`](ProducerReference::FollowsFrom) by default. Both go on
/// with the sender's trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum ProducerReference {
    /// The sender does not depend on what becomes of its message (OpenTracing specification, "References between Spans").
    #[default]
    FollowsFrom,
    /// The sender waits for an answer.
    ChildOf,
}

/// Whether contexts travel in the headers of records. [`On`](Propagation::On) by default.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Propagation {
    /// They are written by producers and read by consumers.
    #[default]
    On,
    /// Producers leave headers as they are, and consumers begin a trace with each message: where a consumer of another make cannot
    /// cope with headers, or a sender is not to be believed.
    Off,
}
