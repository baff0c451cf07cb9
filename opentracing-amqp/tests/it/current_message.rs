//! Programs that handle deliveries in a loop, as lapin's examples do.

use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicPublishOptions, QueueDeleteOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, message::DeliveryResult};
use opentracing_amqp::{AmqpChannel, TracingChannel};
use opentracing_core::InSpan;
use opentracing_core::mock::MockTracer;
use tokio::sync::mpsc;

use crate::support::{Broker, check_outcome, check_tags, next, tag};

async fn send(channel: &impl AmqpChannel, queue: &ShortString) {
    let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
    channel.basic_publish("".into(), queue.clone(), options, b"", properties).await.unwrap().await.unwrap();
}

/// Deletes the queue, so that its consumer ends.
async fn delete(channel: &TracingChannel, queue: &ShortString) {
    channel.queue_delete(queue.clone(), QueueDeleteOptions::default()).await.unwrap();
}

#[tokio::test]
async fn what_a_loop_publishes_is_below_its_message() {
    let Some(broker) = Broker::open().await else { return };
    let (orders, parcels) = (broker.queue().await, broker.queue().await);
    for _ in 0..2 {
        broker.publish(&orders, b"").await;
    }
    let mut consumer = broker.consume(&orders).await;
    for number in 0..2 {
        let delivery = consumer.next().await.unwrap().unwrap();
        if number == 0 {
            delivery.ack(BasicAckOptions::default()).await.unwrap();
            send(&broker.channel, &parcels).await;
        } else {
            send(&broker.channel, &parcels).await;
            broker.mock.tracer().span("store").start().finish();
            delivery.ack(BasicAckOptions::default()).await.unwrap();
        }
    }
    // After the loop, nothing is handled.
    send(&broker.channel, &parcels).await;
    broker.mock.assert_tree(&format!(
        "
        publish {orders} (producer)
          process {orders} (consumer)
            publish {parcels} (producer)
        publish {orders} (producer)
          process {orders} (consumer)
            publish {parcels} (producer)
            store
        publish {parcels} (producer)
    "
    ));
    // Of the first one, it was not known when it was settled.
    let outcomes: Vec<_> = broker.spans("process").iter().map(|span| tag(span, "messaging.outcome")).collect();
    assert_eq!(outcomes, ["unhandled", ""]);
    assert_eq!(broker.mock.tracer().stats().messages.unhandled, 1);
}

#[tokio::test]
async fn what_follows_a_get_is_below_its_message() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    let message = broker.channel.basic_get(queue.clone(), BasicGetOptions::default()).await.unwrap().unwrap();
    broker.mock.tracer().span("store").start().finish();
    message.ack(BasicAckOptions::default()).await.unwrap();
    drop(message);
    broker.mock.tracer().span("later").start().finish();
    broker.mock.assert_tree(&format!("publish {queue} (producer)\n  process {queue} (consumer)\n    store\nlater"));
}

#[tokio::test]
async fn other_tasks_and_several_messages_have_no_current_message() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let mut consumer = broker.consume(&queue).await;
    let tracer = broker.mock.tracer();
    broker.publish(&queue, b"").await;
    let first = next(&mut consumer).await;
    let spawned = tracer.clone();
    tokio::spawn(async move { spawned.span("task").start().finish() }).await.unwrap();
    broker.publish_plain(&queue, b"", BasicProperties::default()).await;
    let second = next(&mut consumer).await;
    tracer.span("both").start().finish();
    assert_eq!(broker.mock.span("task").parent_id, None);
    assert_eq!(broker.mock.span("both").parent_id, None);
    for delivery in [first, second] {
        delivery.ack(BasicAckOptions::default()).await.unwrap();
    }
}

