//! Decorators.

use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions, ConfirmSelectOptions};
use opentracing_amqp::{AmqpDecorator, DeliveryOutcome, OutgoingMessage, PublishOutcome, TracingConnection};
use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, Decision, Span, SpanRef};

use crate::support::{Broker, check_tags, next, tag};

/// Records the arguments of its hooks.
struct RecordArguments;

impl AmqpDecorator for RecordArguments {
    fn on_send(&self, span: &mut Span, message: &OutgoingMessage<'_>) {
        span.set_tag("key", message.routing_key.to_owned())
            .set_tag("first", message.payload.first().copied().unwrap_or(0));
        assert!(message.properties.headers().is_none(), "the context is injected later");
    }

    fn on_sent(&self, span: &mut Span, outcome: PublishOutcome<'_>) {
        span.set_tag("outcome", format!("{outcome:?}"));
    }

    fn on_receive(&self, span: &mut Span, delivery: &Delivery) {
        span.set_operation_name("handle").set_tag("first", delivery.data.first().copied().unwrap_or(0));
    }

    fn on_settle(&self, span: &SpanRef, settlement: DeliveryOutcome<'_>) {
        span.set_tag("outcome", format!("{settlement:?}"));
        if let DeliveryOutcome::Nack { requeue: true } = settlement {
            span.set_tag("error", false);
        }
    }
}

fn decorated(connection: TracingConnection) -> TracingConnection {
    connection.decorator(RecordArguments)
}

#[tokio::test]
async fn run_once_per_span_after_the_standard_tags() {
    let Some(broker) = Broker::with(MockTracer::new(), decorated).await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"a").await;
    check_tags(&broker.span("publish"), &[("key", queue.as_str()), ("first", "97"), ("outcome", "Sent")]);
    broker.mock.reset();
    broker.channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    broker.publish(&queue, b"b").await;
    check_tags(&broker.span("publish"), &[("outcome", "Ack")]);
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
    let outcomes: Vec<_> = spans.iter().map(|span| tag(span, "outcome")).collect();
    let nack = "Nack { requeue: true }";
    // The order of deliveries that are settled at once is not specified.
    assert_eq!(outcomes, [nack, nack, "Ack", "Dropped"]);
    assert_eq!(broker.mock.tracer().stats().write_after_finish, 0);
}

#[tokio::test]
async fn run_for_spans_that_are_not_recorded() {
    let unsampled = MockTracer::with(|builder| builder.sampler(ConstSampler::new(Decision::Drop)));
    let Some(broker) = Broker::with(unsampled, decorated).await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"a").await;
    next(&mut broker.consume(&queue).await).await.ack(BasicAckOptions::default()).await.unwrap();
    assert_eq!(broker.mock.finished_spans(), []);
}
