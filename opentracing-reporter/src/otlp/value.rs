//! Attributes: keys and typed values.

use opentracing_core::Value;

use crate::batch::Detail;
use crate::wire::protobuf::{bytes, fixed64, message, uint};

pub(super) fn as_text(value: Value<'_>) -> Option<&str> {
    match value {
        Value::Static(text) | Value::Str(text) | Value::Message(text) => Some(text),
        _ => None,
    }
}

pub(super) fn truncated(value: Value<'_>, detail: Detail) -> Value<'_> {
    match value {
        Value::Str(text) | Value::Message(text) => Value::Str(detail.text(text)),
        value => value,
    }
}

/// `KeyValue { key: 1, value: 2 }`, as the given field of a message.
pub(super) fn attribute(out: &mut Vec<u8>, field: u32, key: &str, value: Value<'_>) {
    message::<1>(out, field, |out| {
        bytes(out, 1, key.as_bytes());
        message::<1>(out, 2, |out| write_value(out, value));
    });
}

/// As [`attribute`], with an array of one value: `ArrayValue { values: 1 }`.
pub(super) fn list(out: &mut Vec<u8>, field: u32, key: &str, value: Value<'_>) {
    message::<1>(out, field, |out| {
        bytes(out, 1, key.as_bytes());
        message::<1>(out, 2, |out| {
            message::<1>(out, 5, |out| message::<1>(out, 1, |out| write_value(out, value)));
        });
    });
}

/// `AnyValue`. A number beyond 63 bits becomes text.
fn write_value(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Bool(value) => uint(out, 2, value.into()),
        Value::I64(value) => uint(out, 3, value as u64),
        Value::U64(value) => match i64::try_from(value) {
            Ok(value) => uint(out, 3, value as u64),
            Err(_) => bytes(out, 1, value.to_string().as_bytes()),
        },
        Value::F64(value) => fixed64(out, 4, value.to_bits()),
        Value::Static(text) | Value::Str(text) | Value::Message(text) => bytes(out, 1, text.as_bytes()),
        other => bytes(out, 1, other.to_string().as_bytes()),
    }
}
