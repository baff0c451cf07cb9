//! The size of message properties on the wire.
//!
//! All properties of a message share one frame, and a broker closes the connection when a frame exceeds the negotiated maximum. The
//! context is left out when it would make the frame too large.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, FrameSize, ShortString};

/// The maximum frame size of a RabbitMQ broker with its default configuration.
pub(crate) const DEFAULT_FRAME_MAX: FrameSize = 131_072;

/// The header and end of the frame; then class, weight, body size and property flags.
const OVERHEAD: usize = 8 + 14;

/// Whether the properties fit into one frame with these headers. A `frame_max` of zero means that there is no limit.
pub(crate) fn fits(properties: &BasicProperties, headers: &FieldTable, frame_max: FrameSize) -> bool {
    let size = OVERHEAD + other_properties(properties) + table(headers);
    frame_max == 0 || usize::try_from(frame_max).is_ok_and(|max| size <= max)
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

fn table(table: &FieldTable) -> usize {
    4 + table.into_iter().map(|(name, entry)| short(name) + value(entry)).sum::<usize>()
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
        AMQPValue::FieldTable(inner) => table(inner),
    }
}
