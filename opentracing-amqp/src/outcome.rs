//! How publishing a message, or handling a delivery, ended.

use lapin::Error;
use lapin::message::BasicReturnMessage;

/// How publishing a message ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum PublishOutcome<'a> {
    /// The message was written to the connection. The channel is not in confirm mode, so the broker does not answer.
    Sent,
    /// The broker acknowledged the message.
    Ack,
    /// The broker rejected the message.
    Nack,
    /// The message was mandatory and no queue was bound for it. The broker returns such a message and also acknowledges it.
    Returned(&'a BasicReturnMessage),
    /// The confirm and the channel were dropped before the broker answered.
    Unconfirmed,
    /// The call was dropped before the message was written completely. The broker may or may not get it.
    Cancelled,
    /// The transaction of the message was committed.
    Committed,
    /// The transaction of the message was rolled back, or the channel was dropped before it was committed.
    RolledBack,
    /// The message could not be sent, or the channel was closed before the broker answered.
    Failed(&'a Error),
}

/// How a delivery ended: how it was settled, or that it was not.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum DeliveryOutcome<'a> {
    /// Acknowledged, alone or together with others.
    Ack,
    /// Negatively acknowledged, alone or together with others.
    Nack {
        /// Whether the message goes back to its queue.
        requeue: bool,
    },
    /// Rejected.
    Reject {
        /// Whether the message goes back to its queue.
        requeue: bool,
    },
    /// Sent to a dead-letter destination by a [`SettlePolicy`](crate::SettlePolicy), and acknowledged.
    DeadLettered,
    /// Dropped by a consumer with `no_ack`, where there is nothing to settle.
    NotRequired,
    /// Dropped unsettled. The broker redelivers the message when the channel closes.
    Dropped,
    /// Settled by a clone of the acker, so it is unknown whether the message was acknowledged.
    Unknown,
    /// The channel was closed or recovered after the delivery. The delivery can no longer be settled; the broker redelivers it.
    Stale,
    /// Settling failed because the channel was closed.
    Failed(&'a Error),
}

/// What a [`SettlePolicy`](crate::SettlePolicy) did with a delivery.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Settlement<E> {
    /// The handler succeeded, and the delivery was acknowledged.
    Settled,
    /// The handler failed, and the message went back to its queue.
    Requeued {
        /// The last error of the handler.
        error: E,
    },
    /// The handler failed, and the delivery was rejected: the broker sends the message to the dead-letter exchange of its queue, or discards
    /// it.
    Rejected {
        /// The last error of the handler.
        error: E,
    },
    /// The handler failed, and the message was published to the dead-letter destination.
    DeadLetter {
        /// The exchange; empty for the default exchange.
        exchange: String,
        /// The routing key. With the default exchange it is the name of the queue.
        routing_key: String,
        /// The last error of the handler.
        error: E,
    },
    /// The policy could not settle the delivery, because it was settled before, or because the channel was closed or recovered since. The
    /// broker redelivers what was not settled.
    Unsettled {
        /// The last error of the handler. `None` if it succeeded.
        error: Option<E>,
    },
}
