//! Reading the values of message headers.

use lapin::types::AMQPValue;
use opentracing_core::Value;

/// The bytes of a text header.
///
/// Most clients write text as a long string and some as a byte array. Brokers reject short strings as header values, but tests
/// construct them.
pub(crate) fn text(value: &AMQPValue) -> Option<&[u8]> {
    match value {
        AMQPValue::LongString(text) => Some(text.as_bytes()),
        AMQPValue::ByteArray(bytes) => Some(bytes.as_slice()),
        AMQPValue::ShortString(text) => Some(text.as_str().as_bytes()),
        _ => None,
    }
}

/// The text of a header, if it is UTF-8.
pub(crate) fn utf8(value: &AMQPValue) -> Option<&str> {
    std::str::from_utf8(text(value)?).ok()
}

/// The value of a header of any integer type.
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

/// The value of a header as a tag. `None` for binary data, decimals, arrays, tables and null.
pub(crate) fn tag_value(value: &AMQPValue) -> Option<Value<'_>> {
    Some(match value {
        AMQPValue::Boolean(value) => Value::Bool(*value),
        AMQPValue::Float(number) => Value::from(*number),
        AMQPValue::Double(number) => Value::from(*number),
        AMQPValue::Timestamp(seconds) => Value::from(*seconds),
        _ => match integer(value) {
            Some(number) => Value::from(number),
            None => Value::Str(utf8(value)?),
        },
    })
}
