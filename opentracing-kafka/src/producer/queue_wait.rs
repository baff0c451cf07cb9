//! Waiting for room in the producer's queue.

use std::sync::Arc;

use opentracing_core::{Span, Value, logs, tags};

use crate::outcome::RecordOutcome;
use crate::settings::ClientSettings;

/// Holds the span of a record while the record waits for room in the producer's queue. Dropping it records that the caller cancelled.
pub(crate) struct QueueWait {
    client: Arc<ClientSettings>,
    /// `None` unless the record is waiting.
    span: Option<Span>,
    has_logged: bool,
}

impl QueueWait {
    pub(crate) fn new(client: &Arc<ClientSettings>) -> Self {
        QueueWait { client: client.clone(), span: None, has_logged: false }
    }

    /// Keeps the span until the next attempt. The first call logs that the queue is full.
    pub(crate) fn wait(&mut self, span: Span) {
        let span = self.span.insert(span);
        if !std::mem::replace(&mut self.has_logged, true) {
            span.log_kv(&[
                (logs::EVENT, Value::Static("queue_full")),
                (logs::MESSAGE, Value::Static("waiting for room in the producer's queue")),
            ]);
        }
    }

    /// Returns the span for the next attempt.
    pub(crate) fn take(&mut self) -> Option<Span> {
        self.span.take()
    }
}

impl Drop for QueueWait {
    fn drop(&mut self) {
        let Some(span) = self.span.as_mut().filter(|_| !std::thread::panicking()) else { return };
        span.set_tag(tags::KAFKA_OUTCOME, Value::Static("cancelled"));
        let decorators = &self.client.settings.decorators;
        decorators.iter().for_each(|decorator| decorator.on_sent(span, RecordOutcome::Cancelled));
    }
}
