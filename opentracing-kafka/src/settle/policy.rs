//! What happens to a message after its handler.

use rdkafka::client::ClientContext;
use rdkafka::consumer::CommitMode;
use rdkafka::producer::FutureProducer;
use rdkafka::util::AsyncRuntime;

use crate::producer::producer::TracingProducer;
use crate::settle::forward::Destination;

/// What happens to a message after its handler: how often it is attempted, and what follows a success and the last failure. For
/// [`TracingConsumer::handle_and_settle`](crate::TracingConsumer::handle_and_settle).
///
/// ```
/// use opentracing_kafka::{KafkaTracing, SettlePolicy, TracingProducer};
/// use rdkafka::ClientConfig;
/// use rdkafka::consumer::CommitMode;
/// use rdkafka::producer::FutureProducer;
///
/// # fn main() -> rdkafka::error::KafkaResult<()> {
/// let mut config = ClientConfig::new();
/// config.set("bootstrap.servers", "broker.example:9092");
/// let producer: TracingProducer<FutureProducer> = KafkaTracing::new().producer(&config)?;
/// // Three attempts at once. Then the message goes to the retry topic until it was attempted nine times in all, and finally to the
/// // dead-letter topic.
/// let policy = SettlePolicy::commit(CommitMode::Async)
///     .attempts(3)
///     .retry_topic(&producer, "orders.retry", 9)
///     .dead_letter_topic(&producer, "orders.dead");
/// # drop(policy);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a policy does nothing by itself"]
pub struct SettlePolicy {
    pub(crate) success: Success,
    pub(crate) attempts: u32,
    /// The retry topic, and how often a message is attempted before it no longer goes there.
    pub(crate) retry: Option<(Destination, u32)>,
    pub(crate) dead_letter: Option<Destination>,
}

/// What follows a success.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Success {
    Store,
    Commit(CommitMode),
}

impl SettlePolicy {
    /// Stores the offset of a message after a success, for the next commit in the background. The consumer needs
    /// `enable.auto.offset.store=false`, or rdkafka has stored it before.
    pub fn store_offset() -> Self {
        Self::new(Success::Store)
    }

    /// Commits the offset of a message after a success. This also commits all earlier messages of its partition.
    pub fn commit(mode: CommitMode) -> Self {
        Self::new(Success::Commit(mode))
    }

    fn new(success: Success) -> Self {
        SettlePolicy { success, attempts: 1, retry: None, dead_letter: None }
    }

    /// Sets how often a handler is attempted in place, one time directly after the other. 1 by default; 0 counts as 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Sends a message to this topic if its attempts failed, unless it was attempted `up_to` times in all. The header `x-attempts` counts on
    /// over topics. None by default.
    pub fn retry_topic<C, R>(
        mut self,
        producer: &TracingProducer<FutureProducer<C, R>>,
        topic: &str,
        up_to: u32,
    ) -> Self
    where
        C: ClientContext + 'static,
        R: AsyncRuntime,
    {
        self.retry = Some((Destination::new(producer, topic), up_to));
        self
    }

    /// Sends a message to this topic if its attempts failed and it does not go to a retry topic. None by default: the message is then
    /// [left](crate::Settlement::Left) unsettled.
    pub fn dead_letter_topic<C, R>(mut self, producer: &TracingProducer<FutureProducer<C, R>>, topic: &str) -> Self
    where
        C: ClientContext + 'static,
        R: AsyncRuntime,
    {
        self.dead_letter = Some(Destination::new(producer, topic));
        self
    }
}
