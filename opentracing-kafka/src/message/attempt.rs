//! One attempt to handle a message.

use std::sync::Arc;

use opentracing_core::Span;
use opentracing_core::message_rules::{Attempts, HandlerOutput, Handling, handle_blocking};

use crate::message::received_message::ReceivedMessage;
use crate::message::receiving;
use crate::message::work::{Handle, Senders};
use crate::settings::ClientSettings;
use crate::state::failures::Position;

/// An attempt that has begun. Unless it succeeds, the message is remembered, so that its span is joined if it is received again.
pub(crate) struct Attempt {
    client: Arc<ClientSettings>,
    /// `None` for a batch, which is not received again as such.
    position: Option<Position>,
    attempts: Attempts,
    has_succeeded: bool,
}

impl Attempt {
    /// Begins an attempt to handle one message.
    pub(crate) fn begin<M: ReceivedMessage>(handle: &Handle, message: &M) -> (Self, Span) {
        let restart =
            |senders: &Senders, attempts: &Attempts| receiving::start(&handle.client, message, senders, attempts);
        let (span, attempts) = handle.begin(restart);
        let position = span.context().map(|_| Position::of(message));
        (Attempt { client: handle.client.clone(), position, attempts, has_succeeded: false }, span)
    }

    /// The number of attempts so far, with this one.
    pub(crate) fn number(&self) -> u32 {
        self.attempts.number()
    }

    /// Runs the handler. Returns the span with its output.
    pub(crate) async fn run<F>(&mut self, span: Span, handler: F) -> (F::Output, Span)
    where
        F: Future<Output: HandlerOutput>,
    {
        let (output, span) = Handling::new(&self.client.settings.tracer, span, handler).await;
        self.has_succeeded = output.failure().is_none();
        (output, span)
    }

    pub(crate) fn run_blocking<T: HandlerOutput>(&mut self, span: &mut Span, handler: impl FnOnce() -> T) -> T {
        let output = handle_blocking(&self.client.settings.tracer, span, handler);
        self.has_succeeded = output.failure().is_none();
        output
    }

    /// The message was moved on, so it is not received again.
    pub(crate) fn forget(&mut self) {
        self.has_succeeded = true;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.has_succeeded
            && let Some(position) = self.position.take()
        {
            self.client.failures.add(position, self.attempts.clone());
        }
    }
}
