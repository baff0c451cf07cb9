//! The header table of a message as a carrier.

use std::collections::BTreeMap;

use lapin::types::{AMQPValue, ShortString};
use opentracing_core::propagation::{Field, TextMapReader, TextMapWriter, has_prefix};

use crate::headers::value::text;

/// Reads the headers whose values are text; others count as absent.
pub(crate) struct HeaderReader<'a> {
    headers: &'a BTreeMap<ShortString, AMQPValue>,
    /// A bit for each name, so that most names that are absent are not searched.
    names: u64,
}

impl<'a> HeaderReader<'a> {
    pub(crate) fn new(headers: &'a BTreeMap<ShortString, AMQPValue>) -> Self {
        HeaderReader { headers, names: names(headers) }
    }
}

fn names(headers: &BTreeMap<ShortString, AMQPValue>) -> u64 {
    headers.keys().fold(0, |names, name| names | bit(name.as_str().as_bytes()))
}

/// Names that are equal in any letter case have the same bit.
fn bit(name: &[u8]) -> u64 {
    let first = name.first().copied().unwrap_or_default() | 0x20;
    1 << ((name.len() * 7 + usize::from(first)) % 64)
}

impl TextMapReader for HeaderReader<'_> {
    fn for_each(&self, visit: &mut dyn FnMut(&str, &[u8])) {
        self.headers.iter().for_each(|(name, value)| {
            if let Some(bytes) = text(value) {
                visit(name.as_str(), bytes);
            }
        });
    }

    fn values(&self, field: &Field, visit: &mut dyn FnMut(&[u8])) {
        let wanted = field.name().as_bytes();
        if self.names & bit(wanted) == 0 {
            return;
        }
        for (name, value) in self.headers {
            let name = name.as_str().as_bytes();
            if name.len() == wanted.len()
                && name.eq_ignore_ascii_case(wanted)
                && let Some(bytes) = text(value)
            {
                visit(bytes);
            }
        }
    }
}

/// Writes headers as long strings, among those that the message has.
pub(crate) struct HeaderWriter {
    headers: BTreeMap<ShortString, AMQPValue>,
    /// A bit for each name, so that names that are absent are not removed.
    names: u64,
}

impl HeaderWriter {
    pub(crate) fn new(headers: BTreeMap<ShortString, AMQPValue>) -> Self {
        HeaderWriter { names: names(&headers), headers }
    }

    pub(crate) fn into_inner(self) -> BTreeMap<ShortString, AMQPValue> {
        self.headers
    }
}

impl TextMapWriter for HeaderWriter {
    fn set_key(&mut self, key: &str, value: &str) {
        self.remove_key(key);
        // Fails for names longer than 255 bytes, which AMQP does not allow.
        if let Ok(name) = ShortString::try_new(key) {
            self.names |= bit(key.as_bytes());
            self.headers.insert(name, AMQPValue::LongString(value.into()));
        }
    }

    fn remove_key(&mut self, key: &str) {
        if self.names & bit(key.as_bytes()) != 0 {
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
