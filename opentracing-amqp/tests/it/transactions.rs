//! Transactions of AMQP.

use std::time::Duration;

use lapin::BasicProperties;
use lapin::options::{BasicGetOptions, BasicPublishOptions};
use lapin::types::ShortString;
use opentracing_core::SpanKind;

use crate::support::{Broker, check_outcome, check_tags, tag};

async fn publish(broker: &Broker, queue: &ShortString, bodies: &[&[u8]]) {
    for body in bodies {
        let options = BasicPublishOptions::default();
        let confirm =
            broker.channel.basic_publish("".into(), queue.clone(), options, body, BasicProperties::default()).await;
        confirm.unwrap().await.unwrap();
    }
}

#[tokio::test]
async fn messages_are_committed_or_rolled_back() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.channel.tx_select().await.unwrap();
    publish(&broker, &queue, &[b"1", b"2"]).await;
    assert_eq!(broker.spans("publish").len(), 0, "the broker has not committed");
    broker.channel.tx_commit().await.unwrap();
    publish(&broker, &queue, &[b"3"]).await;
    broker.channel.tx_rollback().await.unwrap();
    publish(&broker, &queue, &[b"4"]).await;
    broker.channel.tx_commit().await.unwrap();
    let outcomes: Vec<_> = broker.spans("publish").iter().map(|span| tag(span, "rabbitmq.outcome")).collect();
    assert_eq!(outcomes, ["committed", "committed", "rolled_back", "committed"]);
    assert!(broker.spans("publish").iter().all(|span| !span.is_failed));
    for (operation, messages) in [("commit", "2"), ("rollback", "1")] {
        let span = broker.mock.finished_spans().into_iter().find(|span| *span.operation_name == *operation).unwrap();
        assert_eq!((span.kind, span.is_failed), (SpanKind::Client, false));
        let expected = [
            ("component", "lapin"),
            ("messaging.operation.name", operation),
            ("messaging.operation.type", "settle"),
            ("messaging.batch.message_count", messages),
            ("peer.service", "rabbitmq"),
        ];
        check_tags(&span, &expected);
    }
    let mut bodies = Vec::new();
    while let Some(message) =
        broker.channel.get_ref().basic_get(queue.clone(), BasicGetOptions::default()).await.unwrap()
    {
        bodies.push(message.data.clone());
    }
    assert_eq!(bodies, [b"1", b"2", b"4"]);
}

#[tokio::test]
async fn the_span_of_a_message_ends_before_the_commit() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.channel.tx_select().await.unwrap();
    publish(&broker, &queue, &[b"1"]).await;
    broker.mock.clock().advance(Duration::from_secs(1));
    broker.channel.tx_commit().await.unwrap();
    let span = broker.span("publish");
    check_outcome(&span, "committed", None);
    assert!(span.duration() < Duration::from_secs(1), "{span:?}");
}

/// The broker may have committed.
#[tokio::test]
async fn a_commit_that_is_dropped_leaves_its_messages_unconfirmed() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.channel.tx_select().await.unwrap();
    publish(&broker, &queue, &[b"1"]).await;
    {
        let mut commit = std::pin::pin!(broker.channel.tx_commit());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(commit.as_mut().poll(&mut context).is_pending());
    }
    check_outcome(&broker.span("publish"), "unconfirmed", None);
    let commit = broker.mock.finished_spans().into_iter().find(|span| &*span.operation_name == "commit").unwrap();
    check_outcome(&commit, "unconfirmed", None);
}

#[tokio::test]
async fn a_commit_that_fails_fails_its_messages() {
    let Some(broker) = Broker::open().await else { return };
    broker.channel.tx_select().await.unwrap();
    let publish = broker.channel.basic_publish(
        "no-such-exchange".into(),
        "a".into(),
        BasicPublishOptions::default(),
        b"",
        BasicProperties::default(),
    );
    publish.await.unwrap().await.unwrap();
    assert!(broker.channel.tx_commit().await.is_err());
    assert!(broker.span("publish").is_failed);
    assert!(broker.mock.span("commit").is_failed);
}

#[tokio::test]
async fn an_open_transaction_is_rolled_back_with_the_channel() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let channel = broker.connection.create_channel().await.unwrap();
    channel.tx_select().await.unwrap();
    let publish =
        channel.basic_publish("".into(), queue, BasicPublishOptions::default(), b"", BasicProperties::default());
    publish.await.unwrap().await.unwrap();
    drop(channel);
    check_outcome(&broker.span("publish"), "rolled_back", None);
}
