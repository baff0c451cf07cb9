//! Several attempts to handle a message, and handlers that do not end by themselves.

use std::convert::Infallible;

use futures_util::{FutureExt, StreamExt};
use opentracing_core::mock::MockTracer;
use opentracing_core::{OwnedSpan, ReferenceKind};
use opentracing_kafka::{TracingMessage, process_mut};
use rdkafka::Message;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedMessage;
use rdkafka::producer::FutureRecord;
use rdkafka::{Offset, Timestamp};

use crate::cluster::{Cluster, patience, soon, tracing};
use crate::support::{error, span, tag};

async fn send(cluster: &Cluster, mock: &MockTracer, topic: &str, payloads: &[&str]) {
    let producer = cluster.producer(mock);
    for payload in payloads {
        soon(producer.send(FutureRecord::<(), str>::to(topic).payload(payload), patience())).await.unwrap();
    }
}

/// The `process` spans in the order of their attempts.
fn attempts(mock: &MockTracer) -> Vec<OwnedSpan> {
    let mut spans = mock.finished_spans();
    spans.retain(|span| span.operation_name.starts_with("process"));
    spans.sort_by_key(|span| tag(span, "messaging.attempt").map(|number| number.parse::<u32>().unwrap()));
    spans
}

/// Checks that each attempt has its number, the same sender, and a reference to the one before.
#[track_caller]
fn check_joined(attempts: &[OwnedSpan], sender: &OwnedSpan) {
    for (index, attempt) in attempts.iter().enumerate() {
        assert_eq!(tag(attempt, "messaging.attempt"), Some((index + 1).to_string()));
        assert_eq!(attempt.parent_id, Some(sender.context.span_id()));
        let before = index.checked_sub(1).map(|before| attempts[before].context.span_id());
        let expected: Vec<_> = [sender.context.span_id()].into_iter().chain(before).collect();
        let found: Vec<_> = attempt.references.iter().map(|reference| reference.context.span_id()).collect();
        assert_eq!(found, expected);
        assert!(attempt.references.iter().all(|reference| reference.kind == ReferenceKind::FollowsFrom));
    }
}

