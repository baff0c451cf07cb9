//! AMQP transactions.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lapin::Error;
use opentracing_core::{Span, SpanKind, Value, tags};

use crate::outcome::PublishOutcome;
use crate::publish::publish::Publish;
use crate::settings::settings::Settings;
use crate::tags::error;

/// The messages that were published in the transaction of a channel. `None` if the channel is not transactional.
#[derive(Default)]
pub(crate) struct Transaction(Mutex<Option<Vec<Publish>>>);

impl Transaction {
    /// The broker made the channel transactional.
    pub(crate) fn select(&self) {
        self.lock().get_or_insert_default();
    }

    /// Adds a message that was written. Without a transaction, its span finishes now, and so it does in one that is too large: then the outcome
    /// of the message is not recorded.
    pub(crate) fn add(&self, mut publish: Publish) {
        match &mut *self.lock() {
            Some(messages) if messages.len() < MAX_MESSAGES => {
                publish.enter_transaction();
                messages.push(publish);
            }
            _ => publish.end(PublishOutcome::Sent, None),
        }
    }

    /// Records what became of the messages of the transaction. The next one begins.
    pub(crate) fn end(&self, outcome: PublishOutcome<'_>) -> usize {
        let messages = self.lock().as_mut().map(std::mem::take).unwrap_or_default();
        let count = messages.len();
        messages.into_iter().for_each(|publish| publish.end(outcome, None));
        count
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Publish>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The messages of one transaction whose outcome is recorded.
const MAX_MESSAGES: usize = 16_384;

/// Starts the span of a commit or a rollback.
pub(crate) fn start_span(settings: &Settings, operation: &'static str) -> Span {
    let Settings { tracer, component, .. } = settings;
    tracer.warn_if_unregistered();
    let mut span = tracer
        .span(operation)
        .kind(SpanKind::Client)
        .tag(tags::COMPONENT, Value::Static(component))
        .tag(tags::MESSAGING_OPERATION_NAME, Value::Static(operation))
        .tag(tags::PEER_SERVICE, settings.peer_service())
        .start();
    if let Some(peer) = settings.peer.as_ref().filter(|_| span.is_recording()) {
        peer.set_tags(&mut span);
    }
    span
}

/// Records the broker's answer to a commit or a rollback, and finishes its span.
pub(crate) fn finish_span(mut span: Span, messages: usize, result: Result<(), &Error>) {
    span.set(tags::MESSAGING_BATCH_MESSAGE_COUNT, i64::try_from(messages).unwrap_or(i64::MAX));
    if let Err(error) = result {
        error::record_lapin(&mut span, error);
    }
}
