//! The second half of payment: consumes placed orders from Kafka and settles their payments.

use std::time::{Duration, Instant};

use examples::BoxError;
use opentracing_core::Tracer;
use opentracing_kafka::{KafkaTracing, TracingConsumer};
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::KafkaResult;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use tokio::task::JoinHandle;

use crate::in_flight::InFlight;
use crate::model::PlacedOrder;
use crate::topic::ORDERS;

pub(crate) struct Settlement {
    task: JoinHandle<()>,
}

/// The limit for a cluster to create the topic and elect leaders.
const TOPIC_TIMEOUT: Duration = Duration::from_secs(30);

impl Settlement {
    /// Consumes orders that are placed from now on. The shop has one payment service, which assigns itself all partitions and so does not
    /// wait for a consumer group.
    pub(crate) async fn start(brokers: &str, tracer: Tracer, in_flight: InFlight) -> Result<Settlement, BoxError> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers).set("group.id", "payment").set("client.id", "acme-shop");
        config
            .set("enable.auto.commit", "false")
            .set("allow.auto.create.topics", "true")
            .set("fetch.wait.max.ms", "50");
        // The only line that tracing adds: a traced consumer.
        let consumer: TracingConsumer<StreamConsumer> = KafkaTracing::with_tracer(tracer.clone()).consumer(&config)?;
        let clone = consumer.clone();
        let ends = tokio::task::spawn_blocking(move || ends(&clone)).await??;
        consumer.assign(&ends)?;
        Ok(Settlement { task: tokio::spawn(settle_all(consumer, tracer, in_flight)) })
    }

    pub(crate) async fn stop(self) {
        self.task.abort();
        // Returns that the task was cancelled.
        let _ = self.task.await;
    }
}

/// The end offset of each partition. Requesting the topic creates it; a new topic has no ready leaders for a moment.
fn ends(consumer: &TracingConsumer<StreamConsumer>) -> KafkaResult<TopicPartitionList> {
    let started = Instant::now();
    loop {
        match ends_now(consumer) {
            Ok(ends) if ends.count() > 0 => return Ok(ends),
            last if started.elapsed() >= TOPIC_TIMEOUT => return last,
            _ => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn ends_now(consumer: &TracingConsumer<StreamConsumer>) -> KafkaResult<TopicPartitionList> {
    let metadata = consumer.fetch_metadata(Some(ORDERS), TOPIC_TIMEOUT)?;
    let mut ends = TopicPartitionList::new();
    for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
        let (_, end) = consumer.fetch_watermarks(ORDERS, partition.id(), TOPIC_TIMEOUT)?;
        ends.add_partition_offset(ORDERS, partition.id(), Offset::Offset(end))?;
    }
    Ok(ends)
}

async fn settle_all(consumer: TracingConsumer<StreamConsumer>, tracer: Tracer, in_flight: InFlight) {
    loop {
        // The consumer recovers from its errors by itself.
        let Ok(message) = consumer.recv().await else { continue };
        let settling = async {
            let order: PlacedOrder = serde_json::from_slice(message.payload().unwrap_or_default())?;
            settle(&order, &tracer);
            Ok::<_, serde_json::Error>(())
        };
        // The span records an order that cannot be decoded. The order is skipped.
        let _ = message.handle(settling).await;
        in_flight.remove();
    }
}

/// Starts a child of `process orders` without knowing that span.
fn settle(order: &PlacedOrder, tracer: &Tracer) {
    tracer.span("settle").tag("order", order.number).tag("receipt", &order.receipt).start().finish();
}
