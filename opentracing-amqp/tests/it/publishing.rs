//! The span of a published message.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Confirmation, ExchangeKind};
use opentracing_amqp::ChannelExt;
use opentracing_core::message_rules::ContextFit;
use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::Composite;
use opentracing_core::{ConstSampler, Decision, SpanKind};

use crate::support::{Broker, check_outcome, check_tags, long, tag, unique_name, with_headers};

const MANDATORY: BasicPublishOptions = BasicPublishOptions { mandatory: true, immediate: false };

async fn confirming() -> Option<Broker> {
    let broker = Broker::open().await?;
    broker.channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    Some(broker)
}

#[tokio::test]
async fn finishes_with_the_confirm() {
    let Some(broker) = confirming().await else { return };
    let queue = broker.queue().await;
    let properties = BasicProperties::default().with_message_id("m-1".into()).with_correlation_id("c-1".into());
    let options = BasicPublishOptions::default();
    let confirm = broker.channel.basic_publish("".into(), queue.clone(), options, b"hello", properties).await.unwrap();
    assert_eq!(broker.spans("publish").len(), 0, "the broker has not answered");
    assert_eq!(confirm.await.unwrap(), Confirmation::Ack(None));

    let span = broker.span("publish");
    assert_eq!((&*span.operation_name, span.kind), (&*format!("publish {queue}"), SpanKind::Producer));
    check_outcome(&span, "ack", None);
    let expected = [
        ("component", "lapin"),
        ("message_bus.destination", queue.as_str()),
        ("messaging.rabbitmq.destination.routing_key", queue.as_str()),
        ("messaging.rabbitmq.exchange", ""),
        ("messaging.message.body.size", "5"),
        ("messaging.message.id", "m-1"),
        ("messaging.message.conversation_id", "c-1"),
        ("peer.service", "rabbitmq"),
    ];
    check_tags(&span, &expected);
    let port = tag(&span, "peer.port");
    assert!(std::env::var("AMQP_URL").unwrap().contains(&format!(":{port}")), "{span:?}");
}

#[tokio::test]
async fn finishes_when_written_without_confirm_mode() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let options = BasicPublishOptions::default();
    let properties = BasicProperties::default();
    let confirm = broker.channel.basic_publish("".into(), queue, options, b"", properties).await.unwrap();
    check_outcome(&broker.span("publish"), "", None);
    assert_eq!(confirm.await.unwrap(), Confirmation::NotRequested);
    assert_eq!(broker.spans("publish").len(), 1);
}

#[tokio::test]
async fn is_named_after_the_exchange() {
    let Some(broker) = confirming().await else { return };
    let (queue, exchange) = (broker.queue().await, unique_name());
    let options = ExchangeDeclareOptions { auto_delete: true, ..ExchangeDeclareOptions::default() };
    let (kind, arguments) = (ExchangeKind::Topic, FieldTable::default());
    broker.channel.exchange_declare(exchange.clone(), kind, options, arguments.clone()).await.unwrap();
    let options = QueueBindOptions::default();
    broker.channel.queue_bind(queue, exchange.clone(), "order.#".into(), options, arguments).await.unwrap();
    let publish = broker.channel.basic_publish(
        exchange.clone(),
        "order.paid".into(),
        MANDATORY,
        b"42",
        BasicProperties::default(),
    );
    assert_eq!(publish.await.unwrap().await.unwrap(), Confirmation::Ack(None));
    let span = broker.span("publish");
    assert_eq!(&*span.operation_name, format!("publish {exchange}"));
    let expected = [
        ("message_bus.destination", exchange.as_str()),
        ("messaging.rabbitmq.exchange", exchange.as_str()),
        ("messaging.rabbitmq.destination.routing_key", "order.paid"),
    ];
    check_tags(&span, &expected);
}

#[tokio::test]
async fn replaces_generated_queue_names() {
    let Some(broker) = Broker::open().await else { return };
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let queue = broker.channel.queue_declare("".into(), options, FieldTable::default()).await.unwrap();
    assert!(queue.name().as_str().starts_with("amq.gen-"), "{queue:?}");
    broker.publish(queue.name(), b"").await;
    assert_eq!(&*broker.span("publish").operation_name, "publish (temporary)");
    check_tags(&broker.span("publish"), &[("message_bus.destination", "(temporary)")]);
    let delivery = broker.channel.basic_get("".into(), Default::default()).await.unwrap().unwrap();
    delivery.ack(Default::default()).await.unwrap();
    assert_eq!(&*broker.span("process").operation_name, "process (temporary)");
}

