//! How large the properties of a message are on the wire.
//!
//! They go into one frame, and a broker that gets a larger one than was agreed closes the connection. A context must not be what makes a
//! frame too large.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, FrameSize, ShortString};

/// What RabbitMQ agrees to unless it is told otherwise.
pub(crate) const USUAL_FRAME: FrameSize = 131_072;

/// The frame's own head and end, class, weight, size of the body and the list of properties that are there.
const OVERHEAD: usize = 8 + 14;

/// Whether the properties fit into a frame with these headers. Zero stands for frames of any size.
pub(crate) fn fits(properties: &BasicProperties, headers: &FieldTable, frame_max: FrameSize) -> bool {
    let size = OVERHEAD + others(properties) + table(headers);
    frame_max == 0 || usize::try_from(frame_max).is_ok_and(|max| size <= max)
}

/// At most so many bytes without the headers (AMQP 0-9-1, section 4.2.5): the few numbers are taken to be there.
fn others(properties: &BasicProperties) -> usize {
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

/// With the letter of its type.
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
