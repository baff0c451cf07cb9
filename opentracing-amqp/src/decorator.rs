//! Hooks that write to the spans of messages.

use lapin::BasicProperties;
use lapin::message::Delivery;
use opentracing_core::{Span, SpanRef};

use crate::outcome::{DeliveryOutcome, PublishOutcome};

/// Hooks that add to the spans of messages: more tags, another operation name, or another definition of an error.
///
/// Hooks run after the standard tags are set, so they can overwrite them. Each hook runs at most once per span, on the thread that
/// polls, settles or drops the message. Hooks also run for spans that are not recorded; use [`set_tag_with`](Span::set_tag_with) for
/// values that are expensive to compute. Hooks must not block. A panic in a hook reaches the caller.
///
/// ```
/// use opentracing_amqp::{AmqpDecorator, DeliveryOutcome};
/// use opentracing_core::SpanRef;
///
/// /// A requeued message is retried, so its span is not an error.
/// struct RequeueIsNoError;
///
/// impl AmqpDecorator for RequeueIsNoError {
///     fn on_settle(&self, span: &SpanRef, settlement: DeliveryOutcome<'_>) {
///         if let DeliveryOutcome::Nack { requeue: true } = settlement {
///             span.set_tag("error", false);
///         }
///     }
/// }
/// ```
pub trait AmqpDecorator: Send + Sync + 'static {
    /// Runs when the span of a published message has started, before the message is sent and before its context is injected.
    fn on_send(&self, span: &mut Span, message: &OutgoingMessage<'_>) {
        let _ = (span, message);
    }

    /// Runs when the outcome of a published message is known, or when nobody waits for it any more. The span finishes next. Does not
    /// run while a panic unwinds. It must not publish on the same channel, which may be locked.
    fn on_sent(&self, span: &mut Span, outcome: PublishOutcome<'_>) {
        let _ = (span, outcome);
    }

    /// Runs when the span of a delivery has started, before the consumer gets the delivery.
    fn on_receive(&self, span: &mut Span, delivery: &Delivery) {
        let _ = (span, delivery);
    }

    /// Runs when a delivery was settled, or dropped without being settled. The span finishes next. Does not run while a panic unwinds.
    fn on_settle(&self, span: &SpanRef, settlement: DeliveryOutcome<'_>) {
        let _ = (span, settlement);
    }
}

/// A message that is about to be published.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OutgoingMessage<'a> {
    /// The exchange; empty for the default exchange.
    pub exchange: &'a str,
    /// The routing key. With the default exchange it is the name of the queue.
    pub routing_key: &'a str,
    /// The properties as the caller passed them, without the trace headers.
    pub properties: &'a BasicProperties,
    /// The body.
    pub payload: &'a [u8],
}
