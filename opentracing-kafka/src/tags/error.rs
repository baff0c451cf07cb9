//! Recording errors.

use opentracing_core::{ActiveSpan, Span, Value, logs, tags};
use rdkafka::error::KafkaError;

/// Marks the span as failed because of an error of rdkafka.
pub(crate) fn record(span: &mut Span, error: &KafkaError) {
    if span.is_recording() {
        let kind = kind(error);
        let kind = kind.as_deref().map_or(Value::Static("client"), Value::Str);
        log(span, &[(logs::ERROR_KIND, kind)], &error.to_string());
    }
}

/// Logs an error in the active span, without marking it as failed.
#[cold]
pub(crate) fn log_active(span: &ActiveSpan, event: &'static str, error: &KafkaError) {
    let kind = kind(error);
    span.log_kv(&[
        (logs::EVENT, Value::Static(event)),
        (logs::ERROR_KIND, kind.as_deref().map_or(Value::Static("client"), Value::Str)),
        (logs::MESSAGE, Value::Message(&error.to_string())),
    ]);
}

fn kind(error: &KafkaError) -> Option<String> {
    error.rdkafka_error_code().map(|code| snake_case(&format!("{code:?}")))
}

fn log(span: &mut Span, kind: &[(&'static str, Value<'_>)], message: &str) {
    let mut fields = vec![(logs::EVENT, Value::Static("error"))];
    fields.extend_from_slice(kind);
    fields.push((logs::MESSAGE, Value::Message(message)));
    span.set(tags::ERROR, true).log_kv(&fields);
}

/// Converts `MessageTimedOut` to `message_timed_out`, the form of error kinds in all adapters. Drops the brackets of unknown codes, such as
/// `(123)`.
fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for character in name.chars().filter(|character| character.is_ascii_alphanumeric()) {
        if character.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(character.to_ascii_lowercase());
    }
    out
}
