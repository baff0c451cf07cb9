//! Values of tags as text and as numbers.

use std::borrow::Cow;

use opentracing_core::Value;

/// The text, if the value is one.
pub(super) fn as_text<'a>(value: Value<'a>) -> Option<&'a str> {
    match value {
        Value::Static(text) => Some(text),
        Value::Str(text) | Value::Message(text) => Some(text),
        _ => None,
    }
}

/// Any value as text.
pub(super) fn to_text<'a>(value: Value<'a>) -> Cow<'a, str> {
    as_text(value).map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}

/// The value as a metric. Metrics are 64-bit floating-point numbers, so a number that does not fit into one stays text.
pub(super) fn as_metric(value: Value<'_>) -> Option<f64> {
    const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;
    match value {
        Value::F64(number) => Some(number).filter(|number| number.is_finite()),
        Value::I64(number) => (number.unsigned_abs() <= EXACT).then_some(number as f64),
        Value::U64(number) => (number <= EXACT).then_some(number as f64),
        _ => None,
    }
}
