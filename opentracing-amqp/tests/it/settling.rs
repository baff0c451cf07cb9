//! How the span of a delivery finishes.

use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions, BasicRejectOptions};
use opentracing_amqp::TracingDelivery;

use crate::support::{Broker, check_outcome, check_tags, next, tag};

const ONE: BasicAckOptions = BasicAckOptions { multiple: false };
const ALL: BasicAckOptions = BasicAckOptions { multiple: true };

/// Returns this many unsettled deliveries.
async fn deliveries(broker: &Broker, count: usize) -> Vec<TracingDelivery> {
    let queue = broker.queue().await;
    let mut consumer = broker.consume(&queue).await;
    let mut deliveries = Vec::new();
    for number in 0..count {
        broker.publish(&queue, number.to_string().as_bytes()).await;
        deliveries.push(next(&mut consumer).await);
    }
    broker.mock.reset();
    deliveries
}

/// The outcomes of the spans that finished since the deliveries were received, in the order of their start.
fn outcomes(broker: &Broker) -> Vec<String> {
    broker.spans("process").iter().map(|span| tag(span, "rabbitmq.outcome")).collect()
}

#[tokio::test]
async fn records_nack_and_reject() {
    let Some(broker) = Broker::open().await else { return };
    for requeue in [false, true] {
        let delivery = deliveries(&broker, 1).await.remove(0);
        assert!(delivery.nack(BasicNackOptions { requeue, multiple: false }).await.unwrap());
        check_outcome(&broker.span("process"), "nack", Some("nack"));
        check_tags(&broker.span("process"), &[("rabbitmq.requeue", &requeue.to_string())]);

        let delivery = deliveries(&broker, 1).await.remove(0);
        assert!(delivery.reject(BasicRejectOptions { requeue }).await.unwrap());
        check_outcome(&broker.span("process"), "reject", Some("reject"));
        check_tags(&broker.span("process"), &[("rabbitmq.requeue", &requeue.to_string())]);
    }
}

#[tokio::test]
async fn records_that_a_delivery_was_dropped() {
    let Some(broker) = Broker::open().await else { return };
    drop(deliveries(&broker, 1).await);
    let span = broker.span("process");
    check_outcome(&span, "dropped", None);
    assert_eq!(span.logs[0].field("message"), Some("the delivery was dropped without being settled".into()));
}

#[tokio::test]
async fn records_no_outcome_with_no_ack() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"1").await;
    broker.publish(&queue, b"2").await;
    let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    drop(broker.channel.basic_get(queue.clone(), BasicGetOptions { no_ack: true }).await.unwrap().unwrap());
    drop(next(&mut broker.consume_with(&queue, no_ack).await).await);
    let spans = broker.spans("process");
    assert_eq!(spans.len(), 2);
    for span in spans {
        check_outcome(&span, "", None);
        assert_eq!(span.logs, []);
    }
}

#[tokio::test]
async fn records_that_a_clone_of_the_acker_settled_it() {
    let Some(broker) = Broker::open().await else { return };
    let delivery = deliveries(&broker, 1).await.remove(0);
    let acker = delivery.acker.clone();
    assert!(acker.ack(ONE).await.unwrap());
    assert_eq!(outcomes(&broker), [""; 0]);
    assert!(!delivery.ack(ONE).await.unwrap());
    drop(delivery);
    assert_eq!(outcomes(&broker), ["settled"]);
}

#[tokio::test]
async fn finishes_once_if_settled_repeatedly() {
    let Some(broker) = Broker::open().await else { return };
    let delivery = deliveries(&broker, 1).await.remove(0);
    assert!(delivery.ack(ONE).await.unwrap());
    assert!(!delivery.ack(ONE).await.unwrap());
    assert!(!delivery.nack(BasicNackOptions::default()).await.unwrap());
    drop(delivery);
    assert_eq!(outcomes(&broker), ["ack"]);
    assert_eq!(broker.mock.tracer().stats().write_after_finish, 0);
}

