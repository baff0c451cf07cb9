//! The spans of received messages.

use std::time::{SystemTime, UNIX_EPOCH};

use opentracing_core::propagation::KafkaHeaders;
use opentracing_core::{Span, SpanContext, SpanKind, Value, tags};

use crate::headers::carrier::HeaderReader;
use crate::message::received_message::ReceivedMessage;
use crate::options::PollSpan;
use crate::settings::{ClientSettings, Settings};
use crate::tags::name::with_operation_name;
use crate::tags::record::{capture, set_content, set_partition};

/// The start time of a call that may return a message, if polls are recorded.
pub(crate) fn poll_start(client: &ClientSettings) -> Option<SystemTime> {
    (client.settings.poll_span == PollSpan::On).then(SystemTime::now)
}

/// Starts the span of one message.
pub(crate) fn start(client: &ClientSettings, message: &impl ReceivedMessage, polled_at: Option<SystemTime>) -> Span {
    client.settings.tracer.warn_if_unregistered();
    let sender = sender(client, message);
    let topic = message.topic();
    let poll = polled_at.and_then(|polled_at| {
        let mut span = start_span(client, "poll", topic, Some(polled_at), None, sender.as_slice());
        if span.is_recording() {
            describe_client(&mut span, client, "poll");
            describe_message(&mut span, client, message);
        }
        span.context()
    });
    let senders = if poll.is_some() { &[] } else { sender.as_slice() };
    let mut span = start_span(client, "process", topic, None, poll.as_ref(), senders);
    if span.is_recording() {
        describe_client(&mut span, client, "process");
        describe_message(&mut span, client, message);
        capture(&mut span, &client.settings, message.raw_headers());
    }
    message.decorate(&mut span, &client.settings.decorators);
    span
}

/// Starts a span that ignores the active span, which belongs to the code that runs the consumer and not to the message.
pub(crate) fn start_span(
    client: &ClientSettings,
    operation: &'static str,
    topic: &str,
    start_time: Option<SystemTime>,
    parent: Option<&SpanContext>,
    senders: &[SpanContext],
) -> Span {
    with_operation_name(operation, topic, |name| {
        let mut builder = client.settings.tracer.span(name);
        // Set before the sampling decision, because samplers may read them.
        builder
            .kind(SpanKind::Consumer)
            .ignore_active_span()
            .tag(tags::COMPONENT, Value::Static(client.settings.component))
            .set(tags::MESSAGE_BUS_DESTINATION, topic)
            .child_of(&parent);
        for sender in senders {
            builder.reference(client.settings.producer_reference, sender);
        }
        if client.settings.skips(topic) {
            builder.set(tags::SAMPLING_PRIORITY, 0);
        }
        if let Some(start_time) = start_time {
            builder.start_time(start_time);
        }
        builder.start()
    })
}

/// The context in the headers of the message. `None` for a corrupt context, which the tracer counts.
pub(crate) fn sender(client: &ClientSettings, message: &impl ReceivedMessage) -> Option<SpanContext> {
    let Settings { tracer, propagates, .. } = &client.settings;
    if !propagates {
        return None;
    }
    tracer.extract(KafkaHeaders, &HeaderReader::new(message.raw_headers())).ok().flatten()
}

pub(crate) fn describe_client(span: &mut Span, client: &ClientSettings, operation: &'static str) {
    span.set_tag(tags::MESSAGING_OPERATION_NAME, Value::Static(operation));
    if let Some(group) = &client.group {
        span.set(tags::MESSAGING_CONSUMER_GROUP_NAME, group);
    }
    if let Some(id) = &client.client_id {
        span.set(tags::MESSAGING_CLIENT_ID, id);
    }
}

fn describe_message(span: &mut Span, client: &ClientSettings, message: &impl ReceivedMessage) {
    set_partition(span, message.partition());
    span.set(tags::MESSAGING_KAFKA_OFFSET, message.offset());
    set_content(span, &client.settings, message.key(), message.payload());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|now| i64::try_from(now.as_millis()).ok());
    if let (Some(now), Some(then)) = (now, message.timestamp().to_millis())
        && then <= now
    {
        span.set(tags::KAFKA_QUEUE_TIME_MS, now - then);
    }
}
