//! Decorators.

use futures_util::FutureExt;
use opentracing_core::Span;
use opentracing_core::mock::MockTracer;
use opentracing_kafka::{ForeignProducer, KafkaDecorator, OutgoingRecord, RecordOutcome, TracingProducer};
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use rdkafka::producer::{FutureProducer, FutureRecord};

use crate::cluster::{Cluster, patience, soon, tracing};
use crate::support::{headers, span, tag, text};

/// Records the arguments of its hooks.
struct RecordArguments;

impl KafkaDecorator for RecordArguments {
    fn on_send(&self, span: &mut Span, record: &OutgoingRecord<'_>) {
        assert_eq!((record.key, record.payload, record.partition), (Some(&b"k"[..]), Some(&b"v"[..]), Some(0)));
        span.set_tag("sent.headers", record.headers.map_or(0, rdkafka::message::Headers::count));
        span.set_baggage_item("tenant", "blue");
        span.set_tag("peer.service", "ledger");
    }

    fn on_sent(&self, span: &mut Span, outcome: RecordOutcome<'_>) {
        match outcome {
            RecordOutcome::Delivered(record) => {
                span.set_tag("delivered.at", record.offset());
            }
            RecordOutcome::Failed(error) => {
                span.set_tag("failed.by", error.to_string()).set_tag("error", false);
            }
            RecordOutcome::FireAndForget => {
                span.set_tag("forgotten", true);
            }
            _ => {
                span.set_tag("cancelled", true);
            }
        }
    }

    fn on_receive(&self, span: &mut Span, message: &BorrowedMessage<'_>) {
        span.set_operation_name("handle order").set_tag("key.bytes", message.key_len());
    }
}

/// Added after [`RecordArguments`].
struct Second;

impl KafkaDecorator for Second {
    fn on_receive(&self, span: &mut Span, message: &BorrowedMessage<'_>) {
        span.set_tag("key.bytes", 10 * message.key_len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decorators_write_to_spans() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    let kafka = tracing(&mock).decorator(RecordArguments).decorator(Second);
    let producer: TracingProducer<FutureProducer> = kafka.producer(&cluster.config()).unwrap();
    let record = || FutureRecord::to(&topic).key("k").payload("v").partition(0).headers(headers([("a", "1")]));
    soon(producer.send(record(), patience())).await.unwrap();
    let sent = span(&mock, "send");
    assert_eq!(tag(&sent, "sent.headers").as_deref(), Some("1"));
    assert_eq!(tag(&sent, "delivered.at").as_deref(), Some("0"));
    assert_eq!(tag(&sent, "peer.service").as_deref(), Some("ledger"));

    let consumer = cluster.consumer_with(kafka.clone(), &topic);
    let message = soon(consumer.recv()).await.unwrap();
    assert_eq!(text(&message, "baggage").as_deref(), Some("tenant=blue"));
    drop(message);
    assert_eq!(tag(&span(&mock, "handle order"), "key.bytes").as_deref(), Some("10"));

    mock.reset();
    let library: FutureProducer = cluster.config().create().unwrap();
    let foreign: ForeignProducer<FutureProducer> = kafka.wrap_producer(library, &cluster.config());
    drop(foreign.send_result(record()).unwrap());
    let forgotten = span(&mock, "send");
    assert_eq!(tag(&forgotten, "kafka.outcome").as_deref(), Some("fire_and_forget"));
    assert_eq!(tag(&forgotten, "forgotten").as_deref(), Some("true"));

    mock.reset();
    let stuck: TracingProducer<FutureProducer> = kafka
        .producer(rdkafka::ClientConfig::new().set("bootstrap.servers", "127.0.0.1:1").set("message.timeout.ms", "20"))
        .unwrap();
    soon(stuck.send(record(), patience())).await.unwrap_err();
    let failed = span(&mock, "send");
    assert!(tag(&failed, "failed.by").unwrap().contains("timed out"));
    assert!(!failed.is_failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn decorators_see_that_a_send_was_cancelled() {
    let mock = MockTracer::new();
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", "127.0.0.1:1").set("queue.buffering.max.messages", "1");
    let producer: TracingProducer<FutureProducer> =
        tracing(&mock).decorator(RecordArguments).producer(&config).unwrap();
    let record = || FutureRecord::to("orders").key("k").payload("v").partition(0);
    let _queued = producer.send_result(record()).unwrap();
    assert!(producer.send(record(), patience()).now_or_never().is_none());
    assert!(span(&mock, "send orders").tag("cancelled").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn decorators_see_every_message_of_a_batch() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    let producer = cluster.producer(&mock);
    for key in ["1", "22"] {
        soon(producer.send(FutureRecord::to(&topic).key(key).payload("v"), patience())).await.unwrap();
    }
    let consumer = cluster.consumer_with(tracing(&mock).decorator(RecordArguments), &topic);
    let untraced = consumer.get_ref();
    let messages = vec![soon(untraced.recv()).await.unwrap(), soon(untraced.recv()).await.unwrap()];
    drop(consumer.batch(messages));
    assert_eq!(tag(&span(&mock, "handle order"), "key.bytes").as_deref(), Some("2"));
}