on_both_clusters! {
    async fn each_attempt_has_a_span_that_refers_to_the_one_before(cluster: &Cluster) {
        let (mock, topic, next) = (MockTracer::new(), cluster.topic(1).await, cluster.topic(1).await);
        send(cluster, &mock, &topic, &["order"]).await;
        let sender = span(&mock, "send");
        let producer = cluster.producer(&mock);
        let consumer = cluster.consumer(&mock, &topic);
        let message = soon(consumer.recv()).await.unwrap();
        for number in 1..=3 {
            let handling = message.handle(async {
                mock.tracer().span("charge").start().finish();
                if number < 3 {
                    return Err("no answer".to_owned());
                }
                let record = FutureRecord::<(), str>::to(&next).payload("paid");
                soon(producer.send(record, patience())).await.map(drop).map_err(|(error, _)| error.to_string())
            });
            if handling.await.is_ok() {
                break;
            }
        }
        drop(message);
        mock.assert_tree(&format!("
            send {topic} (producer)
              process {topic} (consumer) !
                charge
              process {topic} (consumer) !
                charge
              process {topic} (consumer)
                charge
                send {next} (producer)
        "));
        check_joined(&attempts(&mock), &sender);
        assert_eq!(error(&attempts(&mock)[1]).1, "no answer");
    }

    async fn a_message_that_is_received_again_refers_to_the_failed_attempt(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, &["order"]).await;
        let sender = span(&mock, "send");
        let consumer = cluster.consumer(&mock, &topic);
        for _ in 0..3 {
            let message = soon(consumer.recv()).await.unwrap();
            message.handle_blocking(|| Err::<(), _>("full")).unwrap_err();
            drop(message);
            consumer.seek(&topic, 0, Offset::Offset(0), patience()).unwrap();
        }
        soon(consumer.recv()).await.unwrap().handle_blocking(|| ());
        // After a success there is nothing to join.
        consumer.seek(&topic, 0, Offset::Offset(0), patience()).unwrap();
        let last = soon(consumer.recv()).await.unwrap();
        check_joined(&attempts(&mock), &sender);
        assert_eq!(attempts(&mock).len(), 4);
        last.handle_blocking(|| ());
        assert_eq!(tag(&mock.finished_spans()[5], "messaging.attempt").as_deref(), Some("1"));
    }
}

/// A message of the topic `orders`.
fn message(offset: i64) -> OwnedMessage {
    OwnedMessage::new(Some(b"v".to_vec()), None, "orders".to_owned(), Timestamp::NotAvailable, 0, offset, None)
}

#[test]
fn attempts_of_a_message_without_a_sender_are_in_one_trace() {
    let mock = MockTracer::new();
    let consumer: opentracing_kafka::TracingConsumer<rdkafka::consumer::BaseConsumer> =
        tracing(&mock).consumer(&rdkafka::ClientConfig::new()).unwrap();
    let message = consumer.trace(message(0));
    for _ in 0..2 {
        message.handle_blocking(|| Err::<(), _>("full")).unwrap_err();
    }
    mock.assert_tree("process orders (consumer) !\n  process orders (consumer) !\n");
    // So are the attempts of a batch.
    mock.reset();
    let batch = consumer.batch(vec![consumer.trace(self::message(1)), consumer.trace(self::message(2))]);
    for _ in 0..2 {
        batch.handle_blocking(|| Err::<(), _>("full")).unwrap_err();
    }
    mock.assert_tree("process orders (consumer) !\n  process orders (consumer) !\n");
    assert_eq!(tag(&attempts(&mock)[1], "messaging.batch.message_count").as_deref(), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_of_handlers_are_told_apart_and_counted() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1", "2", "3", "4", "5"]).await;
    let consumer = cluster.consumer(&mock, &topic);
    let outcome = || {
        let span = span(&mock, "process");
        mock.reset();
        (tag(&span, "messaging.outcome"), span.is_failed)
    };
    mock.reset();

    let message = soon(consumer.recv()).await.unwrap();
    let limited = tokio::time::timeout(std::time::Duration::ZERO, message.handle(std::future::pending::<()>()));
    limited.await.unwrap_err();
    assert_eq!(outcome(), (Some("cancelled".into()), false));
    drop(message);

    let message = soon(consumer.recv()).await.unwrap().detach();
    let handling = tokio::spawn(async move { message.handle(async { panic!("out of paper") }).await });
    let ended: Result<(), _> = soon(handling).await;
    assert!(ended.unwrap_err().is_panic());
    assert_eq!(outcome(), (Some("panicked".into()), true));

    drop(soon(consumer.recv()).await.unwrap());
    assert_eq!(outcome(), (Some("unhandled".into()), false));
    soon(consumer.recv()).await.unwrap().handle(async {}).await;
    assert_eq!(outcome(), (None, false));
    let failed: Result<(), _> = soon(consumer.recv()).await.unwrap().handle(async { Err("full") }).await;
    failed.unwrap_err();
    assert_eq!(outcome(), (None, true));

    let messages = mock.tracer().stats().messages;
    assert_eq!((messages.received, messages.unhandled, messages.cancelled, messages.panicked), (5, 1, 1, 1));
    let report = mock.tracer().report().to_string();
    let expected = "5 messages received, 1 never handled in their span, 1 × handler cancelled, 1 × handler panicked";
    assert!(report.contains(expected), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_a_message_share_its_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1", "2"]).await;
    let consumer = cluster.consumer(&mock, &topic);
    mock.reset();

    let message = soon(consumer.recv()).await.unwrap();
    let mut copy = message.detach();
    assert!(copy.span_mut().context().is_none(), "the span is shared");
    let clone = copy.clone();
    copy.span().set_tag("seen", true);
    consumer.store_offset_from_message(&message).ok();
    drop(message);
    drop(clone);
    assert!(mock.finished_spans().is_empty(), "one copy is left");
    copy.span_mut().set_tag("left", true);
    copy.handle_blocking(|| drop(copy.span().set_tag("inside", true).clone()));
    let handled = span(&mock, "process");
    for key in ["seen", "left", "inside"] {
        assert_eq!(tag(&handled, key).as_deref(), Some("true"), "{key}");
    }
    // A further attempt by another copy.
    mock.reset();
    let other = copy.clone();
    other.handle_blocking(|| ());
    assert_eq!(tag(&span(&mock, "process"), "messaging.attempt").as_deref(), Some("2"));
    assert!(copy.span().is_noop());

    mock.reset();
    let message = soon(consumer.recv()).await.unwrap();
    let copies = [message.detach(), message.detach()];
    drop(message);
    drop(copies);
    assert_eq!(tag(&span(&mock, "process"), "messaging.outcome").as_deref(), Some("unhandled"));
    assert_eq!(mock.tracer().stats().messages.unhandled, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closure_that_counts_processes_a_stream() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1", "2", "3"]).await;
    let consumer = cluster.consumer(&mock, &topic);
    mock.reset();
    let mut bytes = 0;
    let handle = async |message: TracingMessage<_>| {
        let message: TracingMessage<rdkafka::message::BorrowedMessage<'_>> = message;
        bytes += message.payload().map_or(0, <[u8]>::len);
        mock.tracer().span("store").start().finish();
        Ok::<_, KafkaError>(())
    };
    soon(process_mut(consumer.stream().take(3), handle)).await.unwrap();
    assert_eq!(bytes, 3);
    assert_eq!(mock.tree(), format!("process {topic} (consumer)\n  store\n").repeat(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_is_never_polled_is_no_attempt() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1"]).await;
    let consumer = cluster.consumer(&mock, &topic);
    let message = soon(consumer.recv()).await.unwrap();
    drop(message.handle(std::future::pending::<Result<(), Infallible>>()));
    assert!(message.handle(async {}).now_or_never().is_some());
    assert_eq!(tag(&span(&mock, "process"), "messaging.attempt").as_deref(), Some("1"));
}
