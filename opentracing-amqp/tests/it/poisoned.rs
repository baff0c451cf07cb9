//! Headers that somebody made up, by way of the broker.

use std::collections::BTreeMap;

use lapin::options::BasicAckOptions;
use lapin::types::{AMQPValue, FieldTable};

use crate::support::{Broker, check_outcome, long, next, table, tag, with_headers};

fn array(values: Vec<AMQPValue>) -> AMQPValue {
    AMQPValue::FieldArray(values.into())
}

fn entry(entries: &[(&str, AMQPValue)]) -> AMQPValue {
    AMQPValue::FieldTable(table(entries))
}

#[tokio::test]
async fn begin_a_trace_and_stop_nobody() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let mut consumer = broker.consume(&queue).await;
    let bytes = |bytes: &[u8]| AMQPValue::ByteArray(bytes.into());
    let values = [
        long("00-00000000000000000000000000000000-0000000000000000-01"),
        long("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        long("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"),
        long("\u{1f4a5}\0\r\n"),
        long(&"a=b,".repeat(4_000)),
        bytes(&[0xff; 64]),
        bytes(b""),
        AMQPValue::LongLongInt(i64::MIN),
        AMQPValue::Double(f64::MAX),
        AMQPValue::Void,
        array(vec![long("00"); 1_000]),
    ];
    let names = ["traceparent", "tracestate", "baggage", "b3", "X-INSTANA-T", "X-INSTANA-S", "X-B3-TraceId"];
    for value in &values {
        let headers: BTreeMap<_, _> = names.iter().map(|name| ((*name).into(), value.clone())).collect();
        let properties = lapin::BasicProperties::default().with_headers(FieldTable::from(headers));
        broker.publish_plain(&queue, b"", properties).await;
        next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();
    }
    let spans = broker.spans("process");
    assert_eq!(spans.len(), values.len());
    for span in &spans {
        check_outcome(span, "ack", None);
        assert_eq!((span.parent_id, span.references.len()), (None, 0), "{span:?}");
    }
    assert!(broker.mock.tracer().stats().extract_corrupted > 0);

    broker.publish(&queue, b"").await;
    next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();
    let last = broker.spans("process").pop().unwrap();
    assert_eq!(last.parent_id, Some(broker.span("publish").context.span_id()));
}

#[tokio::test]
async fn tell_of_deaths_what_makes_sense() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let mut consumer = broker.consume(&queue).await;
    let most = || entry(&[("count", AMQPValue::LongLongInt(i64::MAX)), ("reason", long("expired"))]);
    let max = i64::MAX.to_string();
    let rows = [
        ("a text", long("yes"), ["", "", ""]),
        ("no entry", array(vec![]), ["", "", ""]),
        ("texts", array(vec![long("a"), AMQPValue::Void]), ["", "", ""]),
        ("an empty entry", array(vec![entry(&[])]), ["0", "", ""]),
        ("a count in letters", array(vec![entry(&[("count", long("two")), ("queue", long("q"))])]), ["0", "", "q"]),
        ("more than a number holds", array(vec![most(), most()]), [&max, "expired", ""]),
        (
            "no text",
            array(vec![entry(&[
                ("count", AMQPValue::LongInt(-3)),
                ("reason", AMQPValue::LongString(vec![0xff].into())),
            ])]),
            ["-3", "", ""],
        ),
        ("very many", array(vec![entry(&[("count", AMQPValue::LongInt(1))]); 1_000]), ["64", "", ""]),
    ];
    for (name, deaths, expected) in rows {
        broker.publish_plain(&queue, b"", with_headers(&[("x-death", deaths)])).await;
        next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();
        let span = broker.span("process");
        let told = ["rabbitmq.death_count", "rabbitmq.death_reason", "rabbitmq.death_queue"].map(|key| tag(&span, key));
        assert_eq!(told, expected, "{name}");
        broker.mock.reset();
    }
}
