//! The span of one message that is published, until it is known what became of it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, PublisherConfirm, Result};
use opentracing_core::{AsSpanContext, Span, SpanKind, Text, Value, logs, tags};

use crate::decorator::{Publication, PublishOutcome};
use crate::error;
use crate::headers;
use crate::name::{self, Destination};
use crate::settings::Settings;

/// Publishes, and starts the span when that is polled first.
pub(crate) async fn publish(
    settings: Arc<Settings>,
    channel: &Channel,
    (exchange, routing_key): (ShortString, ShortString),
    options: BasicPublishOptions,
    payload: &[u8],
    mut properties: BasicProperties,
) -> Result<TracingPublisherConfirm> {
    let message = Publication {
        exchange: exchange.as_str(),
        routing_key: routing_key.as_str(),
        properties: &properties,
        payload,
    };
    let mut publish = Publish::start(settings, message);
    publish.inject(&mut properties);
    let confirms = channel.status().confirm();
    match channel.basic_publish(exchange, routing_key, options, payload, properties).await {
        Ok(inner) if confirms => {
            publish.is_sent = true;
            Ok(TracingPublisherConfirm { inner, publish: Some(publish) })
        }
        Ok(inner) => {
            publish.end(PublishOutcome::Sent);
            Ok(TracingPublisherConfirm { inner, publish: None })
        }
        Err(error) => {
            publish.end(PublishOutcome::Failed(&error));
            Err(error)
        }
    }
}

/// Dropping it finishes the span, as one that nobody waited for if it has not ended.
struct Publish {
    span: Span,
    settings: Arc<Settings>,
    is_sent: bool,
    has_ended: bool,
}

impl Publish {
    fn start(settings: Arc<Settings>, message: Publication<'_>) -> Self {
        let Settings { tracer, .. } = &*settings;
        tracer.warn_if_unregistered();
        // The default exchange puts a message into the queue that the key names.
        let target = if message.exchange.is_empty() { message.routing_key } else { message.exchange };
        let destination = Destination::new("publish", target);
        let mut span = tracer
            .span(Text::Copied(destination.operation_name()))
            .kind(SpanKind::Producer)
            .tag(tags::COMPONENT, Value::Static("lapin"))
            .set(tags::MESSAGE_BUS_DESTINATION, destination.name())
            .set(tags::MESSAGING_RABBITMQ_ROUTING_KEY, message.routing_key)
            .tag(tags::PEER_SERVICE, settings.peer_service())
            .start();
        if span.is_recording() {
            if let Some(peer) = &settings.peer {
                peer.set_tags(&mut span);
            }
            name::set_message_tags(&mut span, message.exchange, message.properties, message.payload.len());
            headers::capture(&mut span, &settings.captured, message.properties);
        }
        settings.decorators.iter().for_each(|decorator| decorator.on_publish(&mut span, message));
        Publish { span, settings, is_sent: false, has_ended: false }
    }

    /// Adds the context, unless the message could not be sent with it.
    fn inject(&mut self, properties: &mut BasicProperties) {
        let Publish { span, settings, .. } = self;
        let Some(context) = span.as_span_context() else { return };
        let is_in = headers::inject_into(&settings.tracer, &context, properties, settings.frame_max);
        drop(context);
        if !is_in {
            span.log_kv(&[
                (logs::EVENT, Value::Static("context_left_out")),
                (logs::MESSAGE, Value::Static("the headers do not fit into a frame with the context")),
            ]);
        }
    }

    fn end(mut self, outcome: PublishOutcome<'_>) {
        self.has_ended = true;
        self.tell(outcome);
    }

    fn tell(&mut self, outcome: PublishOutcome<'_>) {
        if self.span.is_recording() {
            set_outcome(&mut self.span, outcome);
        }
        let Publish { span, settings, .. } = self;
        settings.decorators.iter().for_each(|decorator| decorator.on_published(span, outcome));
    }
}

impl Drop for Publish {
    /// A panic is noted by the tracer. Decorators are foreign code, and a second panic would abort the process.
    fn drop(&mut self) {
        if self.has_ended || std::thread::panicking() {
            return;
        }
        self.tell(if self.is_sent { PublishOutcome::Unconfirmed } else { PublishOutcome::Cancelled });
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
        PublishOutcome::Failed(reason) => return error::record(span, reason),
    };
    span.set_tag(tags::RABBITMQ_OUTCOME, Value::Static(name));
    match outcome {
        PublishOutcome::Nack => error::failed(span, name, "the broker refused the message"),
        PublishOutcome::Returned(message) => {
            span.set(tags::RABBITMQ_REPLY_CODE, message.reply_code.into());
            error::failed(span, name, message.reply_text.as_str());
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

/// Lapin's [`PublisherConfirm`] with the span of publishing, which ends with the broker's answer. Where the channel has no confirms, it
/// has ended when the message was written, and this is ready at once.
///
/// Dropped unresolved, the span ends as `unconfirmed`, and the confirm goes to
/// [`Channel::wait_for_confirms`](lapin::Channel::wait_for_confirms) as ever.
#[must_use = "whether the broker has taken the message is told by this future"]
pub struct TracingPublisherConfirm {
    // Dropped behind the span.
    publish: Option<Publish>,
    inner: PublisherConfirm,
}

impl TracingPublisherConfirm {
    /// The confirm inside. The span ends now, as `unconfirmed` unless it has ended.
    pub fn into_inner(self) -> PublisherConfirm {
        self.inner
    }
}

impl Future for TracingPublisherConfirm {
    type Output = Result<Confirmation>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(Pin::new(&mut self.inner).poll(cx));
        if let Some(publish) = self.publish.take() {
            publish.end(outcome(&result));
        }
        Poll::Ready(result)
    }
}

fn outcome(result: &Result<Confirmation>) -> PublishOutcome<'_> {
    match result {
        // An unroutable message is returned, and acknowledged all the same.
        Ok(Confirmation::Ack(Some(message)) | Confirmation::Nack(Some(message))) => PublishOutcome::Returned(message),
        Ok(Confirmation::Ack(None)) => PublishOutcome::Ack,
        Ok(Confirmation::Nack(None)) => PublishOutcome::Nack,
        Ok(Confirmation::NotRequested) => PublishOutcome::Sent,
        Err(error) => PublishOutcome::Failed(error),
    }
}

impl fmt::Debug for TracingPublisherConfirm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingPublisherConfirm").field("inner", &self.inner).finish_non_exhaustive()
    }
}
