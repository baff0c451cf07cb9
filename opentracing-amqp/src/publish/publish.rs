//! The span of a published message, from the call to the broker's answer.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, Result};
use opentracing_core::{AsSpanContext, Span, SpanKind, Text, Tracer, Value, logs, tags};

use crate::decorator::OutgoingMessage;
use crate::headers;
use crate::outcome::PublishOutcome;
use crate::publish::confirm::TracingPublisherConfirm;
use crate::publish::transaction::Transaction;
use crate::publish::unconfirmed::Unconfirmed;
use crate::settings::settings::Settings;
use crate::tags::destination::Destination;
use crate::tags::error;
use crate::tags::message::set_message_tags;

/// What a traced channel knows of its published messages.
#[derive(Default)]
pub(crate) struct Published {
    pub(crate) unconfirmed: Arc<Unconfirmed>,
    pub(crate) transaction: Transaction,
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published").finish_non_exhaustive()
    }
}

/// Publishes a message. Its span starts when the future is first polled. `published` is `None` on lapin's own channel.
pub(crate) async fn publish(
    settings: Arc<Settings>,
    (channel, published): (&Channel, Option<&Published>),
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
    publish.inject(&mut properties, (exchange.as_str(), routing_key.as_str()));
    let confirms = channel.status().confirm();
    match channel.basic_publish(exchange, routing_key, options, payload, properties).await {
        Ok(inner) if confirms => {
            publish.stage = Stage::Sent;
            let unconfirmed = published.map(|published| published.unconfirmed.clone());
            Ok(TracingPublisherConfirm::new(inner, publish, unconfirmed))
        }
        Ok(inner) => {
            match published {
                Some(published) => published.transaction.add(publish),
                None => publish.end(PublishOutcome::Sent, None),
            }
            Ok(TracingPublisherConfirm::finished(inner))
        }
        Err(error) => {
            publish.end(PublishOutcome::Failed(&error), None);
            Err(error)
        }
    }
}

/// A message that is being published. Dropping it finishes the span with the outcome of its stage.
pub(crate) struct Publish {
    span: Span,
    settings: Arc<Settings>,
    stage: Stage,
}

/// How far a message has come.
#[derive(Clone, Copy)]
pub(crate) enum Stage {
    Sending,
    /// Waits for the broker's confirm.
    Sent,
    /// Was written at this time, in a transaction that is open.
    InTransaction(SystemTime),
    Ended,
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
        if settings.destinations.skips(destination.name()) {
            builder.set(tags::SAMPLING_PRIORITY, 0);
        }
        let mut span = builder.start();
        if span.is_recording() {
            span.set_tag(tags::MESSAGING_OPERATION_NAME, Value::Static("publish"))
                .set_tag(tags::MESSAGING_OPERATION_TYPE, Value::Static("send"));
            if let Some(peer) = &settings.peer {
                peer.set_tags(&mut span);
            }
            set_message_tags(&mut span, message.exchange, message.properties, message.payload.len());
            headers::capture(&mut span, &settings.captured, message.properties);
        }
        settings.decorators.iter().for_each(|decorator| decorator.on_send(&mut span, message));
        Publish { span, settings, stage: Stage::Sending }
    }

    /// Adds the context to the headers, unless it is turned off for this message.
    fn inject(&mut self, properties: &mut BasicProperties, (exchange, routing_key): (&str, &str)) {
        let Publish { span, settings, .. } = self;
        let Settings { tracer, frame_max, destinations, .. } = &**settings;
        if !destinations.writes_context(tracer, [exchange, routing_key]) {
            return;
        }
        let Some(context) = span.as_span_context() else { return };
        let fit = headers::inject_into(tracer, &context, properties, *frame_max);
        drop(context);
        let destination = if exchange.is_empty() { routing_key } else { exchange };
        fit.record(tracer, span, destination, "the frame of the headers");
    }

    pub(crate) fn tracer(&self) -> &Tracer {
        &self.settings.tracer
    }

    /// Notes that the message is part of a transaction.
    pub(crate) fn enter_transaction(&mut self) {
        self.stage = Stage::InTransaction(self.settings.tracer.now());
    }

    /// Records the broker's answer, and finishes the span at that time.
    pub(crate) fn answered(self, answer: &Result<Confirmation>, at: Option<SystemTime>) {
        let outcome = match answer {
            // The broker acknowledges an unroutable message as well as returning it.
            Ok(Confirmation::Ack(Some(message)) | Confirmation::Nack(Some(message))) => {
                PublishOutcome::Returned(message)
            }
            Ok(Confirmation::Ack(None)) => PublishOutcome::Ack,
            Ok(Confirmation::Nack(None)) => PublishOutcome::Nack,
            Ok(Confirmation::NotRequested) => PublishOutcome::Sent,
            Err(error) => PublishOutcome::Failed(error),
        };
        self.end(outcome, at);
    }

    /// Records the outcome and finishes the span, at that time or now.
    pub(crate) fn end(mut self, outcome: PublishOutcome<'_>, at: Option<SystemTime>) {
        let at = match self.stage {
            // Until then the program waited for the broker; afterwards it did something else.
            Stage::InTransaction(written) => Some(written),
            _ => at,
        };
        self.stage = Stage::Ended;
        self.record(outcome);
        if let Some(at) = at {
            std::mem::take(&mut self.span).finish_at(at);
        }
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
        if std::thread::panicking() {
            return;
        }
        match self.stage {
            Stage::Sending => self.record(PublishOutcome::Cancelled),
            Stage::Sent => self.record(PublishOutcome::Unconfirmed),
            // The broker discards a transaction that is open when the channel closes.
            Stage::InTransaction(written) => {
                self.record(PublishOutcome::RolledBack);
                std::mem::take(&mut self.span).finish_at(written);
            }
            Stage::Ended => {}
        }
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
        PublishOutcome::Committed => "committed",
        PublishOutcome::RolledBack => "rolled_back",
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
