//! Several attempts to handle a delivery, and handlers that do not return.

use std::future::pending;

use futures_util::FutureExt;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use opentracing_amqp::{AmqpDelivery, TracingChannel, TracingDelivery, process};
use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, ReferenceKind};
use tokio::task::yield_now;

use crate::support::{Broker, check_outcome, check_tags, long, next, tag, with_headers};

const ACK: BasicAckOptions = BasicAckOptions { multiple: false };
const NACK: BasicNackOptions = BasicNackOptions { multiple: false, requeue: false };

/// A delivery with its publisher's span.
async fn delivery(broker: &Broker) -> TracingDelivery {
    let queue = broker.queue().await;
    broker.publish(&queue, b"42").await;
    next(&mut broker.consume(&queue).await).await
}

#[tokio::test]
async fn each_attempt_has_a_span_that_refers_to_the_one_before() {
    let Some(broker) = Broker::open().await else { return };
    let order = delivery(&broker).await;
    let tracer = broker.mock.tracer();
    for attempt in 1..=3 {
        let handling = order.handle(async {
            yield_now().await;
            tracer.span("store").start().finish();
            if attempt < 3 { Err("database is down") } else { Ok(()) }
        });
        assert_eq!(handling.await.is_ok(), attempt == 3);
    }
    order.ack(ACK).await.unwrap();
    let queue = order.routing_key.as_str();
    broker.mock.assert_tree(&format!(
        "
        publish {queue} (producer)
          process {queue} (consumer) !
            store
          process {queue} (consumer) !
            store
          process {queue} (consumer)
            store
    "
    ));
    let (publish, spans) = (broker.span("publish"), broker.spans("process"));
    for (index, span) in spans.iter().enumerate() {
        check_tags(span, &[("messaging.attempt", &(index + 1).to_string())]);
        check_outcome(span, if index == 2 { "ack" } else { "" }, (index < 2).then_some("handler"));
        let before = index.checked_sub(1).map(|before| spans[before].context.span_id());
        let expected: Vec<_> = [Some(publish.context.span_id()), before].into_iter().flatten().collect();
        let references: Vec<_> = span.references.iter().map(|reference| reference.context.span_id()).collect();
        assert_eq!(references, expected);
        assert!(span.references.iter().all(|reference| reference.kind == ReferenceKind::FollowsFrom));
        assert!(span.context.trace_id() == publish.context.trace_id());
    }
    let stats = tracer.stats();
    assert_eq!((stats.messages.received, stats.messages.unhandled, stats.write_after_finish), (1, 0, 0));
}

#[tokio::test]
async fn a_failed_attempt_does_not_last_until_the_next_one() {
    let Some(broker) = Broker::open().await else { return };
    let order = delivery(&broker).await;
    order.handle(async { Err::<(), _>("database is down") }).await.unwrap_err();
    broker.mock.clock().advance(std::time::Duration::from_secs(1));
    order.handle(async {}).await;
    order.ack(ACK).await.unwrap();
    assert!(broker.spans("process").iter().all(|span| span.duration() < std::time::Duration::from_secs(1)));
}

#[tokio::test]
async fn a_handler_after_the_settlement_has_a_span_as_well() {
    let Some(broker) = Broker::open().await else { return };
    let order = delivery(&broker).await;
    order.handle(async { order.ack(ACK).await }).await.unwrap();
    order.handle(async { Err::<(), _>("no mail") }).await.unwrap_err();
    check_outcome(&broker.spans("process")[0], "ack", None);
    check_outcome(&broker.spans("process")[1], "", Some("handler"));
    drop(order);
    assert_eq!(broker.spans("process").len(), 2);
    assert_eq!(broker.mock.tracer().stats().open(), 0);
}

#[tokio::test]
async fn why_a_message_was_rejected_is_in_its_span() {
    let Some(broker) = Broker::open().await else { return };
    let failing = async || Err::<(), _>("database is down");
    // Rejected after the handler, inside of it, in `process`, and without a handler.
    let order = delivery(&broker).await;
    order.handle(failing()).await.unwrap_err();
    order.nack(NACK).await.unwrap();
    let order = delivery(&broker).await;
    let handling = order.handle(async {
        order.nack(NACK).await.unwrap();
        failing().await
    });
    handling.await.unwrap_err();
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    let handle = async |order: TracingDelivery| -> Result<(), Box<dyn std::error::Error>> {
        order.nack(NACK).await?;
        Err("database is down".into())
    };
    process(&mut broker.consume(&queue).await, handle).await.unwrap_err();
    for span in broker.spans("process") {
        check_outcome(&span, "nack", Some("handler"));
        let messages: Vec<_> = span.logs.iter().filter_map(|log| log.field("message")).collect();
        assert_eq!(messages, ["database is down".into()]);
    }
    broker.mock.reset();
    delivery(&broker).await.nack(NACK).await.unwrap();
    check_outcome(&broker.span("process"), "nack", Some("nack"));
}

