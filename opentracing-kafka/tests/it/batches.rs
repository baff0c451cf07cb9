//! One span for several messages.

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

/// That many messages, received by the consumer inside.
async fn collect<'c>(
    consumer: &'c TracingConsumer<StreamConsumer>,
    messages: usize,
) -> TracingBatch<BorrowedMessage<'c>> {
    let messages = consumer.get_ref().stream().take(messages).try_collect::<Vec<_>>();
    consumer.batch(soon(messages).await.unwrap())
}

on_both_clusters! {
    async fn a_batch_follows_from_each_sender(cluster: &Cluster) {
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
        batch.process(store).await.unwrap();
        let span = span(&mock, "process");
        assert_eq!(*span.operation_name, *format!("process {topic}"));
        let follows = ReferenceKind::FollowsFrom;
        assert_eq!(references(&span), [(follows, 1), (follows, 2), (follows, 3)]);
        assert_eq!(tag(&span, "messaging.batch.message_count").as_deref(), Some("3"));
        assert_eq!(tag(&span, "messaging.message.body.size").as_deref(), Some("6"));
        assert_eq!(tag(&span, "messaging.destination.partition.id").as_deref(), Some("0"));
        assert_eq!(tag(&span, "messaging.kafka.offset"), None);
        // The trace of the first, where what was done is below the batch.
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

/// Messages as if they had come, one for each list of headers.
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

/// The references of the one span of a batch, by span id; `None` if there is no span.
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
fn what_a_batch_follows_from() {
    let suppressed = || Some(headers([("X_INSTANA_L_S", "0")]));
    assert_eq!(check([]), None, "no messages, no span");
    assert_eq!(check([None, None]), Some(vec![]), "a trace begins");
    assert_eq!(check([sender(1, 2, true)]), Some(vec![2]));
    assert_eq!(check([sender(1, 2, true), sender(1, 2, true), sender(1, 3, true)]), Some(vec![2, 3]), "each once");
    assert_eq!(check([None, sender(1, 2, true), None]), Some(vec![2]));
    assert_eq!(check([sender(1, 2, false), sender(3, 4, true)]), Some(vec![4]), "one that is kept keeps the batch");
    assert_eq!(check([sender(1, 2, false), sender(3, 4, false)]), None, "suppressed");
    assert_eq!(check([suppressed(), suppressed()]), None, "suppressed");
    assert_eq!(check([suppressed(), None]), Some(vec![]), "a message without a context is not suppressed");
    let many = (1..=1_000).map(|span| sender(1, span, true));
    assert_eq!(check(many), Some((1..=128).collect()), "at most 128");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_several_topics_names_none() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let (one, other) = (cluster.topic(1).await, cluster.topic(1).await);
    send(&cluster, &mock, &one, &["v"]).await;
    send(&cluster, &mock, &other, &["v"]).await;
    let (first, second) = (cluster.consumer(&mock, &one), cluster.consumer(&mock, &other));
    let messages = vec![soon(first.recv()).await.unwrap(), soon(second.recv()).await.unwrap()];
    let messages: Vec<_> = messages.into_iter().map(|message| message.into_inner()).collect();
    mock.reset();
    let failed: Result<(), &str> = first.batch(messages).process_blocking(|| Err("full"));
    failed.unwrap_err();
    let span = span(&mock, "process");
    assert_eq!(&*span.operation_name, "process batch");
    assert_eq!(error(&span).1, "full");
    assert_eq!(tag(&span, "message_bus.destination").as_deref(), Some("batch"));
    assert_eq!(tag(&span, "messaging.destination.partition.id"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_nobody_handles_ends_its_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1", "2"]).await;
    let consumer = cluster.consumer(&mock, &topic);
    let mut batch = collect(&consumer, 2).await;
    batch.span_mut().set_tag("late", true);
    mock.reset();
    assert_eq!(batch.into_inner().len(), 2);
    assert!(span(&mock, "process").tag("late").is_some());
    // Nothing is recorded without a tracer.
    let untraced = cluster.consumer_with(KafkaTracing::with_tracer(Tracer::noop()), &topic);
    let batch = collect(&untraced, 2).await;
    assert!(batch.context().is_none());
    assert_eq!(batch.in_scope(|| batch.len()), 2);
    assert_eq!(batch.in_span(async { batch.len() }).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_another_way_gets_its_span() {
    let mock = MockTracer::new();
    let consumer: TracingConsumer<rdkafka::consumer::BaseConsumer> =
        tracing(&mock).consumer(&rdkafka::ClientConfig::new()).unwrap();
    let message = messages([sender(10, 20, true)]).remove(0);
    consumer.trace(message).in_scope(|| mock.tracer().span("store").start().finish());
    mock.assert_tree(
        "
        process orders (consumer)
          store
    ",
    );
    assert_eq!(references(&span(&mock, "process"))[0].1, 20);
    assert_eq!(tag(&span(&mock, "process"), "kafka.queue_time_ms"), None);
}
