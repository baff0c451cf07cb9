//! Counters of messages.

use std::sync::atomic::{AtomicU64, Ordering};

/// What happened to a message, or to the client of a broker. Adapters count it by
/// [`Tracer::count_messages`](crate::Tracer::count_messages).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum MessageEvent {
    /// A message was received.
    Received,
    /// The span of a received message ended, no handler ran in it, and no span has it as the parent.
    Unhandled,
    /// A handler was dropped before it was done.
    Cancelled,
    /// A handler panicked.
    Panicked,
    /// A part of a context was left out of a message, because the message would have become too large.
    ContextShortened,
    /// A context was left out of a message, because the message would have become too large.
    ContextLeftOut,
    /// A broker refused the headers of a message. Contexts are no longer written for this client.
    HeadersRefused,
    /// A client could not receive.
    ReceiveFailed,
    /// Settling messages failed, such as a commit of offsets.
    SettleFailed,
    /// The partitions of a consumer were assigned anew.
    Rebalanced,
    /// A consumer was cancelled, by the program or by the broker.
    ConsumerCancelled,
    /// An untraced client was taken out of a traced one. What it sends and receives has no spans.
    Bypassed,
}

impl MessageEvent {
    const COUNT: usize = MessageEvent::Bypassed as usize + 1;
}

macro_rules! message_stats {
    ($($(#[$doc:meta])* $field:ident: $event:ident,)*) => {
        /// The counters of received and sent messages, for all clients of brokers that the tracer traces.
        #[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
        #[non_exhaustive]
        pub struct MessageStats {
            $($(#[$doc])* pub $field: u64,)*
        }

        impl MessageCounters {
            pub(crate) fn stats(&self) -> MessageStats {
                MessageStats { $($field: self.get(MessageEvent::$event),)* }
            }
        }
    };
}

message_stats! {
    /// Messages that were received.
    received: Received,
    /// Messages whose span ended without a handler, and without a span below it. Work that was done for them is in other traces.
    unhandled: Unhandled,
    /// Handlers that were dropped before they were done.
    cancelled: Cancelled,
    /// Handlers that panicked.
    panicked: Panicked,
    /// Sent messages without a part of their context, such as baggage, because they would have become too large.
    context_shortened: ContextShortened,
    /// Sent messages without their context, because they would have become too large.
    context_left_out: ContextLeftOut,
    /// Clients that no longer write contexts, because a broker refused the headers of a message.
    headers_refused: HeadersRefused,
    /// Errors of clients that wait for messages.
    receive_failed: ReceiveFailed,
    /// Messages or offsets that could not be settled.
    settle_failed: SettleFailed,
    /// Rebalances of consumers.
    rebalanced: Rebalanced,
    /// Consumers that were cancelled, by the program or by the broker, for example because their queue was deleted.
    consumers_cancelled: ConsumerCancelled,
    /// Untraced clients that were taken out of traced ones.
    bypassed: Bypassed,
}

/// The counters of [`MessageStats`]. Any thread may write them. A message costs far more than an increment.
#[derive(Default)]
pub(crate) struct MessageCounters([AtomicU64; MessageEvent::COUNT]);

impl MessageCounters {
    /// Returns the number before.
    pub(crate) fn add(&self, event: MessageEvent, number: u64) -> u64 {
        self.0[event as usize].fetch_add(number, Ordering::Relaxed)
    }

    fn get(&self, event: MessageEvent) -> u64 {
        self.0[event as usize].load(Ordering::Relaxed)
    }
}
