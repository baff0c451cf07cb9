//! Malformed trace headers, sent through the broker.

use std::collections::BTreeMap;

use lapin::options::BasicAckOptions;
use lapin::types::{AMQPValue, FieldTable};

use crate::support::{Broker, check_outcome, long, next};

fn array(values: Vec<AMQPValue>) -> AMQPValue {
    AMQPValue::FieldArray(values.into())
}

#[tokio::test]
async fn start_a_new_trace() {
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
