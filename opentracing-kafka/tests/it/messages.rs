//! Handlers that run in the span of their message.

use std::convert::Infallible;

use futures_util::{FutureExt, StreamExt};
// `handle` has to work where this trait is imported, whose `in_span` every type has.
use opentracing_core::InSpan;
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
    async fn spans_of_handlers_are_children(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, &["1", "2", "3", "4"]).await;
        let consumer = cluster.consumer(&mock, &topic);
        mock.reset();

        let first = soon(consumer.recv()).await.unwrap();
        let handling = async {
            tokio::task::yield_now().await;
            mock.tracer().span("store").tag("bytes", first.payload().map_or(0, <[u8]>::len)).start().finish();
        };
        first.handle(handling).await;
        // The span has finished although the message still exists.
        assert!(mock.tree().starts_with(&format!("process {topic} (consumer)\n  store\n")), "{}", mock.tree());
        consumer.commit_message(&first, CommitMode::Sync).unwrap();

        let second = soon(consumer.recv()).await.unwrap();
        second.handle_blocking(|| mock.tracer().span("store").start().finish());
        let third = soon(consumer.recv()).await.unwrap();
        third.handle(async { third.payload().map(drop).ok_or("empty") }).await.unwrap();
        let mut fourth = soon(consumer.recv()).await.unwrap();
        fourth.span_mut().set_tag("seen", true);
        drop(fourth);
        // Four traces in the order of sending. The spans of the senders were reset.
        let process = format!("process {topic} (consumer)\n");
        assert_eq!(mock.tree(), format!("{process}  store\n{process}  store\n{process}{process}"));
        assert!(mock.finished_spans().last().unwrap().tag("seen").is_some());
        // A further attempt has a span of its own.
        third.handle_blocking(|| mock.tracer().span("again").start().finish());
        assert!(mock.tree().contains(&format!("process {topic} (consumer)\n  again\n")), "{}", mock.tree());
    }

    async fn a_detached_message_keeps_its_span(cluster: &Cluster) {
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
            message.handle(store).await
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
async fn errors_of_handlers_are_recorded_and_returned() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1", "2"]).await;
    let consumer = cluster.consumer(&mock, &topic);
    mock.reset();
    let message = soon(consumer.recv()).await.unwrap();
    let failed: Result<(), _> = message.handle(async { Err("no such account") }).await;
    assert_eq!(failed, Err("no such account"));
    let failed_span = span(&mock, "process");
    assert!(failed_span.is_failed);
    assert_eq!(error(&failed_span), ("handler".into(), "no such account".into()));

    mock.reset();
    let message = soon(consumer.recv()).await.unwrap();
    let failed: Result<(), _> = message.handle_blocking(|| Err("no such account"));
    failed.unwrap_err();
    assert_eq!(error(&span(&mock, "process")).1, "no such account");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_fails_the_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1"]).await;
    let message = soon(cluster.consumer(&mock, &topic).recv()).await.unwrap().detach();
    mock.reset();
    let handling = tokio::spawn(async move { message.handle(async { panic!("out of paper") }).await });
    let result: Result<Result<(), Infallible>, _> = soon(handling).await;
    assert!(result.unwrap_err().is_panic());
    assert!(span(&mock, "process").is_failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_is_dropped_finishes_the_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1"]).await;
    let consumer = cluster.consumer(&mock, &topic);
    let message = soon(consumer.recv()).await.unwrap();
    mock.reset();
    let mut handling = Box::pin(message.handle(std::future::pending::<Result<(), Infallible>>()));
    assert!(handling.as_mut().now_or_never().is_none());
    assert!(mock.finished_spans().is_empty());
    drop(handling);
    assert!(!span(&mock, "process").is_failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn handle_combines_with_in_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1"]).await;
    let message = soon(cluster.consumer(&mock, &topic).recv()).await.unwrap().detach();
    mock.reset();
    let store = async { mock.tracer().span("store").start().finish() };
    message.handle(store).in_span(mock.tracer().span("loop").start()).await;
    mock.assert_tree(&format!("process {topic} (consumer)\n  store\nloop\n"));
}

/// The error of a handler.
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
    // Spawned as a task, which shows that the future is `Send`.
    let task = tokio::spawn(async move {
        let mut stream = consumer.stream();
        let handle = async |order: TracingMessage<_>| {
            let order: TracingMessage<rdkafka::message::BorrowedMessage<'_>> = order;
            tracer.span("charge").start().finish();
            if order.payload() == Some(b"decline") { Err(Failure::Declined) } else { Ok(()) }
        };
        let declined = process(&mut stream, handle).await.unwrap_err();
        // The stream continues after the failed message.
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
