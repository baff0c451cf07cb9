//! AMQP transactions.

use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// A commit or a rollback, with its span. If the program drops it, nobody learns of the broker's answer, and the outcome of the messages is
/// `unconfirmed`.
pub(crate) struct TransactionCall<'a> {
    span: Span,
    /// `None` once the outcome is recorded.
    transaction: Option<&'a Transaction>,
}

impl<'a> TransactionCall<'a> {
    pub(crate) fn start(settings: &Settings, operation: &'static str, transaction: &'a Transaction) -> Self {
        let Settings { tracer, component, .. } = settings;
        tracer.warn_if_unregistered();
        let mut span = tracer
            .span(operation)
            .kind(SpanKind::Client)
            .tag(tags::COMPONENT, Value::Static(component))
            .tag(tags::MESSAGING_OPERATION_NAME, Value::Static(operation))
            .tag(tags::MESSAGING_OPERATION_TYPE, Value::Static("settle"))
            .tag(tags::PEER_SERVICE, settings.peer_service())
            .start();
        if let Some(peer) = settings.peer.as_ref().filter(|_| span.is_recording()) {
            peer.set_tags(&mut span);
        }
        TransactionCall { span, transaction: Some(transaction) }
    }

    /// Records the broker's answer, for the messages as well, and finishes the span.
    pub(crate) fn finish(mut self, outcome: PublishOutcome<'_>) {
        if let PublishOutcome::Failed(error) = outcome {
            error::record_lapin(&mut self.span, error);
        }
        self.end(outcome);
    }

    fn end(&mut self, outcome: PublishOutcome<'_>) {
        if let Some(transaction) = self.transaction.take() {
            let messages = transaction.end(outcome);
            self.span.set(tags::MESSAGING_BATCH_MESSAGE_COUNT, i64::try_from(messages).unwrap_or(i64::MAX));
        }
    }
}

impl Drop for TransactionCall<'_> {
    fn drop(&mut self) {
        if self.transaction.is_some() {
            self.span.set_tag(tags::RABBITMQ_OUTCOME, Value::Static("unconfirmed"));
            self.end(PublishOutcome::Unconfirmed);
        }
    }
}