#[tokio::test]
async fn without_current_message_a_loop_starts_new_traces() {
    let Some(broker) = Broker::with(MockTracer::new(), |connection| connection.without_current_message()).await else {
        return;
    };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    let delivery = next(&mut broker.consume(&queue).await).await;
    broker.mock.tracer().span("store").start().finish();
    delivery.ack(BasicAckOptions::default()).await.unwrap();
    assert_eq!(broker.mock.span("store").parent_id, None);
    check_tags(&broker.span("process"), &[("messaging.outcome", "unhandled")]);
}

#[tokio::test]
async fn lapins_delegates_run_in_the_span() {
    let Some(broker) = Broker::open().await else { return };
    let (orders, parcels) = (broker.queue().await, broker.queue().await);
    let consumer = broker.consume(&orders).await;
    let (done, mut results) = mpsc::unbounded_channel();
    let channel = broker.channel.clone();
    let to = parcels.clone();
    consumer.set_delegate(move |delivery: DeliveryResult| {
        let (channel, parcels, done) = (channel.clone(), to.clone(), done.clone());
        async move {
            if let Ok(Some(delivery)) = delivery {
                send(&channel, &parcels).await;
                delivery.ack(BasicAckOptions::default()).await.unwrap();
            }
            done.send(()).unwrap();
        }
    });
    broker.publish(&orders, b"").await;
    results.recv().await.unwrap();
    delete(&broker.channel, &orders).await;
    results.recv().await.unwrap();
    while broker.spans("process").is_empty() {
        tokio::task::yield_now().await;
    }
    broker.mock.assert_tree(&format!(
        "publish {orders} (producer)\n  process {orders} (consumer)\n    publish {parcels} (producer)"
    ));
    check_outcome(&broker.span("process"), "settled", None);
    let counted = broker.mock.tracer().stats().messages;
    assert_eq!((counted.received, counted.unhandled, counted.consumers_cancelled), (1, 0, 1));
}

#[tokio::test]
async fn lapins_own_channel_is_counted() {
    async fn plain(channel: &Channel, queue: &ShortString) {
        send(channel, queue).await;
    }
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let bypassed = || broker.mock.tracer().stats().messages.bypassed;
    assert_eq!(bypassed(), 0, "the methods of lapin are methods of the traced channel");
    plain(&broker.channel, &queue).await;
    assert_eq!(bypassed(), 1);
    drop(broker.connection.get_ref().create_channel().await.unwrap());
    assert_eq!(bypassed(), 2);
    assert_eq!(broker.mock.finished_spans().len(), 0);
    let report = broker.mock.tracer().report().to_string();
    assert!(report.contains("2 × untraced client taken out of a traced one"), "{report}");
}

#[tokio::test]
async fn errors_and_cancellations_of_consumers_are_counted() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let mut consumer = broker.consume(&queue).await;
    delete(&broker.channel, &queue).await;
    assert!(consumer.next().await.is_none());
    let counted = broker.mock.tracer().stats().messages;
    assert_eq!((counted.consumers_cancelled, counted.receive_failed), (1, 0));
    let queue = broker.queue().await;
    let mut consumer = broker.consume(&queue).await;
    // An unknown delivery tag closes the channel.
    broker.channel.basic_ack(77, BasicAckOptions::default()).await.unwrap();
    let waiting = async { consumer.next().await.unwrap().is_err() };
    assert!(waiting.in_span(broker.mock.tracer().span("loop").start()).await);
    let mut spans = broker.mock.finished_spans();
    spans.retain(|span| &*span.operation_name == "loop");
    assert!(!spans[0].is_failed);
    assert_eq!(spans[0].logs[0].field("event"), Some("receive_failed".into()));
    assert_eq!(spans[0].logs[0].field("error.kind"), Some("precondition_failed".into()));
    assert!(consumer.next().await.is_none());
    let counted = broker.mock.tracer().stats().messages;
    assert_eq!((counted.consumers_cancelled, counted.receive_failed), (2, 1));
    assert!(broker.mock.tracer().report().to_string().contains("1 × receiving failed"));
}
