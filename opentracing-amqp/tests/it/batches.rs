//! Deliveries that are handled together.

use futures_util::StreamExt;
use lapin::BasicProperties;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use opentracing_amqp::{TracingBatch, TracingConsumer};
use opentracing_core::InSpan;
use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, Decision, ReferenceKind};

use crate::support::{Broker, check_outcome, check_tags, long, next, with_headers};

/// A batch of messages that were published in one span each.
async fn batch(broker: &Broker, messages: usize) -> (TracingBatch, TracingConsumer) {
    let queue = broker.queue().await;
    for number in 0..messages {
        let order = broker.mock.tracer().span("order").start();
        broker.publish(&queue, number.to_string().as_bytes()).in_span(order).await;
    }
    let mut consumer = broker.consume(&queue).await;
    let mut deliveries = Vec::new();
    for _ in 0..messages {
        deliveries.push(next(&mut consumer).await);
    }
    (consumer.batch(deliveries), consumer)
}

#[tokio::test]
async fn a_batch_has_one_span_that_refers_to_each_publisher() {
    let Some(broker) = Broker::open().await else { return };
    let (batch, _consumer) = batch(&broker, 3).await;
    let tracer = broker.mock.tracer();
    batch.handle(async { tracer.span("insert").start().finish() }).await;
    assert_eq!(batch.len(), 3);
    assert_eq!(broker.spans("process").len(), 0, "the deliveries are not settled");
    // The last of the batch settles the others.
    batch[2].ack(BasicAckOptions { multiple: true }).await.unwrap();
    let span = broker.span("process");
    check_outcome(&span, "ack", None);
    check_tags(&span, &[("messaging.batch.message_count", "3"), ("messaging.message.body.size", "3")]);
    let references: Vec<_> = span.references.iter().map(|reference| reference.context.span_id()).collect();
    let publishers: Vec<_> = broker.spans("publish").iter().map(|span| span.context.span_id()).collect();
    assert_eq!(references, publishers);
    assert!(span.references.iter().all(|reference| reference.kind == ReferenceKind::FollowsFrom));
    assert_eq!(broker.mock.span("insert").parent_id, Some(span.context.span_id()));
    drop(batch);
    assert_eq!(broker.spans("process").len(), 1);
    let stats = tracer.stats();
    assert_eq!((stats.open(), stats.messages.received, stats.messages.unhandled), (0, 3, 0));
}

#[tokio::test]
async fn a_batch_is_settled_with_its_last_delivery() {
    let Some(broker) = Broker::open().await else { return };
    let (settled, _consumer) = batch(&broker, 3).await;
    settled.handle(async { Err::<(), _>("database is down") }).await.unwrap_err();
    settled[0].ack(BasicAckOptions::default()).await.unwrap();
    settled[1].nack(BasicNackOptions::default()).await.unwrap();
    assert_eq!(broker.spans("process").len(), 0);
    settled[2].ack(BasicAckOptions::default()).await.unwrap();
    check_outcome(&broker.span("process"), "nack", Some("handler"));

    broker.mock.reset();
    let (acknowledged, _consumer) = batch(&broker, 2).await;
    acknowledged.ack().await.unwrap();
    check_outcome(&broker.span("process"), "ack", None);
    check_tags(&broker.span("process"), &[("messaging.outcome", "unhandled")]);
    broker.mock.reset();
    let (rejected, _consumer) = batch(&broker, 2).await;
    rejected.handle_blocking(|| ());
    rejected.nack(BasicNackOptions { multiple: false, requeue: true }).await.unwrap();
    check_outcome(&broker.span("process"), "nack", Some("nack"));
    broker.mock.reset();
    let (dropped, _consumer) = batch(&broker, 2).await;
    drop(dropped.into_inner());
    check_outcome(&broker.span("process"), "dropped", None);
    assert_eq!(broker.mock.tracer().stats().messages.unhandled, 4);
}

#[tokio::test]
async fn a_second_attempt_refers_to_the_first() {
    let Some(broker) = Broker::open().await else { return };
    let (batch, _consumer) = batch(&broker, 2).await;
    batch.handle(async { Err::<(), _>("database is down") }).await.unwrap_err();
    batch.handle(async {}).await;
    batch.ack().await.unwrap();
    let spans = broker.spans("process");
    check_outcome(&spans[0], "", Some("handler"));
    check_outcome(&spans[1], "ack", None);
    check_tags(&spans[1], &[("messaging.attempt", "2")]);
    assert_eq!(spans[1].references[2].context.span_id(), spans[0].context.span_id());
}

#[tokio::test]
async fn chunks_of_a_stream_become_a_batch() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    for _ in 0..3 {
        broker.publish(&queue, b"").await;
    }
    let consumer = broker.consume(&queue).await;
    let mut chunks = consumer.clone().chunks(3);
    let deliveries: Result<Vec<_>, _> = chunks.next().await.unwrap().into_iter().collect();
    let batch = consumer.batch(deliveries.unwrap());
    batch.handle(async {}).await;
    batch.ack().await.unwrap();
    assert_eq!(broker.span("process").references.len(), 3);
}

#[tokio::test]
async fn an_empty_batch_has_no_span() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let batch = broker.consume(&queue).await.batch(Vec::new());
    assert!(batch.span().is_noop() && batch.is_empty());
    batch.handle(async { Err::<(), _>("nothing to do") }).await.unwrap_err();
    batch.ack().await.unwrap();
    assert_eq!(broker.mock.finished_spans(), []);
}

#[tokio::test]
async fn a_batch_of_unsampled_messages_is_not_sampled() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    let context = |ids: &str, flags: &str| with_headers(&[("traceparent", long(&format!("00-{ids}-{flags}")))]);
    let ids = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
    let rows: [(&str, Vec<BasicProperties>, usize); 3] = [
        ("one of them", vec![context(ids, "00"), context(ids, "01")], 1),
        ("all of them", vec![context(ids, "00"), context(ids, "00")], 0),
        ("and one without a context", vec![context(ids, "00"), BasicProperties::default()], 1),
    ];
    let mut consumer = broker.consume(&queue).await;
    for (name, messages, spans) in rows {
        let mut deliveries = Vec::new();
        for properties in messages {
            broker.publish_plain(&queue, b"", properties).await;
            deliveries.push(next(&mut consumer).await);
        }
        consumer.batch(deliveries).ack().await.unwrap();
        assert_eq!(broker.spans("process").len(), spans, "{name}");
        broker.mock.reset();
    }
}

#[tokio::test]
async fn a_batch_without_recording_works() {
    let unsampled = MockTracer::with(|builder| builder.sampler(ConstSampler::new(Decision::Drop)));
    let Some(broker) = Broker::with(unsampled, |connection| connection).await else { return };
    let (batch, _consumer) = batch(&broker, 2).await;
    batch.handle(async {}).await;
    batch.ack().await.unwrap();
    assert_eq!(broker.mock.finished_spans(), []);
}
