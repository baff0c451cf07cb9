//! The span of a record, from sending to delivery.

use opentracing_core::propagation::KafkaHeaders;
use opentracing_core::{AsSpanContext, Span, SpanKind, Value, tags};
use rdkafka::Message;
use rdkafka::error::KafkaError;
use rdkafka::message::{OwnedHeaders, ToBytes};
use rdkafka::producer::DeliveryResult;

use crate::decorator::OutgoingRecord;
use crate::headers::carrier::HeaderWriter;
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
    let mut span = with_operation_name("send", topic, |name| {
        let mut builder = tracer.span(name);
        // Set before the sampling decision, because samplers may read them.
        builder
            .kind(SpanKind::Producer)
            .tag(tags::COMPONENT, Value::Static(client.settings.component))
            .set(tags::MESSAGE_BUS_DESTINATION, topic);
        match &client.settings.peer_service {
            Some(name) => builder.set(tags::PEER_SERVICE, name),
            None => builder.tag(tags::PEER_SERVICE, Value::Static("kafka")),
        };
        if client.settings.skips(topic) {
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
    if client.settings.propagates
        && let Some(context) = span.as_span_context()
    {
        // An error means that the tracer has no format for Kafka: then there is nothing to write.
        let _ = tracer.inject(&context, KafkaHeaders, &mut HeaderWriter::new(headers));
    }
    span
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
    if let Some(brokers) = &client.brokers {
        span.set(tags::PEER_ADDRESS, brokers);
    }
}

/// Records that the record was not queued.
pub(crate) fn record_not_queued(span: &mut Span, client: &ClientSettings, failure: &KafkaError) {
    error::record(span, failure);
    client.settings.decorators.iter().for_each(|decorator| decorator.on_sent(span, RecordOutcome::Failed(failure)));
}

/// Records the delivery report.
pub(crate) fn report(span: &mut Span, client: &ClientSettings, result: &DeliveryResult<'_>) {
    let decorators = &client.settings.decorators;
    match result {
        Ok(record) => {
            if span.is_recording() {
                set_partition(span, record.partition());
                // Unknown if the brokers do not acknowledge records, or acknowledged an earlier copy of this one.
                if record.offset() >= 0 {
                    span.set(tags::MESSAGING_KAFKA_OFFSET, record.offset());
                }
                if client.is_unacknowledged {
                    record_fire_and_forget(span);
                }
            }
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

/// Records that no caller waits for the outcome.
pub(crate) fn record_fire_and_forget(span: &mut Span) {
    span.set_tag(tags::KAFKA_OUTCOME, Value::Static("fire_and_forget"));
}
