//! Batches: one span for several messages.

use std::convert::Infallible;

use futures_util::{StreamExt, TryStreamExt};
use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{Composite, KafkaHeaders};
use opentracing_core::{ReferenceKind, Tracer};
use opentracing_kafka::{KafkaTracing, TracingBatch, TracingConsumer};
use rdkafka::Message;
use rdkafka::consumer::StreamConsumer;
use rdkafka::message::{BorrowedMessage, OwnedHeaders, OwnedMessage};
use rdkafka::producer::FutureRecord;

use crate::cluster::{Cluster, patience, soon, tracing};
use crate::support::{error, headers, references, span, tag};

async fn send(cluster: &Cluster, mock: &MockTracer, topic: &str, payloads: &[&str]) {
    let producer = cluster.producer(mock);
    for payload in payloads {
        soon(producer.send(FutureRecord::<(), str>::to(topic).payload(payload), patience())).await.unwrap();
    }
}

/// Receives this many messages with rdkafka's consumer.
async fn collect<'c>(
    consumer: &'c TracingConsumer<StreamConsumer>,
    messages: usize,
) -> TracingBatch<BorrowedMessage<'c>> {
    let messages = consumer.get_ref().stream().take(messages).try_collect::<Vec<_>>();
    consumer.batch(soon(messages).await.unwrap())
}

