//! The spans of transactions.

use opentracing_core::{Span, SpanKind, Value, tags};
use rdkafka::error::KafkaResult;

use crate::settings::ClientSettings;
use crate::tags::error;

/// How a transaction ends.
#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    Committed,
    Aborted,
}

impl Outcome {
    fn operation(self) -> &'static str {
        match self {
            Outcome::Committed => "commit transaction",
            Outcome::Aborted => "abort transaction",
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Outcome::Committed => "committed",
            Outcome::Aborted => "aborted",
        }
    }
}

/// Commits or aborts, and marks the spans of the records. If it fails, the transaction stays open: the program retries or aborts it.
pub(crate) fn end(client: &ClientSettings, outcome: Outcome, run: impl FnOnce() -> KafkaResult<()>) -> KafkaResult<()> {
    let mut span = start(client, outcome.operation());
    let result = span.in_scope(run);
    if result.is_ok() {
        let records = client.transaction.end(outcome.as_str());
        span.set_tag(tags::KAFKA_TRANSACTION_OUTCOME, Value::Static(outcome.as_str()))
            .set(tags::MESSAGING_BATCH_MESSAGE_COUNT, i64::try_from(records).unwrap_or(i64::MAX));
    }
    finish(span, &result);
    result
}

pub(crate) fn start(client: &ClientSettings, operation: &'static str) -> Span {
    let mut builder = client.settings.tracer.span(operation);
    builder.kind(SpanKind::Client).tag(tags::COMPONENT, Value::Static(client.settings.component));
    client.add_peer(&mut builder);
    let mut span = builder.start();
    span.set_tag(tags::MESSAGING_OPERATION_NAME, Value::Static(operation))
        .set_tag(tags::MESSAGING_OPERATION_TYPE, Value::Static("settle"));
    if let Some(id) = &client.client_id {
        span.set(tags::MESSAGING_CLIENT_ID, id);
    }
    if let Some(id) = &client.transactional_id {
        span.set(tags::KAFKA_TRANSACTIONAL_ID, id);
    }
    span
}

pub(crate) fn finish(mut span: Span, result: &KafkaResult<()>) {
    if let Err(failure) = result {
        error::record(&mut span, failure);
    }
}
