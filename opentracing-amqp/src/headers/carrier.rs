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
        let names = headers.keys().fold(0, |names, name| names | bit(name.as_str().as_bytes()));
        HeaderReader { headers, names }
    }
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

/// Writes to a message without headers, as long strings.
#[derive(Default)]
pub(crate) struct NewHeaders(pub(crate) BTreeMap<ShortString, AMQPValue>);

impl TextMapWriter for NewHeaders {
    fn set_key(&mut self, key: &str, value: &str) {
        // Fails for names longer than 255 bytes, which AMQP does not allow.
        if let Ok(key) = ShortString::try_new(key) {
            self.0.insert(key, AMQPValue::LongString(value.into()));
        }
    }

    fn remove_key(&mut self, key: &str) {
        if !self.0.is_empty() {
            self.0.retain(|name, _| !name.as_str().eq_ignore_ascii_case(key));
        }
    }

    fn remove_prefix(&mut self, prefix: &str) {
        if !self.0.is_empty() {
            self.0.retain(|name, _| !has_prefix(name.as_str(), prefix));
        }
    }
}