on_both_clusters! {
    async fn a_batch_refers_to_each_sender(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, &["1", "22", "333"]).await;
        let consumer = cluster.consumer(&mock, &topic);
        let batch = collect(&consumer, 3).await;
        assert_eq!(batch.iter().map(|message| message.payload().unwrap().len()).collect::<Vec<_>>(), [1, 2, 3]);
        let trace_id = batch.context().unwrap().trace_id();
        let store = async {
            assert_eq!(batch.len(), 3);
            mock.tracer().span("store").start().finish();
            Ok::<_, Infallible>(())
        };
        batch.handle(store).await.unwrap();
        let span = span(&mock, "process");
        assert_eq!(*span.operation_name, *format!("process {topic}"));
        let follows = ReferenceKind::FollowsFrom;
        assert_eq!(references(&span), [(follows, 1), (follows, 2), (follows, 3)]);
        assert_eq!(tag(&span, "messaging.batch.message_count").as_deref(), Some("3"));
        assert_eq!(tag(&span, "messaging.message.body.size").as_deref(), Some("6"));
        assert_eq!(tag(&span, "messaging.destination.partition.id").as_deref(), Some("0"));
        assert_eq!(tag(&span, "messaging.kafka.offset"), None);
        // The batch belongs to the trace of the first sender.
        assert_eq!((trace_id.low(), span.context.trace_id()), (1, trace_id));
        mock.assert_tree(&format!("
            send {topic} (producer)
              process {topic} (consumer)
                store
            send {topic} (producer)
            send {topic} (producer)
        "));
    }
}

/// One message per list of headers.
fn messages(all: impl IntoIterator<Item = Option<OwnedHeaders>>) -> Vec<OwnedMessage> {
    let message = |(offset, headers)| {
        let timestamp = rdkafka::Timestamp::NotAvailable;
        OwnedMessage::new(Some(b"v".to_vec()), None, "orders".to_owned(), timestamp, 0, offset, headers)
    };
    (0..).zip(all).map(message).collect()
}

fn sender(trace: u32, span: u32, sampled: bool) -> Option<OwnedHeaders> {
    let flags = u8::from(sampled);
    Some(headers([("traceparent", &*format!("00-{trace:032x}-{span:016x}-{flags:02x}"))]))
}

/// Returns the span ids that the span of a batch refers to; `None` if there is no span.
#[track_caller]
fn check(all: impl IntoIterator<Item = Option<OwnedHeaders>>) -> Option<Vec<u64>> {
    let mock = MockTracer::with(|builder| {
        builder.propagator(KafkaHeaders, "instana,tracecontext".parse::<Composite>().unwrap())
    });
    let kafka = KafkaTracing::with_tracer(mock.tracer().clone());
    let consumer: TracingConsumer<rdkafka::consumer::BaseConsumer> =
        kafka.consumer(&rdkafka::ClientConfig::new()).unwrap();
    drop(consumer.batch(messages(all)));
    let spans = mock.finished_spans();
    assert!(spans.len() <= 1);
    spans.first().map(|span| references(span).into_iter().map(|(_, id)| id).collect())
}

#[test]
fn references_of_a_batch() {
    let suppressed = || Some(headers([("X_INSTANA_L_S", "0")]));
    assert_eq!(check([]), None, "no messages");
    assert_eq!(check([None, None]), Some(vec![]), "starts a trace");
    assert_eq!(check([sender(1, 2, true)]), Some(vec![2]));
    assert_eq!(
        check([sender(1, 2, true), sender(1, 2, true), sender(1, 3, true)]),
        Some(vec![2, 3]),
        "each sender once"
    );
    assert_eq!(check([None, sender(1, 2, true), None]), Some(vec![2]));
    assert_eq!(check([sender(1, 2, false), sender(3, 4, true)]), Some(vec![4]), "one sampled sender is enough");
    assert_eq!(check([sender(1, 2, false), sender(3, 4, false)]), None, "not sampled");
    assert_eq!(check([suppressed(), suppressed()]), None, "not sampled");
    assert_eq!(check([suppressed(), None]), Some(vec![]), "a message without a context starts a trace");
    let many = (1..=1_000).map(|span| sender(1, span, true));
    assert_eq!(check(many), Some((1..=128).collect()), "at most 128");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_several_topics_is_named_batch() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let (one, other) = (cluster.topic(1).await, cluster.topic(1).await);
    send(&cluster, &mock, &one, &["v"]).await;
    send(&cluster, &mock, &other, &["v"]).await;
    let (first, second) = (cluster.consumer(&mock, &one), cluster.consumer(&mock, &other));
    let messages = vec![soon(first.recv()).await.unwrap(), soon(second.recv()).await.unwrap()];
    let messages: Vec<_> = messages.into_iter().map(|message| message.into_inner()).collect();
    mock.reset();
    let failed: Result<(), &str> = first.batch(messages).handle_blocking(|| Err("full"));
    failed.unwrap_err();
    let span = span(&mock, "process");
    assert_eq!(&*span.operation_name, "process batch");
    assert_eq!(error(&span).1, "full");
    assert_eq!(tag(&span, "message_bus.destination").as_deref(), Some("batch"));
    assert_eq!(tag(&span, "messaging.destination.partition.id"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_without_a_handler_finishes_its_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1", "2"]).await;
    let consumer = cluster.consumer(&mock, &topic);
    let mut batch = collect(&consumer, 2).await;
    batch.span_mut().set_tag("late", true);
    mock.reset();
    assert_eq!(batch.into_inner().len(), 2);
    assert!(span(&mock, "process").tag("late").is_some());
    // A no-op tracer records nothing.
    let untraced = cluster.consumer_with(KafkaTracing::with_tracer(Tracer::noop()), &topic);
    let batch = collect(&untraced, 2).await;
    assert!(batch.context().is_none());
    assert_eq!(batch.handle_blocking(|| Ok::<_, Infallible>(batch.len())), Ok(2));
    assert_eq!(batch.handle(async { Ok::<_, Infallible>(batch.len()) }).await, Ok(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn trace_starts_the_span_of_a_message_received_elsewhere() {
    let mock = MockTracer::new();
    let consumer: TracingConsumer<rdkafka::consumer::BaseConsumer> =
        tracing(&mock).consumer(&rdkafka::ClientConfig::new()).unwrap();
    let message = messages([sender(10, 20, true)]).remove(0);
    consumer.trace(message).handle_blocking(|| mock.tracer().span("store").start().finish());
    mock.assert_tree(
        "
        process orders (consumer)
          store
    ",
    );
    assert_eq!(references(&span(&mock, "process"))[0].1, 20);
    assert_eq!(tag(&span(&mock, "process"), "kafka.queue_time_ms"), None);
}