#[tokio::test]
async fn cancelled_panicked_and_unhandled_messages_are_told_apart() {
    let Some(broker) = Broker::open().await else { return };
    let cancelled = delivery(&broker).await;
    assert!(cancelled.handle(pending::<()>()).now_or_never().is_none());
    cancelled.nack(NACK).await.unwrap();

    let panicked = delivery(&broker).await;
    let handling = tokio::spawn(async move {
        let panic = async {
            yield_now().await;
            assert!(panicked.data.is_empty(), "no such product");
        };
        panicked.handle(panic).await;
    });
    assert!(handling.await.unwrap_err().is_panic());

    delivery(&broker).await.ack(ACK).await.unwrap();
    drop(delivery(&broker).await);
    let by_hand = delivery(&broker).await;
    async {}.in_span_ref(&by_hand.span()).await;
    by_hand.ack(ACK).await.unwrap();

    let spans = broker.spans("process");
    let outcomes: Vec<_> = spans.iter().map(|span| tag(span, "messaging.outcome")).collect();
    assert_eq!(outcomes, ["cancelled", "panicked", "unhandled", "unhandled", ""]);
    check_outcome(&spans[0], "nack", Some("nack"));
    check_tags(&spans[1], &[("rabbitmq.outcome", "dropped"), ("error", "true")]);
    check_outcome(&spans[2], "ack", None);
    let counted = broker.mock.tracer().stats().messages;
    assert_eq!((counted.received, counted.unhandled, counted.cancelled, counted.panicked), (5, 2, 1, 1));
    let report = broker.mock.tracer().report().to_string();
    assert!(report.contains("5 messages received, 2 never handled in their span"), "{report}");
}

#[tokio::test]
async fn a_blocking_handler_that_panics_is_told_apart() {
    let Some(broker) = Broker::open().await else { return };
    let order = delivery(&broker).await;
    let handling = std::panic::AssertUnwindSafe(|| order.handle_blocking(|| assert!(order.data.is_empty())));
    assert!(std::panic::catch_unwind(handling).is_err());
    order.ack(ACK).await.unwrap();
    let span = broker.span("process");
    check_tags(&span, &[("messaging.outcome", "panicked"), ("rabbitmq.outcome", "ack"), ("error", "true")]);
}

#[tokio::test]
async fn settling_in_a_generic_function_is_recorded() {
    async fn handle(order: &impl AmqpDelivery) {
        order.ack(ACK).await.unwrap();
    }
    let Some(broker) = Broker::open().await else { return };
    let order = delivery(&broker).await;
    order.handle(handle(&order)).await;
    check_outcome(&broker.span("process"), "ack", None);
}

#[tokio::test]
async fn process_takes_closures_that_change_what_they_capture() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    for _ in 0..3 {
        broker.publish(&queue, b"").await;
    }
    let mut count = 0;
    let mut consumer = broker.consume(&queue).await;
    let counting = process(&mut consumer, async |order: TracingDelivery| {
        count += 1;
        order.ack(ACK).await?;
        if count < 3 { Ok(()) } else { Err(Box::<dyn std::error::Error>::from("enough")) }
    });
    assert_eq!(counting.await.unwrap_err().to_string(), "enough");
    assert_eq!(count, 3);
    let outcomes: Vec<_> = broker.spans("process").iter().map(|span| tag(span, "rabbitmq.outcome")).collect();
    assert_eq!(outcomes, ["ack"; 3]);
}

/// Receives a message, whose handler fails some times, and puts it back.
async fn fail(order: TracingDelivery, times: u32) {
    for _ in 0..times {
        order.handle(async { Err::<(), _>("database is down") }).await.unwrap_err();
    }
    order.nack(BasicNackOptions { multiple: false, requeue: true }).await.unwrap();
}

#[tokio::test]
async fn messages_that_share_a_context_do_not_share_attempts() {
    let Some(broker) = Broker::open().await else { return };
    let trace = long("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let context = || with_headers(&[("traceparent", trace.clone())]);
    let id = |id: &str| context().with_message_id(id.into());
    for messages in [[(b"1", context()), (b"2", context())], [(b"1", id("a")), (b"1", id("b"))]] {
        broker.mock.reset();
        let queue = broker.queue().await;
        for (body, properties) in messages {
            broker.publish_plain(&queue, body, properties).await;
        }
        let mut consumer = broker.consume(&queue).await;
        let (first, second) = (next(&mut consumer).await, next(&mut consumer).await);
        let (properties, body) = (first.properties.clone(), first.data.clone());
        fail(first, 3).await;
        fail(second, 1).await;
        for _ in 0..2 {
            let again = next(&mut consumer).await;
            let is_first = again.properties.message_id() == properties.message_id() && again.data == body;
            again.ack(ACK).await.unwrap();
            let span = broker.spans("process").pop().unwrap();
            check_tags(&span, &[("messaging.attempt", if is_first { "4" } else { "2" })]);
        }
    }
}

#[tokio::test]
async fn tracers_do_not_share_attempts() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"42").await;
    let mut consumer = broker.consume(&queue).await;
    let order = next(&mut consumer).await;
    broker.channel.basic_cancel(consumer.tag(), Default::default()).await.unwrap();
    fail(order, 3).await;
    let other = MockTracer::new();
    let channel = TracingChannel::with_tracer(other.tracer().clone(), broker.channel.get_ref().clone());
    let consumer = channel.basic_consume(queue, "".into(), Default::default(), Default::default()).await.unwrap();
    let order = next(&mut { consumer }).await;
    order.ack(ACK).await.unwrap();
    let span = &other.finished_spans()[0];
    check_tags(span, &[("messaging.attempt", "2"), ("rabbitmq.redelivered", "true")]);
    assert_eq!(span.references.len(), 1);
}
