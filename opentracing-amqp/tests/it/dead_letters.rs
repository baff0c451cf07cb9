//! Redelivered and dead-lettered messages.

use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, BasicRejectOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::{AMQPValue, ShortString};
use opentracing_core::{OwnedSpan, SpanId};

use crate::support::{Broker, check_outcome, check_tags, long, next, table, tag, unique_name, with_headers};

fn array(values: Vec<AMQPValue>) -> AMQPValue {
    AMQPValue::FieldArray(values.into())
}

fn entry(entries: &[(&str, AMQPValue)]) -> AMQPValue {
    AMQPValue::FieldTable(table(entries))
}

#[tokio::test]
async fn records_that_a_message_was_redelivered() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    let mut consumer = broker.consume(&queue).await;
    let again = BasicNackOptions { requeue: true, multiple: false };
    next(&mut consumer).await.nack(again).await.unwrap();
    next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();
    let spans = broker.spans("process");
    check_tags(&spans[0], &[("rabbitmq.redelivered", ""), ("rabbitmq.requeue", "true")]);
    check_outcome(&spans[0], "nack", Some("nack"));
    check_tags(&spans[1], &[("rabbitmq.redelivered", "true"), ("rabbitmq.requeue", "")]);
    check_outcome(&spans[1], "ack", None);
    assert_eq!(spans[0].parent_id, spans[1].parent_id, "both deliveries are children of the publisher");
}

#[tokio::test]
async fn records_dead_letter_count_reason_and_queue() {
    let Some(broker) = Broker::open().await else { return };
    let dead = broker.queue().await;
    let to_dead = [("x-dead-letter-exchange", long("")), ("x-dead-letter-routing-key", long(dead.as_str()))];
    let late = [&to_dead[..], &[("x-message-ttl", AMQPValue::LongInt(1))]].concat();
    let (first, second) = (broker.queue_with(&to_dead).await, broker.queue_with(&late).await);
    broker.publish(&first, b"").await;
    let mut consumer = broker.consume(&first).await;
    next(&mut consumer).await.reject(BasicRejectOptions { requeue: false }).await.unwrap();
    let mut consumer = broker.consume(&dead).await;
    let letter = next(&mut consumer).await;
    // The message is published again with its headers, expires, and is dead-lettered a second time.
    broker.publish_with(&second, b"", letter.properties.clone()).await;
    letter.ack(BasicAckOptions::default()).await.unwrap();
    next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();

    let spans = broker.spans("process");
    let tags = |count, reason| {
        [("rabbitmq.death_count", count), ("rabbitmq.death_reason", reason), ("rabbitmq.death_queue", first.as_str())]
    };
    check_tags(&spans[0], &[("rabbitmq.death_count", ""), ("rabbitmq.requeue", "false")]);
    check_outcome(&spans[0], "reject", Some("reject"));
    check_tags(&spans[1], &tags("1", "rejected"));
    check_tags(&spans[2], &tags("2", "expired"));
    // The broker keeps the trace headers.
    assert_eq!(spans[1].parent_id, Some(broker.spans("publish")[0].context.span_id()));
    assert_eq!(spans[2].parent_id, Some(broker.spans("publish")[1].context.span_id()));
}

#[tokio::test]
async fn malformed_dead_letter_headers_are_left_out() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let mut consumer = broker.consume(&queue).await;
    let most = || entry(&[("count", AMQPValue::LongLongInt(i64::MAX)), ("reason", long("expired"))]);
    let max = i64::MAX.to_string();
    let rows = [
        ("a text", long("yes"), ["", "", ""]),
        ("no entry", array(vec![]), ["", "", ""]),
        ("entries of other types", array(vec![long("a"), AMQPValue::Void]), ["", "", ""]),
        ("an empty entry", array(vec![entry(&[])]), ["0", "", ""]),
        ("a count in letters", array(vec![entry(&[("count", long("two")), ("queue", long("q"))])]), ["0", "", "q"]),
        ("an overflowing count", array(vec![most(), most()]), [&max, "expired", ""]),
        (
            "values of other types",
            array(vec![entry(&[
                ("count", AMQPValue::LongInt(-3)),
                ("reason", AMQPValue::LongString(vec![0xff].into())),
            ])]),
            ["-3", "", ""],
        ),
        ("more entries than are read", array(vec![entry(&[("count", AMQPValue::LongInt(1))]); 1_000]), ["64", "", ""]),
    ];
    for (name, deaths, expected) in rows {
        broker.publish_plain(&queue, b"", with_headers(&[("x-death", deaths)])).await;
        next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();
        let span = broker.span("process");
        let recorded =
            ["rabbitmq.death_count", "rabbitmq.death_reason", "rabbitmq.death_queue"].map(|key| tag(&span, key));
        assert_eq!(recorded, expected, "{name}");
        broker.mock.reset();
    }
}

