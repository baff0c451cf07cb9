//! The span of a published message, from the call to the broker's confirm.

use std::sync::Arc;

use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Result};
use opentracing_core::{AsSpanContext, Span, SpanKind, Text, Value, logs, tags};

use crate::decorator::OutgoingMessage;
use crate::headers;
use crate::outcome::PublishOutcome;
use crate::publish::confirm::TracingPublisherConfirm;
use crate::settings::settings::Settings;
use crate::tags::destination::Destination;
use crate::tags::error;
use crate::tags::message::set_message_tags;

/// Publishes a message. Its span starts when the future is first polled.
pub(crate) async fn publish(
    settings: Arc<Settings>,
    channel: &Channel,
    (exchange, routing_key): (ShortString, ShortString),
    options: BasicPublishOptions,
    payload: &[u8],
    mut properties: BasicProperties,
) -> Result<TracingPublisherConfirm> {
    let message = OutgoingMessage {
        exchange: exchange.as_str(),
        routing_key: routing_key.as_str(),
        properties: &properties,
        payload,
    };
    let mut publish = Publish::start(settings, &message);
    publish.inject(&mut properties);
    let confirms = channel.status().confirm();
    match channel.basic_publish(exchange, routing_key, options, payload, properties).await {
        Ok(inner) if confirms => {
            publish.is_sent = true;
            Ok(TracingPublisherConfirm::new(inner, Some(publish)))
        }
        Ok(inner) => {
            publish.end(PublishOutcome::Sent);
            Ok(TracingPublisherConfirm::new(inner, None))
        }
        Err(error) => {
            publish.end(PublishOutcome::Failed(&error));
            Err(error)
        }
    }
}

/// A message that is being published. Dropping it finishes the span, as `cancelled` or `unconfirmed` if the outcome is not known.
pub(crate) struct Publish {
    span: Span,
    settings: Arc<Settings>,
    is_sent: bool,
    has_ended: bool,
}

impl Publish {
    fn start(settings: Arc<Settings>, message: &OutgoingMessage<'_>) -> Self {
        let Settings { tracer, component, .. } = &*settings;
        tracer.warn_if_unregistered();
        // The default exchange routes a message to the queue that the routing key names.
        let target = if message.exchange.is_empty() { message.routing_key } else { message.exchange };
        let destination = Destination::new("publish", target);
        let mut builder = tracer.span(Text::Copied(destination.operation_name()));
        builder
            .kind(SpanKind::Producer)
            .tag(tags::COMPONENT, Value::Static(component))
            .set(tags::MESSAGE_BUS_DESTINATION, destination.name())
            .set(tags::MESSAGING_RABBITMQ_ROUTING_KEY, message.routing_key)
            .tag(tags::PEER_SERVICE, settings.peer_service());
        if settings.skips(destination.name()) {
            builder.set(tags::SAMPLING_PRIORITY, 0);
        }
        let mut span = builder.start();
        if span.is_recording() {
            if let Some(peer) = &settings.peer {
                peer.set_tags(&mut span);
            }
            set_message_tags(&mut span, message.exchange, message.properties, message.payload.len());
            headers::capture(&mut span, &settings.captured, message.properties);
        }
        settings.decorators.iter().for_each(|decorator| decorator.on_send(&mut span, message));
        Publish { span, settings, is_sent: false, has_ended: false }
    }

    /// Adds the context to the headers, unless the frame would become too large.
    fn inject(&mut self, properties: &mut BasicProperties) {
        let Publish { span, settings, .. } = self;
        if !settings.propagates {
            return;
        }
        let Some(context) = span.as_span_context() else { return };
        let fits = headers::inject_into(&settings.tracer, &context, properties, settings.frame_max);
        drop(context);
        if !fits {
            span.log_kv(&[
                (logs::EVENT, Value::Static("context_left_out")),
                (logs::MESSAGE, Value::Static("the context does not fit into the frame of the headers")),
            ]);
        }
    }

    /// Records the outcome and finishes the span.
    pub(crate) fn end(mut self, outcome: PublishOutcome<'_>) {
        self.has_ended = true;
        self.record(outcome);
    }

    fn record(&mut self, outcome: PublishOutcome<'_>) {
        if self.span.is_recording() {
            set_outcome(&mut self.span, outcome);
        }
        let Publish { span, settings, .. } = self;
        settings.decorators.iter().for_each(|decorator| decorator.on_sent(span, outcome));
    }
}

impl Drop for Publish {
    /// The tracer records a panic. Decorators do not run then, because a second panic would abort the process.
    fn drop(&mut self) {
        if self.has_ended || std::thread::panicking() {
            return;
        }
        self.record(if self.is_sent { PublishOutcome::Unconfirmed } else { PublishOutcome::Cancelled });
    }
}

fn set_outcome(span: &mut Span, outcome: PublishOutcome<'_>) {
    let name = match outcome {
        PublishOutcome::Sent => return,
        PublishOutcome::Ack => "ack",
        PublishOutcome::Nack => "nack",
        PublishOutcome::Returned(_) => "returned",
        PublishOutcome::Unconfirmed => "unconfirmed",
        PublishOutcome::Cancelled => "cancelled",
        PublishOutcome::Failed(reason) => return error::record_lapin(span, reason),
    };
    span.set_tag(tags::RABBITMQ_OUTCOME, Value::Static(name));
    match outcome {
        PublishOutcome::Nack => error::record(span, name, "the broker rejected the message"),
        PublishOutcome::Returned(message) => {
            span.set(tags::RABBITMQ_REPLY_CODE, message.reply_code);
            error::record(span, name, message.reply_text.as_str());
        }
        PublishOutcome::Unconfirmed | PublishOutcome::Cancelled => {
            let message = match name {
                "cancelled" => "dropped before the message was written",
                _ => "dropped before the broker confirmed the message",
            };
            span.log_kv(&[(logs::EVENT, Value::Static(name)), (logs::MESSAGE, Value::Static(message))]);
        }
        _ => {}
    }
}
