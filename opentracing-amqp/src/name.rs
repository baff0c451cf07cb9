//! What spans are called, and what they say of a message.

use std::time::{Duration, SystemTime};

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable};
use opentracing_core::{Span, Value, tags};

use crate::headers::{integer, utf8};

/// A queue or exchange, and what is done there.
#[derive(Debug)]
pub(crate) struct Destination {
    /// `process orders`.
    operation_name: Box<str>,
    /// Where the name begins in that of the operation.
    name_at: usize,
}

impl Destination {
    pub(crate) fn new(verb: &str, name: &str) -> Self {
        let name = if is_generated(name) { TEMPORARY } else { name };
        Destination { operation_name: format!("{verb} {name}").into(), name_at: verb.len() + 1 }
    }

    pub(crate) fn operation_name(&self) -> &str {
        &self.operation_name
    }

    pub(crate) fn name(&self) -> &str {
        self.operation_name.get(self.name_at..).unwrap_or_default()
    }
}

/// In the place of names that the broker made: there is no end of them.
const TEMPORARY: &str = "(temporary)";

/// A queue that was declared without a name, also while the broker's name for it is not known, and the key of answers by direct
/// reply-to.
fn is_generated(name: &str) -> bool {
    name.is_empty() || name.starts_with("amq.gen-") || name.starts_with("amq.rabbitmq.reply-to")
}

/// What both sides tell of a message.
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

pub(crate) fn set_delivery_tags(span: &mut Span, delivery: &Delivery) {
    set_message_tags(span, delivery.exchange.as_str(), &delivery.properties, delivery.data.len());
    if delivery.redelivered {
        span.set(tags::RABBITMQ_REDELIVERED, true);
    }
    if let Some(time) = queue_time(&delivery.properties, SystemTime::now()) {
        span.set(tags::RABBITMQ_QUEUE_TIME_MS, time.as_micros() as f64 / 1000.0);
    }
    if let Some(headers) = delivery.properties.headers() {
        set_death_tags(span, headers);
    }
}

/// The time since the message was sent: by the header in milliseconds that the broker adds where it is told to, else by the
/// publisher's property in whole seconds (AMQP 0-9-1, "timestamp").
fn queue_time(properties: &BasicProperties, now: SystemTime) -> Option<Duration> {
    let headers = properties.headers().as_ref().map(FieldTable::inner);
    let by_broker = headers.and_then(|headers| integer(headers.get("timestamp_in_ms")?));
    let sent = match by_broker {
        Some(ms) => Duration::from_millis(u64::try_from(ms).ok()?),
        None => Duration::from_secs((*properties.timestamp())?),
    };
    // A clock ahead of ours, or no seconds: then the time is not known.
    now.duration_since(SystemTime::UNIX_EPOCH.checked_add(sent)?).ok()
}

/// The broker writes one entry for each queue and reason, the latest first (RabbitMQ, "Dead Letter Exchanges"). Others may write what
/// they like.
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
    if let Some(reason) = latest.get("reason").and_then(utf8) {
        span.set(tags::RABBITMQ_DEATH_REASON, reason);
    }
    let first = headers.inner().get("x-first-death-queue").or_else(|| entries().next_back()?.get("queue"));
    if let Some(queue) = first.and_then(utf8) {
        span.set_tag(tags::RABBITMQ_DEATH_QUEUE, Value::Str(queue));
    }
}

/// More pairs of queue and reason are not looked at.
const MAX_DEATHS: usize = 64;
