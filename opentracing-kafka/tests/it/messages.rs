//! The handling of messages in their spans.

use std::convert::Infallible;

use futures_util::{FutureExt, StreamExt};
use opentracing_core::mock::MockTracer;
use opentracing_kafka::{TracingMessage, process};
use rdkafka::Message;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedMessage;
use rdkafka::producer::FutureRecord;

use crate::cluster::{Cluster, patience, soon};
use crate::support::{error, span};

async fn send(cluster: &Cluster, mock: &MockTracer, topic: &str, payloads: &[&str]) {
    let producer = cluster.producer(mock);
    for payload in payloads {
        soon(producer.send(FutureRecord::<(), str>::to(topic).payload(payload), patience())).await.unwrap();
    }
}

on_both_clusters! {
    async fn what_runs_in_the_span_is_its_child(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, &["1", "2", "3", "4"]).await;
        let consumer = cluster.consumer(&mock, &topic);
        mock.reset();

        let first = soon(consumer.recv()).await.unwrap();
        let handling = async {
            tokio::task::yield_now().await;
            mock.tracer().span("store").tag("bytes", first.payload().map_or(0, <[u8]>::len)).start().finish();
        };
        first.in_span(handling).await;
        // It has finished, though the message is still here.
        assert!(mock.tree().starts_with(&format!("process {topic} (consumer)\n  store\n")), "{}", mock.tree());
        consumer.commit_message(&first, CommitMode::Sync).unwrap();

        let second = soon(consumer.recv()).await.unwrap();
        second.in_scope(|| mock.tracer().span("store").start().finish());
        let third = soon(consumer.recv()).await.unwrap();
        third.process(async { third.payload().map(drop).ok_or("empty") }).await.unwrap();
        let mut fourth = soon(consumer.recv()).await.unwrap();
        fourth.span_mut().set_tag("seen", true);
        drop(fourth);
        // In the order of sending, whose spans are gone: four traces.
        let process = format!("process {topic} (consumer)\n");
        assert_eq!(mock.tree(), format!("{process}  store\n{process}  store\n{process}{process}"));
        assert!(mock.finished_spans().last().unwrap().tag("seen").is_some());
        // A span is used once.
        third.in_scope(|| mock.tracer().span("late").start().finish());
        assert!(mock.tree().ends_with("\nlate\n"));
    }

    async fn a_detached_message_takes_its_span_along(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, &["paid"]).await;
        let consumer = cluster.consumer(&mock, &topic);
        let message: TracingMessage<OwnedMessage> = soon(consumer.recv()).await.unwrap().detach();
        drop(consumer);
        let tracer = mock.tracer().clone();
        assert_eq!(mock.finished_spans().len(), 1);
        let handling = tokio::spawn(async move {
            let store = async {
                tracer.span("store").start().finish();
                assert_eq!(message.payload(), Some(&b"paid"[..]));
                Ok::<_, Infallible>(())
            };
            message.process(store).await
        });
        soon(handling).await.unwrap().unwrap();
        mock.assert_tree(&format!("
            send {topic} (producer)
              process {topic} (consumer)
                store
        "));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_handlers_are_told_and_handed_on() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1", "2"]).await;
    let consumer = cluster.consumer(&mock, &topic);
    mock.reset();
    let message = soon(consumer.recv()).await.unwrap();
    let failed: Result<(), _> = message.process(async { Err("no such account") }).await;
    assert_eq!(failed, Err("no such account"));
    let failed_span = span(&mock, "process");
    assert!(failed_span.is_failed);
    assert_eq!(error(&failed_span), (String::new(), "no such account".into()));

    mock.reset();
    let message = soon(consumer.recv()).await.unwrap();
    let failed: Result<(), _> = message.process_blocking(|| Err("no such account"));
    failed.unwrap_err();
    assert_eq!(error(&span(&mock, "process")).1, "no such account");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_ends_the_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1"]).await;
    let message = soon(cluster.consumer(&mock, &topic).recv()).await.unwrap().detach();
    mock.reset();
    let handling = tokio::spawn(async move { message.process(async { panic!("out of paper") }).await });
    let result: Result<Result<(), Infallible>, _> = soon(handling).await;
    assert!(result.unwrap_err().is_panic());
    assert!(span(&mock, "process").is_failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_is_dropped_ends_the_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1"]).await;
    let consumer = cluster.consumer(&mock, &topic);
    let message = soon(consumer.recv()).await.unwrap();
    mock.reset();
    let mut handling = Box::pin(message.process(std::future::pending::<Result<(), Infallible>>()));
    assert!(handling.as_mut().now_or_never().is_none());
    assert!(mock.finished_spans().is_empty());
    drop(handling);
    assert!(!span(&mock, "process").is_failed);
}

/// What a handler of the test says.
#[derive(Debug)]
enum Failure {
    Kafka(KafkaError),
    Declined,
}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Self {
        Failure::Kafka(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Kafka(error) => error.fmt(f),
            Failure::Declined => f.write_str("declined"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_processed_until_something_fails() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["pay", "pay", "decline", "pay"]).await;
    mock.reset();
    let consumer = cluster.consumer(&mock, &topic);
    let tracer = mock.tracer().clone();
    // In a task of its own, as consumers run.
    let task = tokio::spawn(async move {
        let mut stream = consumer.stream();
        let handle = async |order: TracingMessage<_>| {
            let order: TracingMessage<rdkafka::message::BorrowedMessage<'_>> = order;
            tracer.span("charge").start().finish();
            if order.payload() == Some(b"decline") { Err(Failure::Declined) } else { Ok(()) }
        };
        let declined = process(&mut stream, handle).await.unwrap_err();
        // The stream goes on behind it.
        let rest = process(stream.by_ref().take(1), async |_| Ok::<_, Failure>(())).await;
        (declined, rest)
    });
    let (declined, rest) = soon(task).await.unwrap();
    assert!(matches!(declined, Failure::Declined));
    rest.unwrap();
    let handled = format!("process {topic} (consumer)");
    assert_eq!(mock.tree(), format!("{handled}\n  charge\n{handled}\n  charge\n{handled} !\n  charge\n{handled}\n"));
    let failures = futures_util::stream::iter([Err::<TracingMessage<OwnedMessage>, _>(KafkaError::Canceled)]);
    let failed = process(failures, async |_| Ok::<_, Failure>(())).await.unwrap_err();
    assert!(matches!(failed, Failure::Kafka(KafkaError::Canceled)));
}
