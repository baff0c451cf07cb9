//! The values of tags and log fields.

use std::fmt;

use crate::model::Text;

/// The value of a tag or of a log field.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A Boolean.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer that may not fit into an `i64`.
    U64(u64),
    /// A floating-point number.
    F64(f64),
    /// Text.
    Str(Text),
    /// A list or a map, as JSON. Only OTLP has these.
    Json(Text),
}

impl Value {
    /// The text of a [`Str`](Value::Str) or [`Json`](Value::Json), `None` for other values.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Str(text) | Value::Json(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the value is `true`, as a Boolean or as text: Zipkin has only text.
    pub fn is_true(&self) -> bool {
        matches!(self, Value::Bool(true)) || self.as_text() == Some("true")
    }

    /// The value as a whole number, also of text with digits only.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Value::I64(number) => u64::try_from(*number).ok(),
            Value::U64(number) => Some(*number),
            Value::Str(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// Writes what a filter compares with: text without quotes, numbers in decimal.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(value) => value.fmt(f),
            Value::I64(value) => value.fmt(f),
            Value::U64(value) => value.fmt(f),
            Value::F64(value) => value.fmt(f),
            Value::Str(text) | Value::Json(text) => text.fmt(f),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::I64(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Value::U64(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::F64(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Str(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Str(text.into())
    }
}

impl From<opentracing_core::Value<'_>> for Value {
    fn from(value: opentracing_core::Value<'_>) -> Self {
        match value {
            opentracing_core::Value::Bool(value) => Value::Bool(value),
            opentracing_core::Value::I64(value) => Value::I64(value),
            opentracing_core::Value::U64(value) => Value::U64(value),
            opentracing_core::Value::F64(value) => Value::F64(value),
            opentracing_core::Value::Static(text) | opentracing_core::Value::Str(text) => text.into(),
            other => other.to_string().into(),
        }
    }
}
