//! The other half of payment: settles what is paid, once the order is placed. It reads of that over Kafka.

use std::time::{Duration, Instant};

use examples::BoxError;
use opentracing_core::Tracer;
use opentracing_kafka::{KafkaTracing, TracingConsumer};
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::KafkaResult;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use tokio::task::JoinHandle;

use crate::model::PlacedOrder;
use crate::topic::ORDERS;
use crate::under_way::UnderWay;

pub(crate) struct Settlement {
    task: JoinHandle<()>,
}

/// What a cluster is given to make the topic and tell of it.
const PATIENCE: Duration = Duration::from_secs(30);

impl Settlement {
    /// Reads from now on. The shop has one payment service, which takes all partitions, and so need not wait for a group to form.
    pub(crate) async fn start(brokers: &str, tracer: Tracer, under_way: UnderWay) -> Result<Settlement, BoxError> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers).set("group.id", "payment").set("client.id", "acme-shop");
        config
            .set("enable.auto.commit", "false")
            .set("allow.auto.create.topics", "true")
            .set("fetch.wait.max.ms", "50");
        // All that it takes to trace what a service reads: one consumer.
        let consumer: TracingConsumer<StreamConsumer> = KafkaTracing::with_tracer(tracer.clone()).consumer(&config)?;
        let asking = consumer.clone();
        let ends = tokio::task::spawn_blocking(move || ends(&asking)).await??;
        consumer.assign(&ends)?;
        Ok(Settlement { task: tokio::spawn(settle_all(consumer, tracer, under_way)) })
    }

    pub(crate) async fn stop(self) {
        self.task.abort();
        // Was cancelled, as it was told.
        let _ = self.task.await;
    }
}

/// The end of each partition. Asking for a topic makes it; for a moment nobody leads a new one, or its leader does not know that it does.
fn ends(consumer: &TracingConsumer<StreamConsumer>) -> KafkaResult<TopicPartitionList> {
    let begun = Instant::now();
    loop {
        match ends_now(consumer) {
            Ok(ends) if ends.count() > 0 => return Ok(ends),
            last if begun.elapsed() >= PATIENCE => return last,
            _ => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn ends_now(consumer: &TracingConsumer<StreamConsumer>) -> KafkaResult<TopicPartitionList> {
    let metadata = consumer.fetch_metadata(Some(ORDERS), PATIENCE)?;
    let mut ends = TopicPartitionList::new();
    for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
        let (_, end) = consumer.fetch_watermarks(ORDERS, partition.id(), PATIENCE)?;
        ends.add_partition_offset(ORDERS, partition.id(), Offset::Offset(end))?;
    }
    Ok(ends)
}

async fn settle_all(consumer: TracingConsumer<StreamConsumer>, tracer: Tracer, under_way: UnderWay) {
    loop {
        // The consumer recovers by itself from what it tells.
        let Ok(message) = consumer.recv().await else { continue };
        let settling = async {
            let order: PlacedOrder = serde_json::from_slice(message.payload().unwrap_or_default())?;
            settle(&order, &tracer);
            Ok::<_, serde_json::Error>(())
        };
        // A message that makes no sense is told by its span, and left aside.
        let _ = message.handle(settling).await;
        under_way.remove();
    }
}

/// Whatever stands in the spans of `process orders`, this code knows nothing of it.
fn settle(order: &PlacedOrder, tracer: &Tracer) {
    tracer.span("settle").tag("order", order.number).tag("receipt", &order.receipt).start().finish();
}
