//! The headers of a message: contexts, captured headers, and the size of their frame.

mod carrier;
pub(crate) mod size;
pub(crate) mod value;

use std::collections::BTreeMap;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, FrameSize, ShortString};
use opentracing_core::message_rules::{ContextFit, ContextHeaders, MessageHeaderTags};
use opentracing_core::propagation::AmqpHeaders;
use opentracing_core::{Span, SpanContext, Tracer};

use crate::headers::carrier::HeaderWriter;
use crate::headers::size::DEFAULT_FRAME_MAX;
use crate::headers::value::tag_value;

/// Writes a context to the headers of a message, in every format that the tracer writes.
///
/// Other headers and properties stay as they are. What does not fit into a frame of 128 KiB, the default limit of RabbitMQ, is left out:
/// baggage first and `traceparent` last.
///
/// ```
/// use lapin::BasicProperties;
/// use opentracing_amqp::inject;
/// use opentracing_core::Tracer;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (tracer, _drain) = Tracer::builder("shop").build();
/// let span = tracer.span("ship").start();
/// let context = span.context().ok_or("the span has no context")?;
/// let properties = BasicProperties::default().with_delivery_mode(2);
/// let properties = inject(&tracer, &context, properties);
/// let headers = properties.headers().as_ref().ok_or("the message has no headers")?;
/// assert!(headers.contains_key("traceparent"));
/// # Ok(())
/// # }
/// ```
pub fn inject(tracer: &Tracer, context: &SpanContext, mut properties: BasicProperties) -> BasicProperties {
    inject_into(tracer, context, &mut properties, DEFAULT_FRAME_MAX);
    properties
}

/// Leaves out what does not fit into a frame.
pub(crate) fn inject_into(
    tracer: &Tracer,
    context: &SpanContext,
    properties: &mut BasicProperties,
    frame_max: FrameSize,
) -> ContextFit {
    let present = properties.headers().as_ref().map(FieldTable::inner);
    let mut writer = HeaderWriter::new(present.cloned().unwrap_or_default());
    if tracer.inject(context, AmqpHeaders, &mut writer).is_err() {
        return ContextFit::Whole;
    }
    let written = writer.written();
    let headers = writer.into_inner();
    if headers.is_empty() && present.is_none() {
        return ContextFit::Whole;
    }
    // Headers that were replaced count twice.
    if written <= size::room(properties, present, frame_max) {
        *properties = std::mem::take(properties).with_headers(headers.into());
        return ContextFit::Whole;
    }
    inject_partly(tracer, context, properties, frame_max)
}

/// Adds what fits of a context that does not fit as a whole.
#[cold]
fn inject_partly(
    tracer: &Tracer,
    context: &SpanContext,
    properties: &mut BasicProperties,
    frame_max: FrameSize,
) -> ContextFit {
    let mut written = ContextHeaders::replacing();
    if tracer.inject(context, AmqpHeaders, &mut written).is_err() {
        return ContextFit::Whole;
    }
    let present = properties.headers().iter().flat_map(FieldTable::inner);
    let kept = present.filter(|(name, _)| !written.replaces(name.as_str().as_bytes()));
    let mut headers: BTreeMap<_, _> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    let fit = written.fit(size::room(properties, Some(&headers), frame_max), size::text_header);
    for (name, value) in written.iter() {
        if let Ok(name) = ShortString::try_new(name) {
            headers.insert(name, AMQPValue::LongString(value.into()));
        }
    }
    *properties = std::mem::take(properties).with_headers(headers.into());
    fit
}

/// Reads the context of a message from its headers.
///
/// Returns `None` for a message without a context, and for a context that is corrupt, which is counted in
/// [`Stats::extract_corrupted`](opentracing_core::Stats::extract_corrupted).
///
/// ```
/// use lapin::message::Delivery;
/// use opentracing_core::{Span, SpanKind, Tracer};
///
/// fn start(tracer: &Tracer, delivery: &Delivery) -> Span {
///     let producer = opentracing_amqp::extract(tracer, &delivery.properties);
///     tracer.span("process orders").kind(SpanKind::Consumer).follows_from(&producer).start()
/// }
/// # let _ = start;
/// ```
pub fn extract(tracer: &Tracer, properties: &BasicProperties) -> Option<SpanContext> {
    let headers = properties.headers().as_ref()?;
    tracer.extract(AmqpHeaders, &carrier::read(headers.inner())).ok().flatten()
}

/// Records the captured headers that the message has.
pub(crate) fn capture(span: &mut Span, captured: &MessageHeaderTags, properties: &BasicProperties) {
    let Some(headers) = properties.headers().as_ref().filter(|_| !captured.is_empty()) else { return };
    for (name, value) in headers {
        if let (Some(tag), Some(value)) = (captured.tag(name.as_str().as_bytes()), tag_value(value)) {
            span.set_tag(tag, value);
        }
    }
}
