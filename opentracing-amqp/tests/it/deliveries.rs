//! The span of a message that is delivered.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use lapin::BasicProperties;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicRejectOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use opentracing_amqp::{ChannelExt, TracingDelivery, TracingDeliveryResult, process};
use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, ReferenceKind, SpanKind};
use tokio::sync::mpsc;

use crate::support::{Broker, check_outcome, check_tags, long, next, tag, with_headers};

#[tokio::test]
async fn lasts_from_the_poll_to_the_ack() {
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
async fn is_a_child_of_the_producer_on_request() {
    let child = |connection: opentracing_amqp::TracingConnection| connection.reference(ReferenceKind::ChildOf);
    let Some(broker) = Broker::with(MockTracer::new(), child).await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    next(&mut broker.consume(&queue).await).await.ack(BasicAckOptions::default()).await.unwrap();
    let references = broker.span("process").references;
    assert!(references.iter().all(|reference| reference.kind == ReferenceKind::ChildOf), "{references:?}");
    broker.mock.assert_tree(&format!("publish {queue} (producer)\n  process {queue} (consumer)"));
}

#[tokio::test]
async fn begins_a_trace_without_a_context() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish_plain(&queue, b"", BasicProperties::default()).await;
    let mut consumer = broker.consume(&queue).await;
    let work = async { next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap() };
    work.in_span(broker.mock.tracer().span("loop").start()).await;
    assert_eq!(broker.span("process").parent_id, None, "an entry is not below what polls for it");
    assert_eq!(broker.span("process").references, []);
}

#[tokio::test]
async fn takes_a_decision_without_a_context() {
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
async fn is_made_by_basic_get_unless_the_queue_is_empty() {
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
async fn tells_how_long_a_message_was_under_way() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let ago = |time: Duration| now.checked_sub(time).unwrap();
    let by_broker = |ms: i64| with_headers(&[("timestamp_in_ms", AMQPValue::LongLongInt(ms))]);
    let in_seconds = BasicProperties::default().with_timestamp(ago(Duration::from_secs(90)).as_secs());
    let in_ms = by_broker(i64::try_from(ago(Duration::from_secs(30)).as_millis()).unwrap());
    let rows = [
        ("the publisher's seconds", in_seconds.clone(), Some(90.0)),
        ("the broker's milliseconds", in_ms.clone(), Some(30.0)),
        ("both", in_ms.with_timestamp(0), Some(30.0)),
        ("a clock ahead", BasicProperties::default().with_timestamp(now.as_secs() + 3600), None),
        ("milliseconds for seconds", BasicProperties::default().with_timestamp(now.as_secs() * 1000), None),
        ("the end of time", BasicProperties::default().with_timestamp(u64::MAX), None),
        ("before all time", by_broker(i64::MIN), None),
        ("nothing", BasicProperties::default(), None),
    ];
    let mut consumer = broker.consume(&queue).await;
    for (name, properties, seconds) in rows {
        broker.publish_plain(&queue, b"", properties).await;
        next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();
        let told = tag(&broker.spans("process").pop().unwrap(), "rabbitmq.queue_time_ms");
        match seconds {
            None => assert_eq!(told, "", "{name}"),
            // An hour is what the slowest machine may take.
            Some(seconds) => {
                let told = told.parse::<f64>().unwrap() / 1000.0;
                assert!((seconds..seconds + 3600.0).contains(&told), "{name}: {told}");
            }
        }
    }
}

#[tokio::test]
async fn tells_that_a_message_comes_again() {
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
    assert_eq!(spans[0].parent_id, spans[1].parent_id, "both are below the producer");
}

#[tokio::test]
async fn tells_how_often_a_message_was_dead_lettered_and_why() {
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
    // Forwarded with its headers, it expires, and comes back with two deaths.
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
    // The broker keeps the headers of the trace.
    assert_eq!(spans[1].parent_id, Some(broker.spans("publish")[0].context.span_id()));
    assert_eq!(spans[2].parent_id, Some(broker.spans("publish")[1].context.span_id()));
}

#[tokio::test]
async fn captures_the_headers_that_were_asked_for() {
    let capture = |connection: opentracing_amqp::TracingConnection| {
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
async fn is_active_while_the_handler_runs() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    let tracer = broker.mock.tracer();
    let delivery = next(&mut broker.consume(&queue).await).await;
    let done = async {
        tracer.span("pack").start().finish();
        tokio::task::yield_now().await;
        delivery.ack(BasicAckOptions::default()).await.unwrap();
        tracer.span("afterwards").start().finish();
        "done"
    };
    assert_eq!(done.in_span_ref(delivery.span()).await, "done");
    assert!(tracer.active_context().is_none());
    broker.mock.assert_tree(&format!(
        "
        publish {queue} (producer)
          process {queue} (consumer)
            pack
            afterwards
    "
    ));
}

#[tokio::test]
async fn is_active_in_process_until_the_consumer_is_cancelled() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    for body in [b"1", b"2", b"3"] {
        broker.publish(&queue, body).await;
    }
    let (tracer, seen) = (broker.mock.tracer(), Mutex::new(Vec::new()));
    let consumer = broker.consume(&queue).await;
    let tag = consumer.tag();
    let handle = async |delivery: TracingDelivery| {
        tracer.span("handle").start().finish();
        seen.lock().unwrap().extend(delivery.data.iter().copied());
        let is_last = *delivery.data == *b"3";
        if *delivery.data != *b"2" {
            delivery.ack(BasicAckOptions::default()).await.unwrap();
        }
        drop(delivery);
        if is_last {
            broker.channel.basic_cancel(tag.clone(), BasicCancelOptions::default()).await?;
        }
        Ok::<_, lapin::Error>(())
    };
    process(consumer, handle).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), b"123");
    let outcomes: Vec<_> =
        broker.spans("process").iter().map(|span| crate::support::tag(span, "rabbitmq.outcome")).collect();
    assert_eq!(outcomes, ["ack", "dropped", "ack"]);
    let tree = "publish Q (producer)\n  process Q (consumer)\n    handle\n".repeat(3).replace('Q', queue.as_str());
    broker.mock.assert_tree(&tree);
}