/// The span ids that a span refers to.
fn references(span: &OwnedSpan) -> Vec<SpanId> {
    span.references.iter().map(|reference| reference.context.span_id()).collect()
}

#[tokio::test]
async fn a_redelivery_refers_to_the_attempt_before() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    let mut consumer = broker.consume(&queue).await;
    let again = BasicNackOptions { requeue: true, multiple: false };
    for _ in 0..2 {
        next(&mut consumer).await.nack(again).await.unwrap();
    }
    next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();
    let (publisher, spans) = (broker.span("publish").context.span_id(), broker.spans("process"));
    let ids: Vec<_> = spans.iter().map(|span| span.context.span_id()).collect();
    assert_eq!(references(&spans[0]), [publisher]);
    assert_eq!(references(&spans[1]), [publisher, ids[0]]);
    assert_eq!(references(&spans[2]), [publisher, ids[1]]);
    let attempts: Vec<_> = spans.iter().map(|span| tag(span, "messaging.attempt")).collect();
    assert_eq!(attempts, ["1", "2", "3"]);
}

#[tokio::test]
async fn a_dead_letter_loop_refers_to_the_attempt_before() {
    let Some(broker) = Broker::open().await else { return };
    // Rejected messages wait in the second queue, and come back.
    let (orders, waiting) = (unique_name(), unique_name());
    let declare = async |queue: &ShortString, to: &ShortString, ttl: Option<i32>| {
        let mut arguments =
            table(&[("x-dead-letter-exchange", long("")), ("x-dead-letter-routing-key", long(to.as_str()))]);
        if let Some(ttl) = ttl {
            arguments.insert("x-message-ttl".into(), AMQPValue::LongInt(ttl));
        }
        let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        broker.channel.queue_declare(queue.clone(), options, arguments).await.unwrap();
    };
    declare(&orders, &waiting, None).await;
    declare(&waiting, &orders, Some(1)).await;
    broker.publish(&orders, b"").await;
    let mut consumer = broker.consume(&orders).await;
    for _ in 0..2 {
        let order = next(&mut consumer).await;
        order.handle(async { Err::<(), _>("out of stock") }).await.unwrap_err();
        order.reject(BasicRejectOptions { requeue: false }).await.unwrap();
    }
    next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();
    let spans = broker.spans("process");
    for (before, after) in [(0, 1), (1, 2)] {
        assert_eq!(references(&spans[after])[1], spans[before].context.span_id());
    }
    let expected = [
        ("messaging.attempt", "3"),
        ("rabbitmq.death_count", "4"),
        ("rabbitmq.death_reason", "expired"),
        ("rabbitmq.death_latest_queue", waiting.as_str()),
        ("rabbitmq.death_first_reason", "rejected"),
        ("rabbitmq.death_queue", orders.as_str()),
    ];
    check_tags(&spans[2], &expected);
}

#[tokio::test]
async fn quorum_queues_and_streams_tell_count_and_offset() {
    let Some(broker) = Broker::open().await else { return };
    let declare = async |kind: &str| {
        let (name, options) = (unique_name(), QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() });
        let arguments = table(&[("x-queue-type", long(kind))]);
        broker.channel.queue_declare(name.clone(), options, arguments).await.unwrap();
        name
    };
    let quorum = declare("quorum").await;
    broker.publish(&quorum, b"").await;
    let mut consumer = broker.consume(&quorum).await;
    let again = BasicNackOptions { requeue: true, multiple: false };
    next(&mut consumer).await.nack(again).await.unwrap();
    next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();
    let spans = broker.spans("process");
    check_tags(&spans[0], &[("rabbitmq.delivery_count", ""), ("messaging.rabbitmq.message.delivery_tag", "1")]);
    let expected = [
        ("rabbitmq.delivery_count", "1"),
        ("messaging.attempt", "2"),
        ("messaging.operation.name", "process"),
        ("messaging.operation.type", "process"),
    ];
    check_tags(&spans[1], &expected);
    broker.mock.reset();

    let stream = declare("stream").await;
    for _ in 0..2 {
        broker.publish(&stream, b"").await;
    }
    let channel = broker.connection.create_channel().await.unwrap();
    channel.basic_qos(10, BasicQosOptions::default()).await.unwrap();
    let (options, arguments) = (BasicConsumeOptions::default(), table(&[("x-stream-offset", long("first"))]));
    let mut consumer = channel.basic_consume(stream.clone(), "".into(), options, arguments).await.unwrap();
    for offset in ["0", "1"] {
        next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();
        check_tags(broker.spans("process").last().unwrap(), &[("rabbitmq.stream_offset", offset)]);
    }
    for queue in [quorum, stream] {
        broker.channel.queue_delete(queue, QueueDeleteOptions::default()).await.unwrap();
    }
}
