//! Where deliveries come from, and the start of their spans.

use lapin::message::Delivery;
use lapin::types::ShortString;
use opentracing_core::message_rules::Attempts;
use opentracing_core::{Span, SpanBuilder, SpanContext, SpanKind, Text, Value, tags};

use crate::delivery::earlier::{self, MessageKey};
use crate::delivery::spans::Started;
use crate::headers;
use crate::settings::settings::Settings;
use crate::tags::destination::Destination;
use crate::tags::message::set_delivery_tags;

/// What all deliveries of a consumer have in common.
#[derive(Debug)]
pub(crate) struct Source {
    /// The queue as the program names it.
    name: ShortString,
    queue: Destination,
    pub(crate) needs_settling: bool,
}

impl Source {
    pub(crate) fn new(queue: &ShortString, no_ack: bool) -> Self {
        Source { name: queue.clone(), queue: Destination::new("process", queue.as_str()), needs_settling: !no_ack }
    }

    /// The name of the queue for tags.
    pub(crate) fn queue(&self) -> &str {
        self.queue.name()
    }

    /// Starts the span of a delivery.
    pub(crate) fn start(&self, settings: &Settings, delivery: &Delivery) -> Started {
        let producer = self.producer(settings, delivery);
        let key = MessageKey::new(&settings.tracer, self.name.as_str(), delivery, producer.as_ref());
        let attempts = earlier::attempts(delivery, key);
        let span = self.start_span(settings, delivery, producer.as_ref(), &attempts);
        Started { span, attempts, key }
    }

    /// Starts the span of a further attempt.
    pub(crate) fn start_again(&self, settings: &Settings, delivery: &Delivery, attempts: &Attempts) -> Span {
        self.start_span(settings, delivery, self.producer(settings, delivery).as_ref(), attempts)
    }

    /// The context of the publisher.
    pub(crate) fn producer(&self, settings: &Settings, delivery: &Delivery) -> Option<SpanContext> {
        let names = [self.name.as_str(), delivery.exchange.as_str(), delivery.routing_key.as_str()];
        if settings.destinations.propagates(names) {
            headers::extract(&settings.tracer, &delivery.properties)
        } else {
            None
        }
    }

    fn start_span(
        &self,
        settings: &Settings,
        delivery: &Delivery,
        producer: Option<&SpanContext>,
        attempts: &Attempts,
    ) -> Span {
        settings.tracer.warn_if_unregistered();
        let mut builder = builder(settings, self.queue.operation_name(), self.queue.name());
        builder.set(tags::MESSAGING_RABBITMQ_ROUTING_KEY, delivery.routing_key.as_str());
        match producer {
            Some(producer) if producer.is_valid() => {
                builder.reference(settings.producer_reference, producer);
            }
            // A sampling decision or baggage without ids: there is no span to refer to.
            Some(producer) => {
                builder.child_of(producer);
            }
            None => {}
        }
        attempts.refer_to_last(&mut builder);
        let mut span = builder.start();
        if span.is_recording() {
            describe(settings, &mut span);
            set_delivery_tags(&mut span, delivery);
            headers::capture(&mut span, &settings.captured, &delivery.properties);
        }
        settings.decorators.iter().for_each(|decorator| decorator.on_receive(&mut span, delivery));
        span
    }
}

/// Begins the span of deliveries from this queue.
pub(crate) fn builder<'a>(settings: &'a Settings, operation_name: &'a str, queue: &'a str) -> SpanBuilder<'a> {
    let mut builder = settings.tracer.span(Text::Copied(operation_name));
    builder
        .kind(SpanKind::Consumer)
        .ignore_active_span()
        .tag(tags::COMPONENT, Value::Static(settings.component))
        .set(tags::MESSAGE_BUS_DESTINATION, queue);
    if settings.destinations.skips(queue) {
        builder.set(tags::SAMPLING_PRIORITY, 0);
    }
    builder
}

/// Sets the tags that all spans of deliveries have.
pub(crate) fn describe(settings: &Settings, span: &mut Span) {
    span.set_tag(tags::MESSAGING_OPERATION_NAME, Value::Static("process"))
        .set_tag(tags::MESSAGING_OPERATION_TYPE, Value::Static("process"));
    if let Some(peer) = &settings.peer {
        peer.set_tags(span);
    }
}
