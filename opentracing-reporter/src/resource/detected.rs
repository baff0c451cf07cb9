//! What the detectors found.

use opentracing_core::{TracerBuilder, Value};

/// The tags that [`Detectors`](super::Detectors) found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DetectedTags {
    /// Without duplicate keys.
    tags: Vec<(&'static str, DetectedValue)>,
}

#[derive(Clone, Debug, PartialEq)]
enum DetectedValue {
    Text(String),
    Number(i64),
}

impl DetectedTags {
    /// The tags, in the order of the detectors.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Value<'_>)> {
        self.tags.iter().map(|(key, value)| {
            let value = match value {
                DetectedValue::Text(text) => Value::Str(text),
                DetectedValue::Number(number) => Value::I64(*number),
            };
            (*key, value)
        })
    }

    /// The value of a tag.
    pub fn get(&self, key: &str) -> Option<Value<'_>> {
        self.iter().find_map(|(known, value)| (known == key).then_some(value))
    }

    /// Keeps only the tags whose key passes the test.
    #[must_use]
    pub fn filter(mut self, mut keep: impl FnMut(&str) -> bool) -> Self {
        self.tags.retain(|(key, _)| keep(key));
        self
    }

    /// Adds the tags to the process of a tracer. `service.name` is left out, since a tracer has its name already.
    pub fn add_to(&self, builder: TracerBuilder) -> TracerBuilder {
        let tags = self.iter().filter(|(key, _)| *key != "service.name");
        tags.fold(builder, |builder, (key, value)| builder.tag(key, value))
    }

    /// Adds a text, if there is one and the key is new.
    pub(super) fn text(&mut self, key: &'static str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.push(key, DetectedValue::Text(value.into()));
        }
    }

    pub(super) fn number(&mut self, key: &'static str, value: u32) {
        self.push(key, DetectedValue::Number(value.into()));
    }

    fn push(&mut self, key: &'static str, value: DetectedValue) {
        if !self.tags.iter().any(|(known, _)| *known == key) {
            self.tags.push((key, value));
        }
    }
}
