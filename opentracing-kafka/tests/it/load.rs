//! A large number of messages, with several consumers.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use opentracing_core::{Batch, OwnedSpan, Reporter, SpanKind, Tracer};
use opentracing_kafka::{KafkaTracing, TracingConsumer, TracingProducer};
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::Message;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};

use crate::cluster::{Cluster, PATIENCE, soon};

const MESSAGES: usize = 50_000;
const CONSUMERS: usize = 4;
const PARTITIONS: i32 = 8;
/// Records in flight at one time, which bounds the number of open spans.
const IN_FLIGHT: usize = 1_000;

/// Waits for the drain. An unoptimised build on a busy machine finishes spans faster than the reporter thread drains them.
fn drain(tracer: &Tracer) {
    tracer.flush(PATIENCE).unwrap();
}

#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<OwnedSpan>>>);

impl Reporter for Spans {
    fn report(&mut self, batch: Batch<'_>) {
        self.0.lock().unwrap().extend(batch.iter().map(OwnedSpan::from));
    }
}

/// Sends the messages, a thousand at a time, each in its own span. Returns the largest number of open spans.
async fn produce(tracer: &Tracer, producer: &TracingProducer<FutureProducer>, topic: &str) -> u64 {
    let mut most_open = 0;
    for first in (0..MESSAGES).step_by(IN_FLIGHT) {
        let deliveries: Vec<_> = (first..first + IN_FLIGHT)
            .map(|number| {
                let _order = tracer.span("order").tag("number", number).start_active();
                let payload = number.to_string();
                producer.send_result(FutureRecord::to(topic).key(&payload).payload(&payload)).unwrap()
            })
            .collect();
        most_open = most_open.max(tracer.stats().open());
        for delivery in deliveries {
            soon(delivery).await.unwrap().unwrap();
        }
        drain(tracer);
    }
    most_open
}

/// Receives until all consumers together have received all messages. Returns the number that this consumer received.
async fn consume(tracer: &Tracer, consumer: &TracingConsumer<StreamConsumer>, seen: &Mutex<HashSet<usize>>) -> usize {
    let mut received = 0;
    while seen.lock().unwrap().len() < MESSAGES {
        let Ok(message) = tokio::time::timeout(std::time::Duration::from_millis(50), consumer.recv()).await else {
            continue;
        };
        let message = message.unwrap();
        let number: usize = std::str::from_utf8(message.payload().unwrap()).unwrap().parse().unwrap();
        let store = async {
            let _store = tracer.span("store").tag("number", number).start();
            tokio::task::yield_now().await;
        };
        message.handle(store).await;
        seen.lock().unwrap().insert(number);
        received += 1;
        if received % 250 == 0 {
            drain(tracer);
        }
    }
    received
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_message_of_four_consumers_is_connected() {
    let Some(cluster) = Cluster::real() else { return };
    let topic = cluster.topic(PARTITIONS).await;
    let spans = Spans::default();
    let (tracer, draining) = Tracer::builder("load").build();
    let collecting = {
        let spans = spans.clone();
        std::thread::spawn(move || draining.run(spans))
    };
    let kafka = KafkaTracing::with_tracer(tracer.clone());
    let producer: TracingProducer<FutureProducer> = kafka.producer(&cluster.config()).unwrap();
    let most_open = produce(&tracer, &producer, &topic).await;
    // At most three open spans per order, and spans that are not drained yet.
    assert!(most_open <= 8_192, "{most_open} spans were open");

    let seen = Arc::new(Mutex::new(HashSet::new()));
    let tasks: Vec<_> = (0..CONSUMERS)
        .map(|index| {
            let (tracer, seen) = (tracer.clone(), seen.clone());
            let consumer: TracingConsumer<StreamConsumer> = kafka.consumer(&cluster.consumer_config()).unwrap();
            // Assigned by hand, because a group would give all partitions to the first consumer.
            let mut share = TopicPartitionList::new();
            for partition in (0..PARTITIONS).skip(index).step_by(CONSUMERS) {
                share.add_partition_offset(&topic, partition, Offset::Beginning).unwrap();
            }
            consumer.assign(&share).unwrap();
            tokio::spawn(async move { consume(&tracer, &consumer, &seen).await })
        })
        .collect();
    let mut shares = Vec::new();
    for task in tasks {
        shares.push(
            tokio::time::timeout(5 * PATIENCE, task).await.expect("all messages should have arrived by now").unwrap(),
        );
    }
    assert!(shares.iter().all(|share| *share > 0), "one consumer received nothing: {shares:?}");
    assert_eq!(shares.iter().sum::<usize>(), MESSAGES, "{shares:?}");

    drop(producer);
    tracer.close(PATIENCE).unwrap();
    collecting.join().unwrap();
    let stats = tracer.stats();
    assert_eq!((stats.lost(), stats.open(), stats.scopes_out_of_order), (0, 0, 0));
    check(&spans.0.lock().unwrap());
}

/// Each order has one trace: order, send, process, store.
fn check(spans: &[OwnedSpan]) {
    let by_id: HashMap<_, _> =
        spans.iter().map(|span| ((span.context.trace_id(), span.context.span_id()), span)).collect();
    assert_eq!(by_id.len(), spans.len());
    assert_eq!(spans.len(), 4 * MESSAGES);
    let parent = |span: &OwnedSpan| by_id[&(span.context.trace_id(), span.parent_id.unwrap())];
    let number = |span: &OwnedSpan| span.tag("number").map(|number| number.to_string());
    for span in spans {
        match span.kind {
            SpanKind::Producer => assert_eq!(&*parent(span).operation_name, "order"),
            SpanKind::Consumer => assert_eq!(parent(span).kind, SpanKind::Producer),
            _ if &*span.operation_name == "store" => {
                let (process, order) = (parent(span), parent(parent(parent(span))));
                assert_eq!(process.kind, SpanKind::Consumer);
                assert_eq!(number(span), number(order));
            }
            _ => assert_eq!((&*span.operation_name, span.parent_id), ("order", None)),
        }
    }
    let traces: HashSet<_> = spans.iter().map(|span| span.context.trace_id()).collect();
    assert_eq!(traces.len(), MESSAGES);
}
