//! Commits of offsets.

use std::sync::Arc;
use std::time::SystemTime;

use opentracing_core::{MessageEvent, Span, SpanKind, Text, Value, tags};
use rdkafka::consumer::CommitMode;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::options::CommitSpan;
use crate::settings::ClientSettings;
use crate::tags::error;
use crate::tags::name::with_operation_name;

/// Runs a commit, and records it.
pub(crate) fn commit(
    client: &Arc<ClientSettings>,
    topic: impl FnOnce() -> Option<String>,
    mode: CommitMode,
    run: impl FnOnce() -> KafkaResult<()>,
) -> KafkaResult<()> {
    if client.settings.commit_span == CommitSpan::On {
        let mut span = start(client, topic().as_deref(), None);
        span.set_tag(
            tags::KAFKA_COMMIT_MODE,
            Value::Static(if matches!(mode, CommitMode::Sync) { "sync" } else { "async" }),
        );
        let result = span.in_scope(run);
        finish(client, span, &result);
        return result;
    }
    let began = SystemTime::now();
    let result = run();
    if result.is_err() {
        record_failed(client, topic, Some(began), &result);
    }
    result
}

/// Records the failure of a commit that was not awaited.
pub(crate) fn record_result(client: &Arc<ClientSettings>, offsets: &TopicPartitionList, result: &KafkaResult<()>) {
    if result.is_err() {
        record_failed(client, || topic_of(offsets), None, result);
    }
}

#[cold]
fn record_failed(
    client: &Arc<ClientSettings>,
    topic: impl FnOnce() -> Option<String>,
    began: Option<SystemTime>,
    result: &KafkaResult<()>,
) {
    let span = match client.settings.commit_span {
        CommitSpan::Off => Span::noop(),
        CommitSpan::Failed | CommitSpan::On => start(client, topic().as_deref(), began),
    };
    finish(client, span, result);
}

/// Counts a failure to store an offset for a later commit, and logs it in the active span.
pub(crate) fn store(client: &Arc<ClientSettings>, result: KafkaResult<()>) -> KafkaResult<()> {
    if let Err(failure) = &result {
        let tracer = &client.settings.tracer;
        tracer.count_messages(MessageEvent::SettleFailed, 1);
        tracer.with_active(|span| error::log_active(span, "store_offset_failed", failure));
    }
    result
}

fn start(client: &ClientSettings, topic: Option<&str>, began: Option<SystemTime>) -> Span {
    let start = |name: Text<'_>| {
        let mut builder = client.settings.tracer.span(name);
        builder.kind(SpanKind::Client).tag(tags::COMPONENT, Value::Static(client.settings.component));
        client.add_peer(&mut builder);
        if let Some(topic) = topic {
            builder.set(tags::MESSAGE_BUS_DESTINATION, topic);
        }
        if let Some(began) = began {
            builder.start_time(began);
        }
        builder.start()
    };
    let mut span = match topic {
        Some(topic) => with_operation_name("commit", topic, start),
        None => start(Text::Static("commit")),
    };
    span.set_tag(tags::MESSAGING_OPERATION_NAME, Value::Static("commit"))
        .set_tag(tags::MESSAGING_OPERATION_TYPE, Value::Static("settle"));
    if let Some(group) = &client.group {
        span.set(tags::MESSAGING_CONSUMER_GROUP_NAME, group);
    }
    if let Some(id) = &client.client_id {
        span.set(tags::MESSAGING_CLIENT_ID, id);
    }
    span
}

fn finish(client: &ClientSettings, mut span: Span, result: &Result<(), KafkaError>) {
    if let Err(failure) = result {
        client.settings.tracer.count_messages(MessageEvent::SettleFailed, 1);
        error::record(&mut span, failure);
    }
}

/// The topic of a list, if it is only one.
pub(crate) fn topic_of(partitions: &TopicPartitionList) -> Option<String> {
    let elements = partitions.elements();
    let first = elements.first()?.topic();
    elements.iter().all(|element| element.topic() == first).then(|| first.to_owned())
}
