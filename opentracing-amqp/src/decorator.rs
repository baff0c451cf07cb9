//! Hooks: what is written to a span at the stations of a message.

use lapin::message::{BasicReturnMessage, Delivery};
use lapin::{BasicProperties, Error};
use opentracing_core::{Span, SpanRef};

/// Writes to the spans of messages what its user wants to see there: further tags, another operation name, another view of what an
/// error is.
///
/// The standard tags are set first, so a decorator may overwrite them. Each hook runs once a span at most, on the thread that polls or
/// drops what belongs to it, also for spans that are not recorded: what is expensive to make belongs into
/// [`set_tag_with`](Span::set_tag_with). Hooks must not block. A panic is the caller's.
///
/// ```
/// use opentracing_amqp::{Settlement, SpanDecorator};
/// use opentracing_core::SpanRef;
///
/// /// A message that goes back into its queue was not handled wrongly.
/// struct TryAgain;
///
/// impl SpanDecorator for TryAgain {
///     fn on_settled(&self, span: &SpanRef, settlement: Settlement<'_>) {
///         if let Settlement::Nack { requeue: true } | Settlement::Reject { requeue: true } = settlement {
///             span.set_tag("error", false);
///         }
///     }
/// }
/// ```
pub trait SpanDecorator: Send + Sync + 'static {
    /// The span of publishing a message has just started, and the message is sent next.
    fn on_publish(&self, span: &mut Span, message: Publication<'_>) {
        let _ = (span, message);
    }

    /// It is known what became of a message that was published, or nobody waits for that. The span finishes next.
    fn on_published(&self, span: &mut Span, outcome: PublishOutcome<'_>) {
        let _ = (span, outcome);
    }

    /// The span of a delivery has just started, and whoever consumes gets it next.
    fn on_delivery(&self, span: &mut Span, delivery: &Delivery) {
        let _ = (span, delivery);
    }

    /// A delivery was settled, or dropped without that. The span finishes next. Does not run while a panic unwinds.
    fn on_settled(&self, span: &SpanRef, settlement: Settlement<'_>) {
        let _ = (span, settlement);
    }
}

/// A message that is published.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Publication<'a> {
    /// Where it goes; empty for the default exchange.
    pub exchange: &'a str,
    /// By which key; with the default exchange the queue.
    pub routing_key: &'a str,
    /// As the caller gave them: the trace headers come later.
    pub properties: &'a BasicProperties,
    /// The body.
    pub payload: &'a [u8],
}

/// What became of a message that was published.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum PublishOutcome<'a> {
    /// It was written to the connection. The channel has no confirms, so that nothing else will be known.
    Sent,
    /// The broker has taken it.
    Ack,
    /// The broker has refused it.
    Nack,
    /// It was mandatory, and there was no queue for it. The broker says so beside an ack.
    Returned(&'a BasicReturnMessage),
    /// Nobody waited for the confirm.
    Unconfirmed,
    /// Nobody waited until it was written. It may have been, or not.
    Cancelled,
    /// It could not be sent, or the channel ended before the confirm came.
    Failed(&'a Error),
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Settlement<'a> {
    /// It was acknowledged, by itself or with others.
    Ack,
    /// It was refused, by itself or with others.
    Nack {
        /// It goes back into the queue.
        requeue: bool,
    },
    /// It was refused.
    Reject {
        /// It goes back into the queue.
        requeue: bool,
    },
    /// It was dropped, and there was nothing to settle: the consumer has `no_ack`.
    Done,
    /// It was dropped unsettled. The broker delivers it again when the channel is gone.
    Dropped,
    /// A clone of its acker has settled it, in a way that is not known.
    Settled,
    /// Its channel had ended or recovered, so the broker knows nothing of it any more, and delivers it again.
    Stale,
    /// It could not be settled, as the channel had ended.
    Failed(&'a Error),
}
