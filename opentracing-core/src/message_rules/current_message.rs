//! The message that a loop handles.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::model::context::SpanContext;
use crate::recorder::current::{self, Place};

/// Where messages are received: a task of Tokio, or a thread.
#[derive(Clone, Copy, Debug)]
pub struct Receiver {
    is_future: bool,
}

impl Receiver {
    /// The task that polls this future. Outside of Tokio, tasks cannot be told apart, and there is no current message.
    pub const fn of_future() -> Self {
        Receiver { is_future: true }
    }

    /// The thread or task that makes this blocking call.
    pub const fn of_call() -> Self {
        Receiver { is_future: false }
    }

    fn place(self) -> Option<Place> {
        if self.is_future { Place::of_future() } else { Some(Place::here()) }
    }

    /// Notes that a message is awaited. Call it in each poll: a task that waits for a message while it handles another one runs several
    /// handlers at once, and has no current message.
    pub fn wait(self) {
        if current::is_in_use() {
            self.place().into_iter().for_each(current::receive);
        }
    }

    /// Makes a received message the current one. `context` is that of its span.
    pub fn receive(self, context: Option<&SpanContext>) -> Option<CurrentMessage> {
        let (place, context) = (self.place()?, context?);
        let serial = current::enter(place, context.clone());
        Some(CurrentMessage { place, serial, has_left: AtomicBool::new(false) })
    }
}

/// Makes a message the parent of spans that start without one, on the task or thread that received it, for as long as this lives.
///
/// Clients of brokers return messages to a loop, where no scope can be entered. This covers what such a loop does before it drops the message
/// and receives the next one:
///
/// - It is bound to the task that received the message, on whichever thread the task is polled. Other tasks do not see it, and neither do
///   spawned ones.
/// - While several messages of one task are alive, or the task waits for another message, none is the current one.
/// - The active span takes precedence, and so do explicit references.
///
/// A task that runs other work at the same time, by `join!` for example, cannot be told apart from the handling of the message.
///
/// ```
/// use opentracing_core::message_rules::Receiver;
/// use opentracing_core::mock::MockTracer;
///
/// let mock = MockTracer::new();
/// let receiver = Receiver::of_call();
/// receiver.wait();
/// let process = mock.tracer().span("process orders").start();
/// let current = receiver.receive(process.context().as_ref());
/// mock.tracer().span("send invoices").start().finish();
/// assert!(current.is_some_and(|current| current.leave()));
/// drop(process);
/// mock.assert_tree("
///     process orders
///       send invoices
/// ");
/// ```
#[derive(Debug)]
#[must_use = "the message is the current one only while this lives"]
pub struct CurrentMessage {
    place: Place,
    serial: u64,
    has_left: AtomicBool,
}

impl CurrentMessage {
    /// Whether a span has the message as its parent. `false` after it has ended.
    pub fn is_parent(&self) -> bool {
        !self.has_left.load(Ordering::Relaxed) && current::is_parent(self.place, self.serial)
    }

    /// Ends it. Returns whether a span had the message as its parent. `false` if it has ended.
    pub fn leave(&self) -> bool {
        !self.has_left.swap(true, Ordering::Relaxed) && current::leave(self.place, self.serial)
    }
}

impl Drop for CurrentMessage {
    fn drop(&mut self) {
        self.leave();
    }
}