#[tokio::test]
async fn records_that_a_message_was_returned() {
    let Some(broker) = confirming().await else { return };
    let nowhere = unique_name();
    let properties = BasicProperties::default();
    let publish = broker.channel.basic_publish("".into(), nowhere, MANDATORY, b"lost", properties);
    let confirmation = publish.await.unwrap().await.unwrap();
    assert!(confirmation.is_ack(), "the broker also acknowledges it");
    assert_eq!(confirmation.take_message().expect("the message").data, b"lost");
    let span = broker.span("publish");
    check_outcome(&span, "returned", Some("returned"));
    check_tags(&span, &[("rabbitmq.reply_code", "312")]);
    assert_eq!(span.logs[0].field("message"), Some("NO_ROUTE".into()));
}

#[tokio::test]
async fn records_that_the_broker_rejected_the_message() {
    let Some(broker) = confirming().await else { return };
    let arguments = [("x-max-length", AMQPValue::LongInt(1)), ("x-overflow", long("reject-publish"))];
    let queue = broker.queue_with(&arguments).await;
    assert_eq!(broker.publish(&queue, b"1").await, Confirmation::Ack(None));
    assert_eq!(broker.publish(&queue, b"2").await, Confirmation::Nack(None));
    check_outcome(&broker.spans("publish")[0], "ack", None);
    check_outcome(&broker.spans("publish")[1], "nack", Some("nack"));
}

#[tokio::test]
async fn a_publish_that_is_dropped_before_it_is_written_is_cancelled() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    // Larger than the buffer of the socket.
    let body = vec![0; 64 << 20];
    let properties = BasicProperties::default();
    {
        let publish = pin!(broker.channel.basic_publish("".into(), queue, Default::default(), &body, properties));
        assert!(publish.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    check_outcome(&broker.span("publish"), "cancelled", None);
}

#[tokio::test]
async fn records_an_error_of_the_channel() {
    let Some(broker) = confirming().await else { return };
    let properties = BasicProperties::default();
    let publish = broker.channel.basic_publish(
        "no-such-exchange".into(),
        "a".into(),
        Default::default(),
        b"",
        properties.clone(),
    );
    let error = publish.await.unwrap().await.unwrap_err();
    assert!(error.is_amqp_soft_error(), "{error}");
    let span = broker.span("publish");
    check_outcome(&span, "", Some("not_found"));
    check_tags(&span, &[("rabbitmq.reply_code", "404")]);

    broker.mock.reset();
    let publish = broker.channel.basic_publish("".into(), "a".into(), Default::default(), b"", properties);
    assert!(publish.await.is_err());
    check_outcome(&broker.span("publish"), "", Some("channel_closed"));
}

#[tokio::test]
async fn is_a_child_of_the_active_span() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let order = broker.mock.tracer().span("order").start();
    let work = async {
        broker.publish(&queue, b"1").await;
        let (tracer, properties) = (broker.mock.tracer(), BasicProperties::default());
        let plain = broker.channel.get_ref();
        let publish =
            plain.basic_publish_traced(tracer, "".into(), queue.clone(), Default::default(), b"2", properties.clone());
        publish.await.unwrap().await.unwrap();
        let wrapped = plain.traced(tracer).peer_service("mail");
        let publish = wrapped.basic_publish("".into(), queue.clone(), Default::default(), b"3", properties);
        publish.await.unwrap().await.unwrap();
    };
    opentracing_core::InSpan::in_span(work, order).await;
    broker.mock.assert_tree(&format!(
        "
        order
          publish {queue} (producer)
          publish {queue} (producer)
          publish {queue} (producer)
    "
    ));
    let named: Vec<_> = broker.spans("publish").iter().map(|span| tag(span, "peer.service")).collect();
    assert_eq!(named, ["rabbitmq", "rabbitmq", "mail"]);
}