#[tokio::test]
async fn multiple_finishes_earlier_deliveries() {
    let Some(broker) = Broker::open().await else { return };
    let deliveries = deliveries(&broker, 5).await;
    assert!(deliveries[0].reject(BasicRejectOptions { requeue: false }).await.unwrap());
    assert!(deliveries[2].ack(ALL).await.unwrap());
    assert_eq!(outcomes(&broker), ["reject", "ack", "ack"]);
    assert!(deliveries[4].nack(BasicNackOptions { multiple: true, requeue: false }).await.unwrap());
    assert_eq!(outcomes(&broker), ["reject", "ack", "ack", "nack", "nack"]);
    drop(deliveries);
    assert_eq!(outcomes(&broker).len(), 5);
    assert_eq!(broker.mock.tracer().stats().write_after_finish, 0);
}

#[tokio::test]
async fn finishes_by_delivery_tag() {
    let Some(broker) = Broker::open().await else { return };
    let deliveries = deliveries(&broker, 6).await;
    let tags: Vec<_> = deliveries.iter().map(|delivery| delivery.delivery_tag).collect();
    let channel = &broker.channel;
    channel.basic_ack(tags[0], ONE).await.unwrap();
    channel.basic_reject(tags[1], BasicRejectOptions { requeue: false }).await.unwrap();
    channel.basic_nack(tags[3], BasicNackOptions { multiple: true, requeue: false }).await.unwrap();
    assert_eq!(outcomes(&broker), ["ack", "reject", "nack", "nack"]);
    // Tag 0 stands for all deliveries.
    channel.basic_ack(0, ALL).await.unwrap();
    assert_eq!(outcomes(&broker), ["ack", "reject", "nack", "nack", "ack", "ack"]);
    drop(deliveries);
    assert_eq!(outcomes(&broker).len(), 6);
    assert_eq!(broker.mock.tracer().stats().write_after_finish, 0);
}

#[tokio::test]
async fn multiple_does_not_finish_deliveries_of_another_channel() {
    let Some(broker) = Broker::open().await else { return };
    let first = deliveries(&broker, 2).await;
    let other = Broker { channel: broker.connection.create_channel().await.unwrap(), ..broker };
    let second = deliveries(&other, 2).await;
    assert!(second[1].ack(ALL).await.unwrap());
    assert_eq!(outcomes(&other), ["ack", "ack"]);
    drop(first);
    assert_eq!(outcomes(&other), ["dropped", "dropped", "ack", "ack"]);
}

#[tokio::test]
async fn records_that_the_channel_was_closed() {
    let Some(broker) = Broker::open().await else { return };
    let mut deliveries = deliveries(&broker, 2).await;
    broker.channel.close(200, "done".into()).await.unwrap();
    let (first, second) = (deliveries.remove(0), deliveries.remove(0));
    assert!(!first.ack(ONE).await.unwrap());
    check_outcome(&broker.span("process"), "stale", None);
    drop((first, second));
    assert_eq!(outcomes(&broker), ["stale", "stale"]);
    assert!(broker.channel.basic_ack(1, ONE).await.is_err());
}

#[tokio::test]
async fn into_inner_leaves_the_span_to_the_caller() {
    let Some(broker) = Broker::open().await else { return };
    let (delivery, span) = deliveries(&broker, 1).await.remove(0).into_inner();
    assert!(delivery.ack(ONE).await.unwrap());
    drop(delivery);
    assert_eq!(outcomes(&broker), [""; 0]);
    span.finish();
    check_outcome(&broker.span("process"), "", None);
}

#[tokio::test]
async fn finishes_once_if_tasks_settle_concurrently() {
    let Some(broker) = Broker::open().await else { return };
    let deliveries = deliveries(&broker, 40).await;
    let last = deliveries[39].acker.clone();
    let tasks: Vec<_> = deliveries
        .into_iter()
        .map(|delivery| tokio::spawn(async move { delivery.ack(BasicAckOptions { multiple: false }).await }))
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert!(!last.usable());
    assert_eq!(outcomes(&broker), vec!["ack"; 40]);
    assert_eq!(broker.mock.tracer().stats().write_after_finish, 0);
}
