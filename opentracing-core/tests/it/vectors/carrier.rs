//! Carriers that hold what a vector says, byte for byte and line for line.

use opentracing_core::propagation::{Field, TextMapReader, TextMapWriter};
use serde_json::Value;

pub(super) trait Carrier: TextMapReader + TextMapWriter {
    fn label(&self) -> &'static str;
}

#[derive(Default)]
pub(super) struct Lines(pub(super) Vec<(String, Vec<u8>)>);

impl TextMapReader for Lines {
    fn values(&self, field: &Field, visit: &mut dyn FnMut(&[u8])) {
        self.0.iter().filter(|(name, _)| name.eq_ignore_ascii_case(field.name())).for_each(|(_, value)| visit(value));
    }

    fn for_each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.0.iter().for_each(|(name, value)| visit(name, value));
    }
}

impl TextMapWriter for Lines {
    fn set_key(&mut self, key: &str, value: &str) {
        self.remove_key(key);
        self.0.push((key.to_owned(), value.as_bytes().to_vec()));
    }

    fn remove_key(&mut self, key: &str) {
        self.0.retain(|(name, _)| !name.eq_ignore_ascii_case(key));
    }

    fn remove_prefix(&mut self, prefix: &str) {
        self.0.retain(|(name, _)| !name.to_ascii_lowercase().starts_with(&prefix.to_ascii_lowercase()));
    }
}

impl Carrier for Lines {
    fn label(&self) -> &'static str {
        "lines"
    }
}

#[cfg(feature = "http")]
impl Carrier for http::HeaderMap {
    fn label(&self) -> &'static str {
        "HeaderMap"
    }
}

/// `[[name, value], …]` in every kind of carrier that can hold it.
pub(super) fn carriers(headers: &Value) -> Vec<Box<dyn Carrier>> {
    let lines: Vec<(String, Vec<u8>)> = headers
        .as_array()
        .into_iter()
        .flatten()
        .map(|pair| (text(&pair[0]).to_owned(), text(&pair[1]).as_bytes().to_vec()))
        .collect();
    #[cfg(feature = "http")]
    let map = header_map(&lines).map(|map| Box::new(map) as Box<dyn Carrier>);
    #[cfg(not(feature = "http"))]
    let map = None;
    map.into_iter().chain([Box::new(Lines(lines)) as Box<dyn Carrier>]).collect()
}

#[cfg(feature = "http")]
fn header_map(lines: &[(String, Vec<u8>)]) -> Option<http::HeaderMap> {
    let mut map = http::HeaderMap::new();
    for (name, value) in lines {
        map.append(http::HeaderName::from_bytes(name.as_bytes()).ok()?, http::HeaderValue::from_bytes(value).ok()?);
    }
    Some(map)
}

/// Everything in the carrier, by name as it is there.
pub(super) fn pairs(carrier: &(impl TextMapReader + ?Sized)) -> Vec<(String, String)> {
    let mut pairs = vec![];
    carrier.for_each(&mut |name, value| pairs.push((name.to_owned(), String::from_utf8_lossy(value).into_owned())));
    pairs
}

/// The value of a header, in any letter case.
pub(super) fn header(carrier: &(impl TextMapReader + ?Sized), name: &str) -> Option<String> {
    pairs(carrier).into_iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// Digits of a random id of that length.
pub(super) fn is_id(digits: &str, len: usize) -> bool {
    let all = digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    digits.len() == len && all && digits.bytes().any(|digit| digit != b'0')
}
