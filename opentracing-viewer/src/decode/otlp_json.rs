//! OTLP in JSON.
//!
//! Senders differ from the specification, and the messages of `opentelemetry-proto` are strict, so a request is brought into their form first.
//! Each span is read by itself: a bad one does not cost the others.

use std::borrow::Cow;
use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource as ProtoResource;
use opentelemetry_proto::tonic::trace::v1::Span as ProtoSpan;
use serde_json::{Map, Value as Json, json};

use super::otlp::{add_span, resource, scope_tags};
use super::{Decoded, InvalidRequest};
use crate::model::Resource;

/// Reads a request in JSON.
pub(crate) fn otlp_json(body: &[u8]) -> Result<Decoded, InvalidRequest> {
    let mut request: Json = serde_json::from_slice(body).map_err(|error| InvalidRequest(error.to_string()))?;
    if !request.is_object() {
        return Err(InvalidRequest("the request is not a JSON object".to_owned()));
    }
    let mut quirks = Quirks::default();
    normalize(&mut request, &mut quirks);
    // A request with an empty list, and one without the list, are valid.
    let has_content = match &request["resourceSpans"] {
        Json::Array(list) => !list.is_empty(),
        _ => request.as_object().is_some_and(|request| !request.is_empty()),
    };
    let mut decoded = Decoded::default();
    for (group, mut spans) in take_list(&mut request, "resourceSpans").into_iter().enumerate() {
        let position = format!("resourceSpans[{group}]");
        let resource = match read::<ProtoResource>(&mut spans, "resource") {
            Ok(proto) => Arc::new(resource(proto)),
            Err(error) => {
                decoded.message.get_or_insert_with(|| format!("{position}.resource: {error}"));
                Arc::new(Resource::new("", Vec::new()))
            }
        };
        for (part, mut spans) in take_list(&mut spans, "scopeSpans").into_iter().enumerate() {
            let position = format!("{position}.scopeSpans[{part}]");
            let scope = match read::<InstrumentationScope>(&mut spans, "scope") {
                Ok(scope) => scope_tags(scope),
                Err(error) => {
                    decoded.message.get_or_insert_with(|| format!("{position}.scope: {error}"));
                    Vec::new()
                }
            };
            for (index, span) in take_list(&mut spans, "spans").into_iter().enumerate() {
                let position = || format!("{position}.spans[{index}]");
                match serde_json::from_value::<ProtoSpan>(span) {
                    Ok(span) => add_span(span, &resource, &scope, position, &mut decoded),
                    Err(error) => decoded.reject(1, || format!("{}: {error}", position())),
                }
            }
        }
    }
    if decoded.message.is_none() {
        decoded.message = quirks.message(has_content && decoded.spans.is_empty());
    }
    Ok(decoded)
}

/// What the specification of OTLP does not allow and is read all the same.
#[derive(Default)]
struct Quirks {
    /// The first key in snake case.
    snake_case: Option<String>,
    has_enum_names: bool,
}

impl Quirks {
    fn message(&self, is_empty: bool) -> Option<String> {
        if is_empty {
            Some("the request has no spans: expected resourceSpans[].scopeSpans[].spans[]".to_owned())
        } else if let Some(key) = &self.snake_case {
            Some(format!("the key \"{key}\" should be in camel case (OTLP specification, \"JSON Protobuf Encoding\")"))
        } else if self.has_enum_names {
            Some("kinds and codes should be numbers (OTLP specification, \"JSON Protobuf Encoding\")".to_owned())
        } else {
            None
        }
    }
}

/// Removes nulls, which stand for defaults, and brings keys, enums and numbers into the form of the specification. The nesting is bounded by
/// `serde_json`, at 128.
fn normalize(value: &mut Json, quirks: &mut Quirks) {
    match value {
        Json::Array(list) => list.iter_mut().for_each(|value| match value {
            Json::Null => *value = json!({}),
            value => normalize(value, quirks),
        }),
        Json::Object(fields) => {
            let old = std::mem::take(fields);
            for (key, mut value) in old.into_iter().filter(|(_, value)| !value.is_null()) {
                normalize(&mut value, quirks);
                add(fields, key, value, quirks);
            }
        }
        _ => {}
    }
}

fn add(fields: &mut Map<String, Json>, key: String, value: Json, quirks: &mut Quirks) {
    let key = match camel_case(&key) {
        Cow::Borrowed(_) => key,
        Cow::Owned(camel) => {
            quirks.snake_case.get_or_insert(key);
            camel
        }
    };
    let value = match (key.as_str(), value) {
        ("kind", Json::String(name)) => quirks.number(&KINDS, name),
        ("code", Json::String(name)) => quirks.number(&CODES, name),
        ("arrayValue" | "kvlistValue", Json::Object(mut list)) => {
            list.entry("values").or_insert_with(|| json!([]));
            Json::Object(list)
        }
        ("doubleValue", Json::String(text)) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => json!(number),
            // JSON has no such numbers, so they stay text.
            _ => {
                fields.insert("stringValue".to_owned(), text.into());
                return;
            }
        },
        (_, value) => value,
    };
    fields.insert(key, value);
}

impl Quirks {
    /// The number of an enum's name. An unknown name is left, and fails later.
    fn number(&mut self, names: &[(&str, i32)], name: String) -> Json {
        match names.iter().find(|(known, _)| *known == name) {
            Some((_, number)) => {
                self.has_enum_names = true;
                json!(number)
            }
            None => match name.parse::<i32>() {
                Ok(number) => json!(number),
                Err(_) => Json::String(name),
            },
        }
    }
}

const KINDS: [(&str, i32); 6] = [
    ("SPAN_KIND_UNSPECIFIED", 0),
    ("SPAN_KIND_INTERNAL", 1),
    ("SPAN_KIND_SERVER", 2),
    ("SPAN_KIND_CLIENT", 3),
    ("SPAN_KIND_PRODUCER", 4),
    ("SPAN_KIND_CONSUMER", 5),
];

const CODES: [(&str, i32); 3] = [("STATUS_CODE_UNSET", 0), ("STATUS_CODE_OK", 1), ("STATUS_CODE_ERROR", 2)];

/// All keys are names of fields: those of users are values of the field `key`.
fn camel_case(key: &str) -> Cow<'_, str> {
    if !key.contains('_') {
        return key.into();
    }
    let mut parts = key.split('_').filter(|part| !part.is_empty());
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel.into()
}

fn take_list(object: &mut Json, key: &str) -> Vec<Json> {
    match object.get_mut(key).map(Json::take) {
        Some(Json::Array(list)) => list,
        _ => Vec::new(),
    }
}

fn read<T: serde::de::DeserializeOwned>(object: &mut Json, key: &str) -> Result<Option<T>, serde_json::Error> {
    object.get_mut(key).map(|value| serde_json::from_value(value.take())).transpose()
}
