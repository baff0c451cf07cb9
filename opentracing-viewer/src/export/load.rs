//! Reads files with traces.

use serde_json::Value as Json;

use crate::decode;
use crate::export::jaeger_json;
use crate::model::Span;

/// Reads the spans of a file with OTLP JSON, also one request a line as the OpenTelemetry Collector writes it, or with the JSON of
/// Jaeger.
///
/// # Errors
///
/// Says what is wrong with a file that has no spans.
pub(crate) fn load(body: &[u8]) -> Result<Vec<Span>, String> {
    let mut spans = Vec::new();
    let mut problem = None;
    // Several values after each other are one a line, or without any space.
    for (index, value) in serde_json::Deserializer::from_slice(body).into_iter::<Json>().enumerate() {
        let value = match value {
            Ok(value) => value,
            Err(error) => {
                problem = Some(format!("no JSON: {error}"));
                break;
            }
        };
        if value.get("data").is_some_and(Json::is_array) {
            spans.extend(jaeger_json::read(&value));
            continue;
        }
        match decode::otlp_json(value.to_string().as_bytes()) {
            Ok(decoded) => {
                problem = problem.or(decoded.message);
                spans.extend(decoded.spans);
            }
            Err(error) => problem = problem.or(Some(format!("value {}: {error}", index + 1))),
        }
    }
    match problem {
        _ if !spans.is_empty() => Ok(spans),
        Some(problem) => Err(problem),
        None => Err("neither OTLP JSON nor the JSON of Jaeger".to_owned()),
    }
}
