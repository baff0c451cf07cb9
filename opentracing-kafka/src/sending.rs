//! The span of one record, from the call that sends it to its delivery.

use std::sync::Arc;

use opentracing_core::propagation::KafkaHeaders;
use opentracing_core::{AsSpanContext, Span, SpanKind, Value, logs, tags};
use rdkafka::Message;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{OwnedHeaders, ToBytes};
use rdkafka::producer::DeliveryResult;

use crate::carrier::HeaderWriter;
use crate::decorator::OutgoingRecord;
use crate::error;
use crate::name::with_operation_name;
use crate::options::{Propagation, RecordKey};
use crate::settings::{ClientSettings, Settings};

/// Starts the span of a record, and writes its context into the record's headers.
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
        // Before the decision, so that a sampler may go by them.
        builder
            .kind(SpanKind::Producer)
            .tag(tags::COMPONENT, Value::Static("rdkafka"))
            .set(tags::MESSAGE_BUS_DESTINATION, topic);
        match &client.settings.peer_service {
            Some(name) => builder.set(tags::PEER_SERVICE, name),
            None => builder.tag(tags::PEER_SERVICE, Value::Static("kafka")),
        };
        builder.start()
    });
    if span.is_recording() {
        describe(&mut span, client, partition, key.map(ToBytes::to_bytes), payload.map(ToBytes::to_bytes));
    }
    if !decorators.is_empty() {
        let (key, payload) = (key.map(ToBytes::to_bytes), payload.map(ToBytes::to_bytes));
        let record = OutgoingRecord { topic, partition, key, payload, headers: headers.as_ref() };
        decorators.iter().for_each(|decorator| decorator.on_send(&mut span, &record));
    }
    if client.settings.propagation == Propagation::On
        && let Some(context) = span.as_span_context()
    {
        // Fails for a tracer without a format for Kafka: then nothing travels, as was asked for.
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

/// Key, size and tombstone.
pub(crate) fn set_content(span: &mut Span, settings: &Settings, key: Option<&[u8]>, payload: Option<&[u8]>) {
    if settings.record_key == RecordKey::Text
        && let Some(key) = key
    {
        span.set(tags::MESSAGING_KAFKA_MESSAGE_KEY, &String::from_utf8_lossy(key));
    }
    match payload {
        Some(payload) => {
            span.set(tags::MESSAGING_MESSAGE_BODY_SIZE, i64::try_from(payload.len()).unwrap_or(i64::MAX));
        }
        None => {
            span.set(tags::MESSAGING_KAFKA_MESSAGE_TOMBSTONE, true);
        }
    }
}

pub(crate) fn set_partition(span: &mut Span, partition: i32) {
    span.set(tags::MESSAGING_DESTINATION_PARTITION_ID, &partition.to_string());
}

/// The record was not queued.
pub(crate) fn refuse(span: &mut Span, client: &ClientSettings, failure: &KafkaError) {
    error::record(span, failure);
    client.settings.decorators.iter().for_each(|decorator| decorator.on_error(span, failure));
}

/// The record was delivered, or will not be.
pub(crate) fn report(span: &mut Span, client: &ClientSettings, result: &DeliveryResult<'_>) {
    let decorators = &client.settings.decorators;
    match result {
        Ok(record) => {
            if span.is_recording() {
                set_partition(span, record.partition());
                // Nobody knows it if the brokers say nothing, or did so for an earlier copy of the record.
                if record.offset() >= 0 {
                    span.set(tags::MESSAGING_KAFKA_OFFSET, record.offset());
                }
                if client.is_unacknowledged {
                    forget(span);
                }
            }
            decorators.iter().for_each(|decorator| decorator.on_delivery(span, record));
        }
        Err((failure, record)) => {
            if span.is_recording() && record.partition() >= 0 {
                set_partition(span, record.partition());
            }
            error::record(span, failure);
            decorators.iter().for_each(|decorator| decorator.on_error(span, failure));
        }
    }
}

/// Nobody waits for the outcome.
pub(crate) fn forget(span: &mut Span) {
    span.set_tag(tags::KAFKA_OUTCOME, Value::Static("fire_and_forget"));
}

/// A record that waits for room in the producer's queue. Dropping it tells that the caller has given up.
pub(crate) struct Waiting {
    client: Arc<ClientSettings>,
    /// Taken once the record is queued.
    span: Option<Span>,
    has_waited: bool,
}

impl Waiting {
    pub(crate) fn new(client: &Arc<ClientSettings>) -> Self {
        Waiting { client: client.clone(), span: None, has_waited: false }
    }

    /// The queue is full, and the producer tries again later. Logged once.
    pub(crate) fn wait(&mut self, span: Span) {
        let span = self.span.insert(span);
        if !std::mem::replace(&mut self.has_waited, true) {
            span.log_kv(&[(logs::EVENT, Value::Static("queue_full")), (logs::MESSAGE, Value::Static(QUEUE_FULL))]);
        }
    }

    pub(crate) fn take(&mut self) -> Option<Span> {
        self.span.take()
    }
}

const QUEUE_FULL: &str = "waits for room in the producer's queue";

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(span) = self.span.as_mut().filter(|_| !std::thread::panicking()) else { return };
        span.set_tag(tags::KAFKA_OUTCOME, Value::Static("cancelled"));
        let failure = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
        self.client.settings.decorators.iter().for_each(|decorator| decorator.on_error(span, &failure));
    }
}
