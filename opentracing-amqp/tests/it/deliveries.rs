//! The span of a delivery: when it starts, what it refers to, and its tags.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use lapin::BasicProperties;
use lapin::options::{BasicAckOptions, BasicConsumeOptions};
use lapin::types::{AMQPValue, FieldTable};
use opentracing_amqp::ChannelExt;
use opentracing_core::{InSpan, ReferenceKind, SpanKind};

use crate::support::{Broker, check_outcome, check_tags, long, next, tag, with_headers};

#[tokio::test]
async fn starts_when_polled_and_finishes_with_the_ack() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish_with(&queue, b"hello", BasicProperties::default().with_message_id("m-1".into())).await;
    let mut consumer = broker.consume(&queue).await;
    let delivery = next(&mut consumer).await;
    assert_eq!(delivery.data, b"hello");
    assert_eq!(broker.spans("process").len(), 0);
    assert!(delivery.ack(BasicAckOptions::default()).await.unwrap());

    let (publish, span) = (broker.span("publish"), broker.span("process"));
    broker.mock.assert_tree(&format!("publish {queue} (producer)\n  process {queue} (consumer)"));
    check_outcome(&span, "ack", None);
    let references: Vec<_> = span.references.iter().map(|reference| reference.kind).collect();
    assert_eq!((references, span.kind), (vec![ReferenceKind::FollowsFrom], SpanKind::Consumer));
    assert_eq!(span.context.trace_id(), publish.context.trace_id());
    let expected = [
        ("component", "lapin"),
        ("message_bus.destination", queue.as_str()),
        ("messaging.rabbitmq.destination.routing_key", queue.as_str()),
        ("messaging.rabbitmq.exchange", ""),
        ("messaging.message.body.size", "5"),
        ("messaging.message.id", "m-1"),
        ("peer.service", ""),
        ("rabbitmq.redelivered", ""),
        ("rabbitmq.death_count", ""),
        ("rabbitmq.queue_time_ms", ""),
    ];
    check_tags(&span, &expected);
    drop(delivery);
    assert_eq!(broker.spans("process").len(), 1);
}

#[tokio::test]
async fn starts_a_trace_without_a_context() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish_plain(&queue, b"", BasicProperties::default()).await;
    let mut consumer = broker.consume(&queue).await;
    let work = async { next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap() };
    work.in_span(broker.mock.tracer().span("loop").start()).await;
    assert_eq!(broker.span("process").parent_id, None, "the span that polls is no parent");
    assert_eq!(broker.span("process").references, []);
}

#[tokio::test]
async fn keeps_a_sampling_decision_that_comes_without_ids() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish_plain(&queue, b"", with_headers(&[("b3", long("1")), ("baggage", long("tenant=acme"))])).await;
    broker.publish_plain(&queue, b"", with_headers(&[("X-INSTANA-L", long("0"))])).await;
    let mut consumer = broker.consume(&queue).await;
    let first = next(&mut consumer).await;
    assert_eq!(first.span().baggage_item("tenant").as_deref(), Some("acme"));
    drop((first, next(&mut consumer).await));
    let span = broker.span("process");
    assert_eq!((span.parent_id, span.references.len()), (None, 0));
}

#[tokio::test]
async fn basic_get_starts_a_span_unless_the_queue_is_empty() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    assert!(broker.channel.basic_get(queue.clone(), Default::default()).await.unwrap().is_none());
    let plain = broker.channel.get_ref();
    let tracer = broker.mock.tracer();
    assert!(plain.basic_get_traced(tracer, queue.clone(), Default::default()).await.unwrap().is_none());
    assert_eq!(broker.mock.finished_spans(), []);
    assert_eq!(tracer.stats().started, 0);

    broker.publish(&queue, b"1").await;
    broker.publish(&queue, b"2").await;
    let message = broker.channel.basic_get(queue.clone(), Default::default()).await.unwrap().unwrap();
    assert_eq!((message.message_count, &*message.data), (1, &b"1"[..]));
    message.ack(BasicAckOptions::default()).await.unwrap();
    let message = plain.basic_get_traced(tracer, queue.clone(), Default::default()).await.unwrap().unwrap();
    message.ack(BasicAckOptions::default()).await.unwrap();
    let tree = "publish Q (producer)\n  process Q (consumer)\n".repeat(2).replace('Q', queue.as_str());
    broker.mock.assert_tree(&tree);
}

#[tokio::test]
async fn records_the_queue_time() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let ago = |time: Duration| now.checked_sub(time).unwrap();
    let by_broker = |ms: i64| with_headers(&[("timestamp_in_ms", AMQPValue::LongLongInt(ms))]);
    let in_seconds = BasicProperties::default().with_timestamp(ago(Duration::from_secs(90)).as_secs());
    let in_ms = by_broker(i64::try_from(ago(Duration::from_secs(30)).as_millis()).unwrap());
    let rows = [
        ("the publisher's time in seconds", in_seconds.clone(), Some(90.0)),
        ("the broker's time in milliseconds", in_ms.clone(), Some(30.0)),
        ("both", in_ms.with_timestamp(0), Some(30.0)),
        ("a time in the future", BasicProperties::default().with_timestamp(now.as_secs() + 3600), None),
        ("milliseconds for seconds", BasicProperties::default().with_timestamp(now.as_secs() * 1000), None),
        ("the largest time", BasicProperties::default().with_timestamp(u64::MAX), None),
        ("the smallest time", by_broker(i64::MIN), None),
        ("nothing", BasicProperties::default(), None),
    ];
    let mut consumer = broker.consume(&queue).await;
    for (name, properties, seconds) in rows {
        broker.publish_plain(&queue, b"", properties).await;
        next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();
        let recorded = tag(&broker.spans("process").pop().unwrap(), "rabbitmq.queue_time_ms");
        match seconds {
            None => assert_eq!(recorded, "", "{name}"),
            // The upper bound allows for a slow machine.
            Some(seconds) => {
                let recorded = recorded.parse::<f64>().unwrap() / 1000.0;
                assert!((seconds..seconds + 3600.0).contains(&recorded), "{name}: {recorded}");
            }
        }
    }
}

#[tokio::test]
async fn channel_ext_traces_a_consumer() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    let (plain, tracer, options) = (broker.channel.get_ref(), broker.mock.tracer(), BasicConsumeOptions::default());
    let consumer = plain.basic_consume_traced(tracer, queue.clone(), "".into(), options, FieldTable::default());
    let mut consumer = consumer.await.unwrap();
    let delivery = consumer.next().await.unwrap().unwrap();
    delivery.ack(BasicAckOptions::default()).await.unwrap();
    broker.mock.assert_tree(&format!("publish {queue} (producer)\n  process {queue} (consumer)"));
}
