//! What happens to a consumer beside messages: rebalances, commits in the background, statistics.

use std::fmt;
use std::sync::Arc;

use opentracing_core::{MessageEvent, Value, logs};
use rdkafka::Statistics;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::consumer::committing;
use crate::settings::ClientSettings;

/// Records what rdkafka tells only to the context of a consumer: rebalances, commits in the background, and statistics. Created by
/// [`KafkaTracing::consumer_events`](crate::KafkaTracing::consumer_events).
///
/// Call it in your own context. Without one, use [`TracingConsumerContext`].
///
/// ```
/// use opentracing_kafka::ConsumerEvents;
/// use rdkafka::TopicPartitionList;
/// use rdkafka::client::ClientContext;
/// use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
/// use rdkafka::error::KafkaResult;
///
/// struct Context {
///     events: ConsumerEvents,
/// }
///
/// impl ClientContext for Context {}
///
/// impl ConsumerContext for Context {
///     fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
///         self.events.rebalance(rebalance);
///     }
///
///     fn commit_callback(&self, result: KafkaResult<()>, offsets: &TopicPartitionList) {
///         self.events.commit(&result, offsets);
///     }
/// }
/// ```
#[derive(Clone)]
pub struct ConsumerEvents {
    client: Arc<ClientSettings>,
}

impl ConsumerEvents {
    pub(crate) fn new(client: Arc<ClientSettings>) -> Self {
        ConsumerEvents { client }
    }

    /// Counts a rebalance, and logs it in the span that is active where the consumer is polled.
    pub fn rebalance(&self, rebalance: &Rebalance<'_>) {
        let (event, partitions) = match rebalance {
            Rebalance::Assign(partitions) => ("partitions_assigned", partitions.count()),
            Rebalance::Revoke(partitions) => ("partitions_revoked", partitions.count()),
            Rebalance::Error(_) => ("rebalance_failed", 0),
        };
        let tracer = &self.client.settings.tracer;
        tracer.count_messages(MessageEvent::Rebalanced, 1);
        tracer.with_active(|span| {
            let count = i64::try_from(partitions).unwrap_or(i64::MAX);
            span.log_kv(&[(logs::EVENT, Value::Static(event)), ("partitions", Value::from(count))]);
        });
    }

    /// Records a commit of offsets in the background, as [`CommitSpan`](crate::CommitSpan) says.
    pub fn commit(&self, result: &KafkaResult<()>, offsets: &TopicPartitionList) {
        committing::record_result(&self.client, offsets, result);
    }

    /// Takes the lag of each partition, which becomes the tag `kafka.consumer_lag` of messages that consumers of the same group receive later.
    /// librdkafka calls `stats` at the interval `statistics.interval.ms`, which is off by default.
    pub fn statistics(&self, statistics: &Statistics) {
        self.client.settings.lags.update(self.client.group.as_deref(), statistics);
    }
}

impl fmt::Debug for ConsumerEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumerEvents").finish_non_exhaustive()
    }
}

/// A consumer context that records rebalances, failed commits in the background, and the lag of partitions.
///
/// ```
/// use opentracing_kafka::{KafkaTracing, TracingConsumer, TracingConsumerContext};
/// use rdkafka::ClientConfig;
/// use rdkafka::consumer::BaseConsumer;
///
/// # fn main() -> rdkafka::error::KafkaResult<()> {
/// let kafka = KafkaTracing::new();
/// let mut config = ClientConfig::new();
/// config.set("group.id", "payment").set("statistics.interval.ms", "5000");
/// let context = TracingConsumerContext::new(kafka.consumer_events(&config));
/// let consumer: TracingConsumer<BaseConsumer<TracingConsumerContext>> = kafka.consumer_with_context(&config, context)?;
/// # drop(consumer);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TracingConsumerContext {
    events: ConsumerEvents,
}

impl TracingConsumerContext {
    /// Records with these events.
    pub fn new(events: ConsumerEvents) -> Self {
        TracingConsumerContext { events }
    }
}

impl ClientContext for TracingConsumerContext {
    fn stats(&self, statistics: Statistics) {
        self.events.statistics(&statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log::error!("librdkafka: {error}: {reason}");
    }
}

impl ConsumerContext for TracingConsumerContext {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        self.events.rebalance(rebalance);
    }

    fn commit_callback(&self, result: KafkaResult<()>, offsets: &TopicPartitionList) {
        self.events.commit(&result, offsets);
    }
}
