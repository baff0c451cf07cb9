//! The spans of received messages.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use opentracing_core::message_rules::Attempts;
use opentracing_core::propagation::KafkaHeaders;
use opentracing_core::{MessageEvent, ReferenceKind, Sampling, Span, SpanContext, SpanKind, Value, tags};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedHeaders;

use crate::headers::{carrier, origin};
use crate::message::received_message::ReceivedMessage;
use crate::message::work::{Senders, Work};
use crate::options::PollSpan;
use crate::settings::ClientSettings;
use crate::tags::error;
use crate::tags::name::with_operation_name;
use crate::tags::record::{capture, set_content, set_partition};

/// The start time of a call that may return a message, if polls are recorded.
pub(crate) fn poll_start(client: &ClientSettings) -> Option<SystemTime> {
    (client.settings.poll_span == PollSpan::On).then(SystemTime::now)
}

/// Counts a message, and starts its span.
pub(crate) fn receive<M: ReceivedMessage>(
    client: &Arc<ClientSettings>,
    message: &M,
    polled_at: Option<SystemTime>,
) -> Work {
    let tracer = &client.settings.tracer;
    tracer.warn_if_unregistered();
    if tracer.is_noop() {
        return Work::new(client, Span::noop(), Senders::new(), Attempts::new());
    }
    tracer.count_messages(MessageEvent::Received, 1);
    // librdkafka parses the headers when they are asked for, which costs more than everything else here.
    let topic = std::iter::once_with(|| message.topic());
    let headers = if client.settings.topics.propagates(topic) { message.raw_headers() } else { None };
    let headers = headers.map(carrier::read);
    let sender = headers.as_ref().and_then(|headers| tracer.extract(KafkaHeaders, headers).ok().flatten());
    let moved = || {
        let attempts = headers.as_ref()?.last_of(origin::ATTEMPTS)?;
        Some(Attempts::after(origin::parse_attempts(attempts)?, None))
    };
    let attempts = client.failures.take(message).or_else(moved).unwrap_or_default();
    let senders: Senders = sender.into_iter().collect();
    if let Some(polled_at) = polled_at {
        record_poll(client, message, polled_at, &senders);
    }
    let span = start(client, message, &senders, &attempts);
    Work::new(client, span, senders, attempts)
}

/// Starts the span of one message, for its first or a further attempt.
pub(crate) fn start(
    client: &ClientSettings,
    message: &impl ReceivedMessage,
    senders: &[SpanContext],
    attempts: &Attempts,
) -> Span {
    // Each call checks that the name is UTF-8.
    let topic = message.topic();
    let mut span = start_span(client, topic, senders, attempts);
    if span.is_recording() {
        describe_client(&mut span, client, "process");
        describe_message(&mut span, client, topic, message);
        if !client.settings.captured.is_empty() {
            capture(&mut span, &client.settings, message.raw_headers());
        }
    }
    message.decorate(&mut span, &client.settings.decorators);
    span
}

/// Starts a span that ignores the active span, which belongs to the code that runs the consumer and not to the message.
pub(crate) fn start_span(client: &ClientSettings, topic: &str, senders: &[SpanContext], attempts: &Attempts) -> Span {
    with_operation_name("process", topic, |name| {
        let mut builder = client.settings.tracer.span(name);
        // Set before the sampling decision, because samplers may read them.
        builder
            .kind(SpanKind::Consumer)
            .ignore_active_span()
            .tag(tags::COMPONENT, Value::Static(client.settings.component))
            .set(tags::MESSAGE_BUS_DESTINATION, topic);
        for sender in senders {
            builder.reference(client.settings.producer_reference, sender);
        }
        attempts.refer_to_last(&mut builder);
        if client.settings.topics.skips(topic) {
            builder.set(tags::SAMPLING_PRIORITY, 0);
        }
        builder.start()
    })
}

/// Records the wait for a message, in a trace of its own that refers to the sender: the wait usually began before the trace of the message. It
/// is no entry into this service, so its kind is internal.
#[cold]
fn record_poll(
    client: &ClientSettings,
    message: &impl ReceivedMessage,
    polled_at: SystemTime,
    senders: &[SpanContext],
) {
    let topic = message.topic();
    let mut span = with_operation_name("poll", topic, |name| {
        let mut builder = client.settings.tracer.span(name);
        builder
            .new_trace()
            .start_time(polled_at)
            .tag(tags::COMPONENT, Value::Static(client.settings.component))
            .set(tags::MESSAGE_BUS_DESTINATION, topic);
        for sender in senders {
            builder.reference(ReferenceKind::FollowsFrom, sender);
        }
        // The wait for a message that is not recorded is not recorded either.
        if client.settings.topics.skips(topic) || senders.iter().any(|sender| sender.sampling() == Sampling::NotSampled)
        {
            builder.set(tags::SAMPLING_PRIORITY, 0);
        }
        builder.start()
    });
    if span.is_recording() {
        describe_client(&mut span, client, "poll");
        describe_message(&mut span, client, topic, message);
    }
}

/// The context in the headers of a message of this topic. `None` for a corrupt context, which the tracer counts.
pub(crate) fn sender(client: &ClientSettings, topic: &str, headers: Option<&BorrowedHeaders>) -> Option<SpanContext> {
    let tracer = &client.settings.tracer;
    if tracer.is_noop() || !client.settings.topics.propagates([topic]) {
        return None;
    }
    tracer.extract(KafkaHeaders, &carrier::read(headers?)).ok().flatten()
}

/// Counts an error of a consumer that waits for a message, and logs it in the active span. The end of a partition is no error.
#[cold]
pub(crate) fn record_failure(client: &ClientSettings, failure: &KafkaError) {
    if matches!(failure, KafkaError::PartitionEOF(_)) {
        return;
    }
    let tracer = &client.settings.tracer;
    tracer.count_messages(MessageEvent::ReceiveFailed, 1);
    tracer.with_active(|span| error::log_active(span, "receive_failed", failure));
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

fn describe_message(span: &mut Span, client: &ClientSettings, topic: &str, message: &impl ReceivedMessage) {
    set_partition(span, message.partition());
    span.set(tags::MESSAGING_KAFKA_OFFSET, message.offset());
    set_content(span, &client.settings, message.key(), message.payload());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|now| i64::try_from(now.as_millis()).ok());
    if let (Some(now), Some(then)) = (now, message.timestamp().to_millis())
        && then <= now
    {
        span.set(tags::KAFKA_QUEUE_TIME_MS, now - then);
    }
    if let Some(lag) = client.settings.lags.get(client.group.as_deref(), topic, message.partition()) {
        span.set(tags::KAFKA_CONSUMER_LAG, lag);
    }
}
