//! The tags that describe a message.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use opentracing_core::{Span, tags};

use crate::headers::value::{integer, utf8};

/// Sets the tags that published and delivered messages share.
pub(crate) fn set_message_tags(span: &mut Span, exchange: &str, properties: &BasicProperties, size: usize) {
    span.set(tags::MESSAGING_MESSAGE_BODY_SIZE, i64::try_from(size).unwrap_or(i64::MAX));
    if !exchange.is_empty() {
        span.set(tags::MESSAGING_RABBITMQ_EXCHANGE, exchange);
    }
    if let Some(id) = properties.message_id() {
        span.set(tags::MESSAGING_MESSAGE_ID, id.as_str());
    }
    if let Some(id) = properties.correlation_id() {
        span.set(tags::MESSAGING_MESSAGE_CONVERSATION_ID, id.as_str());
    }
}

/// Sets the tags of a delivery.
pub(crate) fn set_delivery_tags(span: &mut Span, delivery: &Delivery) {
    set_message_tags(span, delivery.exchange.as_str(), &delivery.properties, delivery.data.len());
    span.set(tags::MESSAGING_RABBITMQ_DELIVERY_TAG, i64::try_from(delivery.delivery_tag).unwrap_or(i64::MAX));
    if delivery.redelivered {
        span.set(tags::RABBITMQ_REDELIVERED, true);
    }
    if let Some(time) = queue_time(&delivery.properties, SystemTime::now()) {
        span.set(tags::RABBITMQ_QUEUE_TIME_MS, time.as_micros() as f64 / 1000.0);
    }
    if let Some(headers) = delivery.properties.headers() {
        set_death_tags(span, headers);
        let number = |name: &str| headers.inner().get(name).and_then(integer);
        span.set(tags::RABBITMQ_DELIVERY_COUNT, number("x-delivery-count"))
            .set(tags::RABBITMQ_STREAM_OFFSET, number("x-stream-offset"));
    }
}

/// The time since the message was published. Taken from the header in milliseconds that a broker adds when it is configured to, else
/// from the publisher's property, which is in whole seconds (AMQP 0-9-1, "timestamp").
fn queue_time(properties: &BasicProperties, now: SystemTime) -> Option<Duration> {
    let headers = properties.headers().as_ref().map(FieldTable::inner);
    let broker_ms = headers.and_then(|headers| integer(headers.get("timestamp_in_ms")?));
    let sent = match broker_ms {
        Some(ms) => Duration::from_millis(u64::try_from(ms).ok()?),
        None => Duration::from_secs((*properties.timestamp())?),
    };
    // Unknown if the time is in the future: clocks differ, or a publisher wrote milliseconds instead of seconds.
    now.duration_since(SystemTime::UNIX_EPOCH.checked_add(sent)?).ok()
}

/// Sets the tags of a dead-lettered message. The broker writes one entry per queue and reason, the latest first (RabbitMQ, "Dead Letter
/// Exchanges"). Publishers can write any value into the header, so every field is checked.
fn set_death_tags(span: &mut Span, headers: &FieldTable) {
    let Some(AMQPValue::FieldArray(deaths)) = headers.inner().get("x-death") else { return };
    let entries = || {
        deaths.as_slice().iter().take(MAX_DEATHS).filter_map(|entry| match entry {
            AMQPValue::FieldTable(entry) => Some(entry.inner()),
            _ => None,
        })
    };
    let Some(latest) = entries().next() else { return };
    let count = entries().filter_map(|entry| integer(entry.get("count")?)).fold(0, i64::saturating_add);
    span.set(tags::RABBITMQ_DEATH_COUNT, count);
    let text = |entry: &BTreeMap<ShortString, AMQPValue>, name: &str| entry.get(name).and_then(utf8).map(str::to_owned);
    span.set(tags::RABBITMQ_DEATH_REASON, text(latest, "reason"));
    span.set(tags::RABBITMQ_DEATH_LATEST_QUEUE, text(latest, "queue"));
    let first = |header: &str, field: &str| {
        let oldest = || text(entries().next_back()?, field);
        text(headers.inner(), header).or_else(oldest)
    };
    span.set(tags::RABBITMQ_DEATH_QUEUE, first("x-first-death-queue", "queue"));
    span.set(tags::RABBITMQ_DEATH_FIRST_REASON, first("x-first-death-reason", "reason"));
}

/// The entries of the header `x-death` that are read.
pub(crate) const MAX_DEATHS: usize = 64;
