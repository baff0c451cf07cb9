//! The settings of connections and channels.

use lapin::BasicProperties;
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
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

/// The names of the headers that a message to this queue gets.
async fn headers_to(broker: &Broker, queue: &ShortString) -> Vec<String> {
    broker.publish(queue, b"").await;
    let message = broker.channel.get_ref().basic_get(queue.clone(), BasicGetOptions::default()).await;
    let message = message.unwrap().unwrap();
    let headers = message.properties.headers().iter().flat_map(FieldTable::inner);
    headers.map(|(name, _)| name.as_str().to_owned()).collect()
}

#[tokio::test]
async fn without_propagation_for_keeps_contexts_out_of_some_messages() {
    let (audit, orders) = (unique_name(), unique_name());
    let off = audit.clone();
    let settings = move |connection: TracingConnection| {
        connection.without_propagation_for(move |name| name == off.as_str() || name == "quiet")
    };
    let Some(broker) = Broker::with(MockTracer::new(), settings).await else { return };
    let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    for queue in [&audit, &orders] {
        broker.channel.queue_declare(queue.clone(), exclusive, FieldTable::default()).await.unwrap();
    }
    assert_eq!(headers_to(&broker, &audit).await, [""; 0]);
    assert!(headers_to(&broker, &orders).await.contains(&"traceparent".to_owned()));

    // A routing key of another exchange.
    let options = QueueBindOptions::default();
    for key in ["quiet", "loud"] {
        let bind =
            broker.channel.queue_bind(orders.clone(), "amq.topic".into(), key.into(), options, FieldTable::default());
        bind.await.unwrap();
        let publish = broker.channel.basic_publish(
            "amq.topic".into(),
            key.into(),
            Default::default(),
            b"",
            BasicProperties::default(),
        );
        publish.await.unwrap().await.unwrap();
    }
    let mut consumer = broker.consume(&orders).await;
    for carries in [false, true] {
        let delivery = next(&mut consumer).await;
        assert_eq!(delivery.properties.headers().is_some(), carries);
        delivery.ack(BasicAckOptions::default()).await.unwrap();
    }
    // A context that came in nevertheless is not read.
    let copied = with_headers(&[("traceparent", long("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))]);
    broker.publish_plain(&audit, b"", copied).await;
    next(&mut broker.consume(&audit).await).await.ack(BasicAckOptions::default()).await.unwrap();
    assert_eq!(broker.spans("process").pop().unwrap().references, []);
}

#[tokio::test]
async fn a_tracer_sets_formats_and_patterns_for_all_messages() {
    let audit: ShortString = format!("audit-{}", unique_name()).into();
    let mock = MockTracer::with(|builder| {
        builder.message_composite("tracecontext".parse().unwrap()).without_message_context(["audit-*"])
    });
    let Some(broker) = Broker::with(mock, |connection| connection).await else { return };
    let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    broker.channel.queue_declare(audit.clone(), exclusive, FieldTable::default()).await.unwrap();
    assert_eq!(headers_to(&broker, &audit).await, [""; 0]);
    assert_eq!(headers_to(&broker, &broker.queue().await).await, ["traceparent"]);
}
