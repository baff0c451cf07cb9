//! The spans of received messages.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use opentracing_core::propagation::KafkaHeaders;
use opentracing_core::{ReferenceKind, Sampling, Span, SpanContext, SpanKind, Value, tags};

use crate::carrier::HeaderReader;
use crate::message::ReceivedMessage;
use crate::name::with_operation_name;
use crate::options::{PollSpan, ProducerReference, Propagation};
use crate::sending::{set_content, set_partition};
use crate::settings::{ClientSettings, Settings};

/// The most references of one span, which is what a batch of that many senders has.
const MAX_REFERENCES: usize = 128;

/// When a call that may bring a message has begun, if that is to be told.
pub(crate) fn begin_poll(client: &ClientSettings) -> Option<SystemTime> {
    (client.settings.poll_span == PollSpan::On).then(SystemTime::now)
}

/// Starts the span of handling one message.
pub(crate) fn start(client: &ClientSettings, message: &impl ReceivedMessage, begun: Option<SystemTime>) -> Span {
    client.settings.tracer.warn_if_unregistered();
    let sender = sender(client, message);
    let topic = message.topic();
    let poll = begun.and_then(|begun| {
        let mut span = start_span(client, "poll", topic, Some(begun), None, sender.as_slice());
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
    }
    message.decorate(&mut span, &client.settings.decorators);
    span
}

/// Starts the span of handling messages at once.
pub(crate) fn start_batch<M: ReceivedMessage>(client: &ClientSettings, messages: &[M]) -> Span {
    let Some(first) = messages.first() else { return Span::noop() };
    client.settings.tracer.warn_if_unregistered();
    let senders = senders(client, messages);
    let topic = first.topic();
    let is_one_topic = messages.iter().all(|message| message.topic() == topic);
    let mut span = start_span(client, "process", if is_one_topic { topic } else { "batch" }, None, None, &senders);
    if span.is_recording() {
        describe_client(&mut span, client, "process");
        span.set(tags::MESSAGING_BATCH_MESSAGE_COUNT, i64::try_from(messages.len()).unwrap_or(i64::MAX));
        let partition = first.partition();
        if is_one_topic && messages.iter().all(|message| message.partition() == partition) {
            set_partition(&mut span, partition);
        }
        let bytes: usize = messages.iter().filter_map(|message| message.payload()).map(<[u8]>::len).sum();
        span.set(tags::MESSAGING_MESSAGE_BODY_SIZE, i64::try_from(bytes).unwrap_or(i64::MAX));
    }
    messages.iter().for_each(|message| message.decorate(&mut span, &client.settings.decorators));
    span
}

/// What is active on the thread is at most the span of whoever set the consumer up, so it is no parent.
fn start_span(
    client: &ClientSettings,
    operation: &'static str,
    topic: &str,
    begun: Option<SystemTime>,
    parent: Option<&SpanContext>,
    senders: &[SpanContext],
) -> Span {
    with_operation_name(operation, topic, |name| {
        let mut builder = client.settings.tracer.span(name);
        // Before the decision, so that a sampler may go by them.
        builder
            .kind(SpanKind::Consumer)
            .ignore_active_span()
            .tag(tags::COMPONENT, Value::Static("rdkafka"))
            .set(tags::MESSAGE_BUS_DESTINATION, topic)
            .child_of(&parent);
        for sender in senders {
            builder.reference(reference_kind(client), sender);
        }
        if let Some(begun) = begun {
            builder.start_time(begun);
        }
        builder.start()
    })
}

fn reference_kind(client: &ClientSettings) -> ReferenceKind {
    match client.settings.producer_reference {
        ProducerReference::FollowsFrom => ReferenceKind::FollowsFrom,
        ProducerReference::ChildOf => ReferenceKind::ChildOf,
    }
}

/// The context that the message brings. What cannot be read is counted, and a trace begins.
fn sender(client: &ClientSettings, message: &impl ReceivedMessage) -> Option<SpanContext> {
    let Settings { tracer, propagation, .. } = &client.settings;
    if *propagation == Propagation::Off {
        return None;
    }
    tracer.extract(KafkaHeaders, &HeaderReader::new(message.raw_headers())).ok().flatten()
}

/// The distinct contexts that the messages bring. Those of suppressed traces do not count, unless there is nothing else: then the
/// batch is suppressed as well.
fn senders<M: ReceivedMessage>(client: &ClientSettings, messages: &[M]) -> Vec<SpanContext> {
    let (mut seen, mut senders, mut suppressed) = (HashSet::new(), Vec::new(), None);
    let mut is_suppressed = true;
    for message in messages {
        match sender(client, message) {
            Some(sender) if sender.sampling() == Sampling::NotSampled => suppressed = Some(sender),
            Some(sender) => {
                is_suppressed = false;
                if senders.len() < MAX_REFERENCES && seen.insert((sender.trace_id(), sender.span_id())) {
                    senders.push(sender);
                }
            }
            None => is_suppressed = false,
        }
    }
    if is_suppressed {
        senders.extend(suppressed);
    }
    senders
}

fn describe_client(span: &mut Span, client: &ClientSettings, operation: &'static str) {
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
