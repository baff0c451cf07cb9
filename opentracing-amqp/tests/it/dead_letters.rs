//! Redelivered and dead-lettered messages.

use lapin::options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions};
use lapin::types::AMQPValue;

use crate::support::{Broker, check_outcome, check_tags, long, next, table, tag, with_headers};

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
