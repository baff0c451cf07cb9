//! The headers of a message as a carrier.

use std::collections::BTreeMap;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, FrameSize, ShortString};
use opentracing_core::propagation::{AmqpHeaders, Field, TextMapReader, TextMapWriter};
use opentracing_core::{Span, SpanContext, Tracer, Value};

use crate::settings::CapturedHeader;
use crate::size::{self, USUAL_FRAME};

/// Writes a context into the properties of a message, whose other headers stay as they are. Properties that would not fit into a frame of
/// RabbitMQ's usual 128 KiB with it are left as they were.
///
/// ```
/// use lapin::BasicProperties;
/// use opentracing_amqp::inject;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (tracer, _drain) = opentracing_core::Tracer::builder("shop").build();
/// let span = tracer.span("ship").start();
/// let context = span.context().ok_or("a tracer gives a context")?;
/// let properties = inject(&tracer, &context, BasicProperties::default().with_delivery_mode(2));
/// assert!(properties.headers().as_ref().is_some_and(|headers| headers.contains_key("traceparent")));
/// # Ok(())
/// # }
/// ```
pub fn inject(tracer: &Tracer, context: &SpanContext, mut properties: BasicProperties) -> BasicProperties {
    inject_into(tracer, context, &mut properties, USUAL_FRAME);
    properties
}

/// Leaves the properties as they are where they would not fit into a frame with the context, and is `false` then.
pub(crate) fn inject_into(
    tracer: &Tracer,
    context: &SpanContext,
    properties: &mut BasicProperties,
    frame_max: FrameSize,
) -> bool {
    let map = properties.headers().as_ref().map(|headers| headers.inner().clone());
    let had_headers = map.is_some();
    let mut carrier = Writer(map.unwrap_or_default());
    // A context with nothing to carry leaves the message as it was.
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

/// Reads the context that a message carries. What cannot be read is counted, and is none.
pub fn extract(tracer: &Tracer, properties: &BasicProperties) -> Option<SpanContext> {
    let headers = properties.headers().as_ref()?;
    tracer.extract(AmqpHeaders, &Reader(headers.inner())).ok().flatten()
}

struct Reader<'a>(&'a BTreeMap<ShortString, AMQPValue>);

impl TextMapReader for Reader<'_> {
    fn values(&self, field: &Field, visit: &mut dyn FnMut(&[u8])) {
        self.for_each(&mut |name, value| {
            if name.eq_ignore_ascii_case(field.name()) {
                visit(value);
            }
        });
    }

    fn for_each(&self, visit: &mut dyn FnMut(&str, &[u8])) {
        self.0.iter().for_each(|(name, value)| {
            if let Some(bytes) = text(value) {
                visit(name.as_str(), bytes);
            }
        });
    }
}

/// The forms in which clients write text: the long string of most, the array of bytes of some, and the short string, which the
/// broker does not know as the value of a header, but a test may make.
fn text(value: &AMQPValue) -> Option<&[u8]> {
    match value {
        AMQPValue::LongString(text) => Some(text.as_bytes()),
        AMQPValue::ByteArray(bytes) => Some(bytes.as_slice()),
        AMQPValue::ShortString(text) => Some(text.as_str().as_bytes()),
        _ => None,
    }
}

struct Writer(BTreeMap<ShortString, AMQPValue>);

impl TextMapWriter for Writer {
    fn set_key(&mut self, key: &str, value: &str) {
        self.remove_key(key);
        // Longer names there cannot be.
        if let Ok(key) = ShortString::try_new(key) {
            self.0.insert(key, AMQPValue::LongString(value.into()));
        }
    }

    fn remove_key(&mut self, key: &str) {
        if !self.0.is_empty() {
            self.0.retain(|name, _| !name.as_str().eq_ignore_ascii_case(key));
        }
    }

    fn remove_prefix(&mut self, prefix: &str) {
        let begins_so = |name: &ShortString| {
            let start = name.as_str().as_bytes().get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        self.0.retain(|name, _| !begins_so(name));
    }
}

/// Sets the tags of those headers that are there.
pub(crate) fn capture(span: &mut Span, captured: &[CapturedHeader], properties: &BasicProperties) {
    let Some(headers) = properties.headers().as_ref().filter(|_| !captured.is_empty()) else { return };
    for (name, value) in headers {
        let Some(header) = captured.iter().find(|header| header.name.eq_ignore_ascii_case(name.as_str())) else {
            continue;
        };
        if let Some(value) = tag_value(value) {
            span.set_tag(header.tag(), value);
        }
    }
}

fn tag_value(value: &AMQPValue) -> Option<Value<'_>> {
    Some(match value {
        AMQPValue::Boolean(truth) => Value::Bool(*truth),
        AMQPValue::Float(number) => Value::from(*number),
        AMQPValue::Double(number) => Value::from(*number),
        AMQPValue::Timestamp(seconds) => Value::from(*seconds),
        _ => match integer(value) {
            Some(number) => Value::from(number),
            None => Value::Str(std::str::from_utf8(text(value)?).ok()?),
        },
    })
}

/// The value of a header of any of the integer types.
pub(crate) fn integer(value: &AMQPValue) -> Option<i64> {
    Some(match *value {
        AMQPValue::ShortShortInt(number) => number.into(),
        AMQPValue::ShortShortUInt(number) => number.into(),
        AMQPValue::ShortInt(number) => number.into(),
        AMQPValue::ShortUInt(number) => number.into(),
        AMQPValue::LongInt(number) => number.into(),
        AMQPValue::LongUInt(number) => number.into(),
        AMQPValue::LongLongInt(number) => number,
        _ => return None,
    })
}

/// The value of a header that is a text.
pub(crate) fn utf8(value: &AMQPValue) -> Option<&str> {
    std::str::from_utf8(text(value)?).ok()
}