#[tokio::test]
async fn tells_why_the_handler_failed() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    for body in [b"1", b"2", b"3"] {
        broker.publish(&queue, body).await;
    }
    let mut consumer = broker.consume(&queue).await;
    let kept = Mutex::new(None);
    let handle = async |delivery: TracingDelivery| -> Result<(), Box<dyn std::error::Error>> {
        match &*delivery.data {
            b"1" => Err("no such product".into()),
            b"2" => {
                delivery.ack(BasicAckOptions::default()).await?;
                Err("too late for the span".into())
            }
            _ => {
                *kept.lock().unwrap() = Some(delivery);
                Err("kept".into())
            }
        }
    };
    for failure in ["no such product", "too late for the span", "kept"] {
        assert_eq!(process(&mut consumer, &handle).await.unwrap_err().to_string(), failure);
    }
    check_outcome(&broker.spans("process")[0], "dropped", Some("handler"));
    check_outcome(&broker.spans("process")[1], "ack", None);
    assert_eq!(broker.spans("process").len(), 2, "somebody has the third");
    let kept = kept.into_inner().unwrap().unwrap();
    kept.ack(BasicAckOptions::default()).await.unwrap();
    check_outcome(&broker.spans("process")[2], "ack", Some("handler"));
    assert_eq!(broker.mock.tracer().stats().write_after_finish, 0);
}

#[tokio::test]
async fn is_active_in_a_delegate() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    // One comes before the delegate is there.
    broker.publish(&queue, b"1").await;
    let consumer = broker.consume(&queue).await;
    let (done, mut results) = mpsc::unbounded_channel();
    let tracer = broker.mock.tracer().clone();
    consumer.set_delegate(move |result: TracingDeliveryResult| {
        tracer.span("call").start().finish();
        let (tracer, done) = (tracer.clone(), done.clone());
        async move {
            let Some(delivery) = result.unwrap() else {
                done.send(None).unwrap();
                return;
            };
            tracer.span("handle").start().finish();
            delivery.ack(BasicAckOptions::default()).await.unwrap();
            done.send(Some(delivery.data.clone())).unwrap();
        }
    });
    assert_eq!(results.recv().await, Some(Some(b"1".to_vec())));
    broker.publish(&queue, b"2").await;
    assert_eq!(results.recv().await, Some(Some(b"2".to_vec())));
    // The broker cancels. One's own cancellation lets go of the delegate without a word, as lapin has it.
    broker.channel.queue_delete(queue.clone(), QueueDeleteOptions::default()).await.unwrap();
    assert_eq!(results.recv().await, Some(None));
    let message = "publish Q (producer)\n  process Q (consumer)\n    call\n    handle\n";
    broker.mock.assert_tree(&format!("{}call", message.repeat(2).replace('Q', queue.as_str())));
}

#[tokio::test]
async fn fails_with_a_panic_of_the_handler() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    let delivery = next(&mut broker.consume(&queue).await).await;
    let span = delivery.span().clone();
    let handling = async move {
        tokio::task::yield_now().await;
        panic!("no such product: {:?}", delivery.data);
    };
    let task = tokio::spawn(handling.in_span_ref(&span));
    assert!(task.await.unwrap_err().is_panic());
    let span = broker.span("process");
    assert!(span.is_failed, "{span:?}");
    check_tags(&span, &[("rabbitmq.outcome", "dropped")]);
}

#[tokio::test]
async fn is_that_of_a_plain_channel_that_consumes() {
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

/// Where the trait of the same method is not imported.
mod without_the_trait {
    use lapin::options::BasicAckOptions;

    use crate::support::{Broker, next};

    #[tokio::test]
    async fn is_active_in_its_own_in_span() {
        let Some(broker) = Broker::open().await else { return };
        let queue = broker.queue().await;
        broker.publish(&queue, b"").await;
        let tracer = broker.mock.tracer();
        let delivery = next(&mut broker.consume(&queue).await).await;
        let done = delivery.in_span(async {
            tracer.span("pack").start().finish();
            delivery.ack(BasicAckOptions::default()).await
        });
        assert!(done.await.unwrap());
        broker.mock.assert_tree(&format!("publish {queue} (producer)\n  process {queue} (consumer)\n    pack"));
    }
}
