//! Hooks of a user's own.

use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions, ConfirmSelectOptions};
use opentracing_amqp::{Publication, PublishOutcome, Settlement, SpanDecorator, TracingConnection};
use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, Decision, Span, SpanRef};

use crate::support::{Broker, check_tags, next, tag};

/// Tells what it is called with.
struct Tell;

impl SpanDecorator for Tell {
    fn on_publish(&self, span: &mut Span, message: Publication<'_>) {
        span.set_tag("key", &message.routing_key.to_owned())
            .set_tag("first", message.payload.first().copied().unwrap_or(0));
        assert!(message.properties.headers().is_none(), "the caller's own");
    }

    fn on_published(&self, span: &mut Span, outcome: PublishOutcome<'_>) {
        span.set_tag("told", &format!("{outcome:?}"));
    }

    fn on_delivery(&self, span: &mut Span, delivery: &Delivery) {
        span.set_operation_name("handle").set_tag("first", delivery.data.first().copied().unwrap_or(0));
    }

    fn on_settled(&self, span: &SpanRef, settlement: Settlement<'_>) {
        span.set_tag("told", &format!("{settlement:?}"));
        if let Settlement::Nack { requeue: true } = settlement {
            span.set_tag("error", false);
        }
    }
}

fn telling(connection: TracingConnection) -> TracingConnection {
    connection.decorator(Tell)
}

#[tokio::test]
async fn are_called_once_a_span_and_have_the_last_word() {
    let Some(broker) = Broker::with(MockTracer::new(), telling).await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"a").await;
    check_tags(&broker.span("publish"), &[("key", queue.as_str()), ("first", "97"), ("told", "Sent")]);
    broker.mock.reset();
    broker.channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    broker.publish(&queue, b"b").await;
    check_tags(&broker.span("publish"), &[("told", "Ack")]);
    broker.mock.reset();

    let mut consumer = broker.consume(&queue).await;
    let first = next(&mut consumer).await;
    let second = next(&mut consumer).await;
    second.nack(BasicNackOptions { multiple: true, requeue: true }).await.unwrap();
    drop((first, second));
    let again = next(&mut consumer).await;
    again.ack(BasicAckOptions::default()).await.unwrap();
    drop((again, next(&mut consumer).await));
    let spans = broker.mock.finished_spans();
    assert!(spans.iter().all(|span| *span.operation_name == *"handle" && !span.is_failed), "{spans:?}");
    let told: Vec<_> = spans.iter().map(|span| tag(span, "told")).collect();
    let nack = "Nack { requeue: true }";
    // Which of the two at once ends first is not said.
    assert_eq!(told, [nack, nack, "Ack", "Dropped"]);
    assert_eq!(broker.mock.tracer().stats().write_after_finish, 0);
}

#[tokio::test]
async fn are_called_for_spans_that_are_not_recorded() {
    let unsampled = MockTracer::with(|builder| builder.sampler(ConstSampler::new(Decision::Drop)));
    let Some(broker) = Broker::with(unsampled, telling).await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"a").await;
    next(&mut broker.consume(&queue).await).await.ack(BasicAckOptions::default()).await.unwrap();
    assert_eq!(broker.mock.finished_spans(), []);
}
