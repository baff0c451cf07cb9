//! The header table of a message as a carrier.

use std::collections::BTreeMap;

use lapin::types::{AMQPValue, ShortString};
use opentracing_core::message_rules::{HeaderNames, MessageHeaders};
use opentracing_core::propagation::{Field, TextMapWriter, has_prefix};

use crate::headers::size;
use crate::headers::value::text;

/// Collects the headers whose values are text; others count as absent.
pub(crate) fn read(headers: &BTreeMap<ShortString, AMQPValue>) -> MessageHeaders<'_> {
    headers.iter().filter_map(|(name, value)| Some((name.as_str().as_bytes(), text(value)?))).collect()
}

/// Writes headers as long strings, among those that the message has.
pub(crate) struct HeaderWriter {
    headers: BTreeMap<ShortString, AMQPValue>,
    /// So that names that are absent are not removed.
    names: HeaderNames,
    /// The size of the headers that were written.
    written: usize,
}

impl HeaderWriter {
    pub(crate) fn new(headers: BTreeMap<ShortString, AMQPValue>) -> Self {
        let mut names = HeaderNames::new();
        for name in headers.keys() {
            names.add(name.as_str().as_bytes());
        }
        HeaderWriter { headers, names, written: 0 }
    }

    /// The most that was added to the size of the headers.
    pub(crate) fn written(&self) -> usize {
        self.written
    }

    pub(crate) fn into_inner(self) -> BTreeMap<ShortString, AMQPValue> {
        self.headers
    }

    fn write(&mut self, name: &str, value: &[u8]) {
        if self.names.add(name.as_bytes()) {
            self.remove_key(name);
        }
        // Fails for names longer than 255 bytes, which AMQP does not allow.
        if let Ok(key) = ShortString::try_new(name) {
            self.written += size::text_header(name, value);
            self.headers.insert(key, AMQPValue::LongString(value.into()));
        }
    }
}

impl TextMapWriter for HeaderWriter {
    fn set_key(&mut self, key: &str, value: &str) {
        self.write(key, value.as_bytes());
    }

    fn set(&mut self, field: &Field, value: &str) {
        self.write(field.name(), value.as_bytes());
    }

    fn set_bytes(&mut self, field: &Field, value: &[u8]) {
        self.write(field.name(), value);
    }

    fn remove_key(&mut self, key: &str) {
        if self.names.may_have(key.as_bytes()) {
            self.headers.retain(|name, _| !name.as_str().eq_ignore_ascii_case(key));
        }
    }

    fn remove_prefix(&mut self, prefix: &str) {
        if !self.headers.is_empty() {
            self.headers.retain(|name, _| !has_prefix(name.as_str(), prefix));
        }
    }

    fn is_blank(&self) -> bool {
        self.headers.is_empty()
    }
}
