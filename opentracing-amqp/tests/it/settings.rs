//! The settings of connections and channels.

use lapin::options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use opentracing_amqp::TracingConnection;
use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, ReferenceKind};

use crate::support::{Broker, check_tags, long, next, tag, unique_name, with_headers};

#[tokio::test]
async fn producer_reference_makes_a_delivery_a_child() {
    let child = |connection: TracingConnection| connection.producer_reference(ReferenceKind::ChildOf);
    let Some(broker) = Broker::with(MockTracer::new(), child).await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    next(&mut broker.consume(&queue).await).await.ack(BasicAckOptions::default()).await.unwrap();
    let references = broker.span("process").references;
    assert!(references.iter().all(|reference| reference.kind == ReferenceKind::ChildOf), "{references:?}");
    broker.mock.assert_tree(&format!("publish {queue} (producer)\n  process {queue} (consumer)"));
}

#[tokio::test]
async fn capture_header_records_headers_as_tags() {
    let capture = |connection: TracingConnection| {
        connection.capture_header("X-Tenant").capture_header("retries").capture_header("blob").peer("mq.example", 5672)
    };
    let Some(broker) = Broker::with(MockTracer::new(), capture).await else { return };
    let queue = broker.queue().await;
    let headers = [
        ("x-tenant", long("acme")),
        ("Retries", AMQPValue::ShortShortUInt(3)),
        ("blob", AMQPValue::ByteArray(vec![0xff].into())),
        ("password", long("hunter2")),
    ];
    broker.publish_with(&queue, b"", with_headers(&headers)).await;
    next(&mut broker.consume(&queue).await).await.ack(BasicAckOptions::default()).await.unwrap();
    for verb in ["publish", "process"] {
        let expected = [
            ("messaging.header.x-tenant", "acme"),
            ("messaging.header.retries", "3"),
            ("messaging.header.blob", ""),
            ("messaging.header.password", ""),
            ("peer.hostname", "mq.example"),
            ("peer.port", "5672"),
        ];
        check_tags(&broker.span(verb), &expected);
    }
}

#[tokio::test]
async fn component_names_the_library_of_both_spans() {
    let component = |connection: TracingConnection| connection.component("rabbit");
    let Some(broker) = Broker::with(MockTracer::new(), component).await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    next(&mut broker.consume(&queue).await).await.ack(BasicAckOptions::default()).await.unwrap();
    for verb in ["publish", "process"] {
        check_tags(&broker.span(verb), &[("component", "rabbit")]);
    }
}

#[tokio::test]
async fn without_propagation_neither_writes_nor_reads_contexts() {
    let without = |connection: TracingConnection| connection.without_propagation();
    let Some(broker) = Broker::with(MockTracer::new(), without).await else { return };
    let queue = broker.queue().await;
    let copied = with_headers(&[("traceparent", long("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))]);
    broker.publish_with(&queue, b"", copied.clone()).await;
    let message = broker.channel.basic_get(queue, BasicGetOptions::default()).await.unwrap().unwrap();
    assert_eq!(message.properties.headers(), copied.headers(), "the headers of the caller stay");
    message.ack(BasicAckOptions::default()).await.unwrap();
    assert_eq!(tag(&broker.span("publish"), "rabbitmq.outcome"), "");
    let span = broker.span("process");
    assert_eq!((span.parent_id, span.references.len()), (None, 0));
}

#[tokio::test]
async fn skip_records_neither_message_nor_handler() {
    let queue = unique_name();
    let skipped = queue.clone();
    let skip = move |connection: TracingConnection| connection.skip(move |destination| destination == skipped.as_str());
    let Some(broker) = Broker::with(MockTracer::new(), skip).await else { return };
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    broker.channel.queue_declare(queue.clone(), options, FieldTable::default()).await.unwrap();
    let (tracer, recorded) = (broker.mock.tracer(), broker.queue().await);
    for queue in [&queue, &recorded] {
        let scope = tracer.span("order").start();
        broker.publish(queue, b"").in_span(scope).await;
        let delivery = next(&mut broker.consume(queue).await).await;
        delivery.handle(async { tracer.span("pack").start().finish() }).await;
        delivery.ack(BasicAckOptions::default()).await.unwrap();
    }
    broker.mock.assert_tree(&format!(
        "
        order
        order
          publish {recorded} (producer)
            process {recorded} (consumer)
              pack
    "
    ));
}
