//! Reading JSON of any shape.

use serde_json::Value;

use crate::backends::seen::Texts;

/// The elements; none if it is not an array.
pub(crate) fn array(json: &Value) -> &[Value] {
    json.as_array().map_or(&[], Vec::as_slice)
}

/// The value as text; empty if it is missing.
pub(crate) fn text(json: &Value) -> String {
    match json {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        // As the recorder shows it: `3` for a floating-point number without a fraction.
        Value::Number(number) if number.is_f64() => {
            number.as_f64().map(|number| opentracing_core::Value::F64(number).to_string()).unwrap_or_default()
        }
        other => other.to_string(),
    }
}

/// The number, also if it is text, as OTLP writes 64-bit numbers.
#[track_caller]
pub(crate) fn number(json: &Value) -> u64 {
    text(json).parse().unwrap_or_else(|_| panic!("{json} is no number"))
}

/// The text with leading zeros.
pub(crate) fn digits(json: &Value, width: usize) -> String {
    format!("{:0>width$}", text(json))
}

/// The members of an object, as text.
pub(crate) fn texts(json: &Value) -> Texts {
    json.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}
