//! Confirms that the program looks at late, or not at all.

use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Confirmation};
use opentracing_amqp::{ChannelExt, TracingPublisherConfirm};
use tokio::time::timeout;

use crate::support::{Broker, check_outcome, check_tags, long, tag, unique_name};

const MANDATORY: BasicPublishOptions = BasicPublishOptions { mandatory: true, immediate: false };

async fn confirming() -> Option<Broker> {
    let broker = Broker::open().await?;
    broker.channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    Some(broker)
}

/// Publishes a message and keeps its confirm.
async fn publish(broker: &Broker, queue: &ShortString, body: &[u8]) -> TracingPublisherConfirm {
    let publish = broker.channel.basic_publish("".into(), queue.clone(), MANDATORY, body, BasicProperties::default());
    publish.await.unwrap()
}

/// Waits until so many spans have finished.
async fn finished(broker: &Broker, spans: usize) {
    let finished = async {
        while broker.spans("publish").len() < spans {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(60), finished).await.unwrap();
}

/// Waits for an answer of the broker that it sends after all confirms. Then a second passes.
async fn a_second_after_the_answers(broker: &Broker) {
    publish(broker, &broker.queue().await, b"last").await.await.unwrap();
    broker.channel.queue_declare("".into(), QueueDeclareOptions::default(), FieldTable::default()).await.unwrap();
    broker.mock.clock().advance(Duration::from_secs(1));
}

#[tokio::test]
async fn a_confirm_that_is_awaited_late_ends_when_the_broker_answered() {
    let Some(broker) = confirming().await else { return };
    let (queue, nowhere) = (broker.queue().await, unique_name());
    let first = publish(&broker, &queue, b"1").await;
    // lapin gives a returned message to the confirm that is answered next, so the first one must be answered. A queue answers in order.
    publish(&broker, &queue, b"between").await.await.unwrap();
    let second = publish(&broker, &nowhere, b"2").await;
    a_second_after_the_answers(&broker).await;
    assert_eq!(first.await.unwrap(), Confirmation::Ack(None));
    assert_eq!(second.await.unwrap().take_message().unwrap().data, b"2");
    let spans = broker.spans("publish");
    check_outcome(&spans[0], "ack", None);
    check_outcome(&spans[2], "returned", Some("returned"));
    assert!(spans.iter().all(|span| span.duration() < Duration::from_secs(1)), "{spans:?}");
}

#[tokio::test]
async fn wait_for_confirms_finishes_the_spans_of_dropped_confirms() {
    let Some(broker) = confirming().await else { return };
    let arguments = [("x-max-length", AMQPValue::LongInt(1)), ("x-overflow", long("reject-publish"))];
    let (queue, full, nowhere) = (broker.queue().await, broker.queue_with(&arguments).await, unique_name());
    let messages = [(&queue, b"1"), (&nowhere, b"2"), (&full, b"3"), (&full, b"4"), (&nowhere, b"5")];
    for (number, (queue, body)) in messages.into_iter().enumerate() {
        drop(publish(&broker, queue, body).await);
        // lapin gives a returned message to the confirm that is answered next, so only one waits at a time.
        finished(&broker, number + 1).await;
    }
    let returned = broker.channel.wait_for_confirms().await.unwrap();
    let bodies: Vec<_> = returned.iter().map(|message| message.data.clone()).collect();
    assert_eq!(bodies, [b"2", b"5"]);
    assert_eq!(returned[0].reply_code, 312);
    let spans = broker.spans("publish");
    check_outcome(&spans[0], "ack", None);
    check_outcome(&spans[1], "returned", Some("returned"));
    check_tags(&spans[1], &[("rabbitmq.reply_code", "312")]);
    check_outcome(&spans[2], "ack", None);
    check_outcome(&spans[3], "nack", Some("nack"));
    check_outcome(&spans[4], "returned", Some("returned"));
    assert!(broker.channel.wait_for_confirms().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_dropped_confirm_ends_with_the_answer_although_nobody_looks() {
    let Some(broker) = confirming().await else { return };
    let queue = broker.queue().await;
    drop(publish(&broker, &queue, b"").await);
    finished(&broker, 1).await;
    check_outcome(&broker.span("publish"), "ack", None);
}

#[tokio::test]
async fn a_confirm_that_is_dropped_after_the_answer_ends_with_the_answer() {
    let Some(broker) = confirming().await else { return };
    let nowhere = unique_name();
    let confirm = publish(&broker, &nowhere, b"lost").await;
    a_second_after_the_answers(&broker).await;
    drop(confirm);
    let span = broker.spans("publish").remove(0);
    check_outcome(&span, "returned", Some("returned"));
    assert!(span.duration() < Duration::from_secs(1), "{span:?}");
    assert_eq!(broker.channel.wait_for_confirms().await.unwrap()[0].data, b"lost");
}

#[tokio::test]
async fn an_error_of_the_channel_ends_dropped_confirms() {
    let Some(broker) = confirming().await else { return };
    let publish =
        broker.channel.basic_publish("no-such-exchange".into(), "a".into(), MANDATORY, b"", BasicProperties::default());
    drop(publish.await.unwrap());
    assert!(broker.channel.wait_for_confirms().await.is_err());
    let span = broker.span("publish");
    check_outcome(&span, "", Some("not_found"));
    check_tags(&span, &[("rabbitmq.reply_code", "404")]);
}

#[tokio::test]
async fn dropping_confirm_and_channel_ends_the_span() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let channel = broker.connection.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let publish = channel.basic_publish("".into(), queue, MANDATORY, b"", BasicProperties::default());
    drop(publish.await.unwrap());
    drop(channel);
    // The broker may have answered before the channel was dropped.
    assert!(["ack", "unconfirmed"].contains(&&*tag(&broker.span("publish"), "rabbitmq.outcome")));
    assert_eq!(broker.mock.tracer().stats().open(), 0);
}

#[tokio::test]
async fn lapins_own_channel_keeps_the_confirm() {
    let Some(broker) = confirming().await else { return };
    let (plain, tracer) = (broker.channel.get_ref(), broker.mock.tracer());
    let (nowhere, properties) = (unique_name(), BasicProperties::default());
    drop(plain.basic_publish_traced(tracer, "".into(), nowhere, MANDATORY, b"lost", properties).await.unwrap());
    check_outcome(&broker.span("publish"), "unconfirmed", None);
    assert_eq!(plain.wait_for_confirms().await.unwrap()[0].data, b"lost");
}