#[tokio::test]
async fn keeps_other_headers_and_replaces_trace_headers() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let copied = with_headers(&[
        ("tenant", long("acme")),
        ("weight", AMQPValue::LongInt(7)),
        ("TraceParent", long("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
        ("x-instana-t", AMQPValue::ByteArray(b"fa2375d711a4ca0f".as_slice().into())),
        ("X-Instana-S", long("02468acefdb97531")),
        ("baggage", long("old=1")),
    ]);
    let properties = copied.with_delivery_mode(2).with_content_type("text/plain".into());
    broker.publish_with(&queue, b"", properties).await;

    let span = broker.span("publish");
    let message = broker.channel.get_ref().basic_get(queue, Default::default()).await.unwrap().unwrap();
    assert_eq!(message.properties.delivery_mode(), &Some(2));
    assert_eq!(message.properties.content_type().as_ref().map(|kind| kind.as_str()), Some("text/plain"));
    let headers = message.properties.headers().as_ref().unwrap().inner();
    let (trace_id, span_id) = (span.context.trace_id(), span.context.span_id());
    let expected = [
        ("X-INSTANA-L", long("1")),
        ("X-INSTANA-S", long(&span_id.to_string())),
        ("X-INSTANA-T", long(&format!("{:016x}", trace_id.low()))),
        ("b3", long(&format!("{trace_id}-{span_id}-1"))),
        ("tenant", long("acme")),
        ("traceparent", long(&format!("00-{trace_id}-{span_id}-01"))),
        ("tracestate", long(&format!("in={:016x};{span_id}", trace_id.low()))),
        ("weight", AMQPValue::LongInt(7)),
    ];
    let actual: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    assert_eq!(actual, expected);
}

#[tokio::test]
async fn propagates_a_negative_sampling_decision() {
    let unsampled = MockTracer::with(|builder| builder.sampler(ConstSampler::new(Decision::Drop)));
    let Some(broker) = Broker::with(unsampled, |connection| connection).await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    let message = broker.channel.basic_get(queue, Default::default()).await.unwrap().unwrap();
    let headers = message.properties.headers().as_ref().unwrap().inner();
    assert_eq!(headers.get("X-INSTANA-L"), Some(&long("0")));
    assert!(!headers.contains_key("X-INSTANA-T"), "{headers:?}");
    drop(message);
    assert_eq!(broker.mock.finished_spans(), []);
}

#[tokio::test]
async fn adds_no_headers_without_a_format() {
    let silent = MockTracer::with(|builder| builder.composite(Composite::empty()));
    let Some(broker) = Broker::with(silent, |connection| connection.peer_service("mail")).await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    check_tags(&broker.span("publish"), &[("peer.service", "mail")]);
    let message = broker.channel.get_ref().basic_get(queue, Default::default()).await.unwrap().unwrap();
    assert_eq!(message.properties.headers(), &None);
}

#[tokio::test]
async fn leaves_out_a_context_that_exceeds_the_frame_size() {
    let Some(broker) = confirming().await else { return };
    let queue = broker.queue().await;
    let rows = [
        ("full", 131_000, ContextFit::LeftOut),
        ("room for one header", 130_950, ContextFit::Shortened),
        ("nearly full", 130_000, ContextFit::Whole),
    ];
    for (name, size, fit) in rows {
        let blob = AMQPValue::ByteArray(vec![7; size].into());
        let confirmation = broker.publish_with(&queue, b"", with_headers(&[("blob", blob.clone())])).await;
        assert_eq!(confirmation, Confirmation::Ack(None), "{name}");
        let message = broker.channel.get_ref().basic_get(queue.clone(), Default::default()).await.unwrap().unwrap();
        let headers = message.properties.headers().as_ref().unwrap();
        assert!(headers.inner().get("blob") == Some(&blob), "{name}");
        let has = ["traceparent", "tracestate"].map(|header| headers.contains_key(header));
        assert_eq!(has, [fit != ContextFit::LeftOut, fit == ContextFit::Whole], "{name}");
        let span = broker.span("publish");
        let events: Vec<_> = span.logs.iter().filter_map(|log| log.field("event")).collect();
        let has = ["context_left_out", "context_shortened"].map(|event| events.contains(&event.into()));
        assert_eq!(has, [fit == ContextFit::LeftOut, fit == ContextFit::Shortened], "{name}");
        broker.mock.reset();
    }
    let counted = broker.mock.tracer().stats().messages;
    assert_eq!((counted.context_left_out, counted.context_shortened), (1, 1));
}
