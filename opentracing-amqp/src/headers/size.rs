//! The size of message properties on the wire.
//!
//! All properties of a message share one frame, and a broker closes the connection when a frame exceeds the negotiated maximum. The
//! context, or a part of it, is left out when it would make the frame too large.

use std::collections::BTreeMap;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FrameSize, ShortString};

/// The maximum frame size of a RabbitMQ broker with its default configuration.
pub(crate) const DEFAULT_FRAME_MAX: FrameSize = 131_072;

/// The header and end of the frame; then class, weight, body size and property flags.
const OVERHEAD: usize = 8 + 14;
/// The length of a table.
const TABLE: usize = 4;

/// The bytes that are left for further headers in the frame of the properties, with these headers. A `frame_max` of zero means that there is no
/// limit.
pub(crate) fn room(
    properties: &BasicProperties,
    headers: Option<&BTreeMap<ShortString, AMQPValue>>,
    frame_max: FrameSize,
) -> usize {
    let max = if frame_max == 0 { usize::MAX } else { usize::try_from(frame_max).unwrap_or(usize::MAX) };
    max.saturating_sub(OVERHEAD + other_properties(properties) + headers.map_or(TABLE, entries))
}

/// The size of a header whose value is a long string.
pub(crate) fn text_header(name: &str, value: &[u8]) -> usize {
    1 + name.len() + 1 + 4 + value.len()
}

/// An upper bound for the size without the headers (AMQP 0-9-1, section 4.2.5): numeric properties are counted even if they are absent.
fn other_properties(properties: &BasicProperties) -> usize {
    let texts = [
        properties.content_type(),
        properties.content_encoding(),
        properties.correlation_id(),
        properties.reply_to(),
        properties.expiration(),
        properties.message_id(),
        properties.kind(),
        properties.user_id(),
        properties.app_id(),
        properties.cluster_id(),
    ];
    let texts: usize = texts.into_iter().flatten().map(short).sum();
    texts + 1 + 1 + 8
}

fn short(text: &ShortString) -> usize {
    1 + text.as_str().len()
}

fn entries(table: &BTreeMap<ShortString, AMQPValue>) -> usize {
    TABLE + table.iter().map(|(name, entry)| short(name) + value(entry)).sum::<usize>()
}

/// Includes the byte for its type.
fn value(value: &AMQPValue) -> usize {
    1 + match value {
        AMQPValue::Void => 0,
        AMQPValue::Boolean(_) | AMQPValue::ShortShortInt(_) | AMQPValue::ShortShortUInt(_) => 1,
        AMQPValue::ShortInt(_) | AMQPValue::ShortUInt(_) => 2,
        AMQPValue::LongInt(_) | AMQPValue::LongUInt(_) | AMQPValue::Float(_) => 4,
        AMQPValue::DecimalValue(_) => 5,
        AMQPValue::LongLongInt(_) | AMQPValue::Double(_) | AMQPValue::Timestamp(_) => 8,
        AMQPValue::ShortString(text) => short(text),
        AMQPValue::LongString(text) => 4 + text.len(),
        AMQPValue::ByteArray(bytes) => 4 + bytes.len(),
        AMQPValue::FieldArray(values) => 4 + values.as_slice().iter().map(self::value).sum::<usize>(),
        AMQPValue::FieldTable(inner) => entries(inner.inner()),
    }
}
