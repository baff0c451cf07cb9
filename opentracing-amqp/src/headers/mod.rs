//! The headers of a message: contexts, captured headers, and the size of their frame.

mod carrier;
pub(crate) mod size;
pub(crate) mod value;

use lapin::BasicProperties;
use lapin::types::{FieldTable, FrameSize};
use opentracing_core::message_rules::MessageHeaderTags;
use opentracing_core::propagation::AmqpHeaders;
use opentracing_core::{Span, SpanContext, Tracer};

use crate::headers::carrier::{HeaderReader, HeaderWriter};
use crate::headers::size::DEFAULT_FRAME_MAX;
use crate::headers::value::tag_value;

/// Writes a context to the headers of a message, in every format that the tracer writes.
///
/// Other headers and properties stay as they are. The properties are returned unchanged if the context does not fit into a frame of
/// 128 KiB, the default limit of RabbitMQ.
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

/// Returns `false`, and leaves the properties unchanged, if they do not fit into a frame with the context.
pub(crate) fn inject_into(
    tracer: &Tracer,
    context: &SpanContext,
    properties: &mut BasicProperties,
    frame_max: FrameSize,
) -> bool {
    let map = properties.headers().as_ref().map(|headers| headers.inner().clone());
    let had_headers = map.is_some();
    let mut carrier = HeaderWriter(map.unwrap_or_default());
    // An error means that the tracer has no format for AMQP: then there is nothing to write.
    let _ = tracer.inject(context, AmqpHeaders, &mut carrier);
    if carrier.0.is_empty() && !had_headers {
        return true;
    }
    let headers = FieldTable::from(carrier.0);
    let fits = size::fits(properties, &headers, frame_max);
    if fits {
        *properties = std::mem::take(properties).with_headers(headers);
    }
    fits
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
    tracer.extract(AmqpHeaders, &HeaderReader(headers.inner())).ok().flatten()
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
