//! Where deliveries come from, and the start of their spans.

use lapin::message::Delivery;
use lapin::types::ShortString;
use opentracing_core::{Span, SpanKind, Text, Value, tags};

use crate::headers;
use crate::settings::settings::Settings;
use crate::tags::destination::Destination;
use crate::tags::message::set_delivery_tags;

/// What all deliveries of a consumer have in common.
#[derive(Debug)]
pub(crate) struct Source {
    queue: Destination,
    pub(crate) needs_settling: bool,
}

impl Source {
    pub(crate) fn new(queue: &ShortString, no_ack: bool) -> Self {
        Source { queue: Destination::new("process", queue.as_str()), needs_settling: !no_ack }
    }

    /// Starts the span of a delivery.
    pub(crate) fn start_span(&self, settings: &Settings, delivery: &Delivery) -> Span {
        let Settings { tracer, component, producer_reference, .. } = settings;
        tracer.warn_if_unregistered();
        let producer = if settings.propagates { headers::extract(tracer, &delivery.properties) } else { None };
        let mut builder = tracer.span(Text::Copied(self.queue.operation_name()));
        builder
            .kind(SpanKind::Consumer)
            .ignore_active_span()
            .tag(tags::COMPONENT, Value::Static(component))
            .set(tags::MESSAGE_BUS_DESTINATION, self.queue.name())
            .set(tags::MESSAGING_RABBITMQ_ROUTING_KEY, delivery.routing_key.as_str());
        match &producer {
            Some(producer) if producer.is_valid() => {
                builder.reference(*producer_reference, producer);
            }
            // A sampling decision or baggage without ids: there is no span to refer to.
            Some(producer) => {
                builder.child_of(producer);
            }
            None => {}
        }
        if settings.skips(self.queue.name()) {
            builder.set(tags::SAMPLING_PRIORITY, 0);
        }
        let mut span = builder.start();
        if span.is_recording() {
            if let Some(peer) = &settings.peer {
                peer.set_tags(&mut span);
            }
            set_delivery_tags(&mut span, delivery);
            headers::capture(&mut span, &settings.captured, &delivery.properties);
        }
        settings.decorators.iter().for_each(|decorator| decorator.on_receive(&mut span, delivery));
        span
    }
}
