//! The span of a record, from sending to delivery.

use opentracing_core::{AsSpanContext, MessageEvent, Span, SpanKind, Value, tags};
use rdkafka::Message;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{OwnedHeaders, ToBytes};
use rdkafka::producer::DeliveryResult;

use crate::decorator::OutgoingRecord;
use crate::headers::{context, size};
use crate::outcome::RecordOutcome;
use crate::settings::{ClientSettings, Settings};
use crate::tags::error;
use crate::tags::name::with_operation_name;
use crate::tags::record::{capture, set_content, set_partition};

/// Starts the span of a record, and injects its context into the headers of the record.
pub(crate) fn start<K: ToBytes + ?Sized, P: ToBytes + ?Sized>(
    client: &ClientSettings,
    topic: &str,
    partition: Option<i32>,
    key: Option<&K>,
    payload: Option<&P>,
    headers: &mut Option<OwnedHeaders>,
) -> Span {
    let Settings { tracer, decorators, .. } = &client.settings;
    tracer.warn_if_unregistered();
    if tracer.is_noop() {
        return Span::noop();
    }
    let mut span = with_operation_name("send", topic, |name| {
        let mut builder = tracer.span(name);
        // Set before the sampling decision, because samplers may read them.
        builder
            .kind(SpanKind::Producer)
            .tag(tags::COMPONENT, Value::Static(client.settings.component))
            .set(tags::MESSAGE_BUS_DESTINATION, topic);
        client.add_peer(&mut builder);
        if client.settings.topics.skips(topic) {
            builder.set(tags::SAMPLING_PRIORITY, 0);
        }
        builder.start()
    });
    if span.is_recording() {
        describe(&mut span, client, partition, key.map(ToBytes::to_bytes), payload.map(ToBytes::to_bytes));
        capture(&mut span, &client.settings, headers.as_ref().map(OwnedHeaders::as_borrowed));
    }
    if !decorators.is_empty() {
        let (key, payload) = (key.map(ToBytes::to_bytes), payload.map(ToBytes::to_bytes));
        let record = OutgoingRecord { topic, partition, key, payload, headers: headers.as_ref() };
        decorators.iter().for_each(|decorator| decorator.on_send(&mut span, &record));
    }
    if writes_context(client, topic)
        && let Some(context) = span.as_span_context()
    {
        let length = |bytes: &[u8]| bytes.len();
        let (key, payload) =
            (key.map_or(0, |key| length(key.to_bytes())), payload.map_or(0, |payload| length(payload.to_bytes())));
        let room = |headers: Option<&_>| size::room(client.max_bytes, key, payload, headers);
        let fit = context::write(tracer, &context, headers, room);
        drop(context);
        fit.record(&client.settings.tracer, &mut span, topic, "message.max.bytes");
    }
    span
}

fn writes_context(client: &ClientSettings, topic: &str) -> bool {
    let Settings { tracer, topics, .. } = &client.settings;
    topics.writes_context(tracer, [topic]) && !client.refusals.has(topic)
}

/// Stops writing contexts to a topic after a broker has refused a record that had one, in case that it does not accept headers. A broker
/// before Kafka 0.11 does not, and answers with an unknown error. `InvalidRecord` is about the record itself, such as a missing key.
#[cold]
fn note_refusal(client: &ClientSettings, topic: &str, failure: &KafkaError) {
    let is_refusal = matches!(
        failure.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::Unknown
                | RDKafkaErrorCode::UnsupportedForMessageFormat
                | RDKafkaErrorCode::UnsupportedFeature
        )
    );
    if is_refusal && client.refusals.add(topic) {
        client.settings.tracer.count_messages(MessageEvent::HeadersRefused, 1);
        log::warn!(
            "a broker refused a record with trace headers ({failure}): this producer writes none to {topic:?} any more"
        );
    }
}

fn describe(
    span: &mut Span,
    client: &ClientSettings,
    partition: Option<i32>,
    key: Option<&[u8]>,
    payload: Option<&[u8]>,
) {
    span.set_tag(tags::MESSAGING_OPERATION_NAME, Value::Static("send"));
    if let Some(partition) = partition.filter(|partition| *partition >= 0) {
        set_partition(span, partition);
    }
    set_content(span, &client.settings, key, payload);
    if let Some(id) = &client.client_id {
        span.set(tags::MESSAGING_CLIENT_ID, id);
    }
}

/// Records that the record was not queued.
pub(crate) fn record_not_queued(span: &mut Span, client: &ClientSettings, failure: &KafkaError) {
    error::record(span, failure);
    client.settings.decorators.iter().for_each(|decorator| decorator.on_sent(span, RecordOutcome::Failed(failure)));
}

/// Records the delivery report.
pub(crate) fn report(span: &mut Span, client: &ClientSettings, result: &DeliveryResult<'_>) {
    if let Err((failure, record)) = result
        && writes_context(client, record.topic())
    {
        note_refusal(client, record.topic(), failure);
    }
    let decorators = &client.settings.decorators;
    match result {
        Ok(record) => {
            record_delivery(span, client, record.partition(), record.offset());
            decorators.iter().for_each(|decorator| decorator.on_sent(span, RecordOutcome::Delivered(record)));
        }
        Err((failure, record)) => {
            if span.is_recording() && record.partition() >= 0 {
                set_partition(span, record.partition());
            }
            error::record(span, failure);
            decorators.iter().for_each(|decorator| decorator.on_sent(span, RecordOutcome::Failed(failure)));
        }
    }
}

/// Records where the record is.
pub(crate) fn record_delivery(span: &mut Span, client: &ClientSettings, partition: i32, offset: i64) {
    if !span.is_recording() {
        return;
    }
    set_partition(span, partition);
    // Unknown if the brokers do not acknowledge records, or acknowledged an earlier copy of this one.
    if offset >= 0 {
        span.set(tags::MESSAGING_KAFKA_OFFSET, offset);
    }
    if client.is_unacknowledged {
        record_fire_and_forget(span);
    }
}

/// Records that no caller waits for the outcome.
pub(crate) fn record_fire_and_forget(span: &mut Span) {
    span.set_tag(tags::KAFKA_OUTCOME, Value::Static("fire_and_forget"));
}
