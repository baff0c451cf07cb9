//! The header table of a message as a carrier.

use std::collections::BTreeMap;

use lapin::types::{AMQPValue, ShortString};
use opentracing_core::propagation::{TextMapReader, TextMapWriter, has_prefix};

use crate::headers::value::text;

/// Reads the headers whose values are text; others count as absent.
pub(crate) struct HeaderReader<'a>(pub(crate) &'a BTreeMap<ShortString, AMQPValue>);

impl TextMapReader for HeaderReader<'_> {
    fn for_each(&self, visit: &mut dyn FnMut(&str, &[u8])) {
        self.0.iter().for_each(|(name, value)| {
            if let Some(bytes) = text(value) {
                visit(name.as_str(), bytes);
            }
        });
    }
}

/// Writes headers as long strings.
pub(crate) struct HeaderWriter(pub(crate) BTreeMap<ShortString, AMQPValue>);

impl TextMapWriter for HeaderWriter {
    fn set_key(&mut self, key: &str, value: &str) {
        self.remove_key(key);
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
        self.0.retain(|name, _| !has_prefix(name.as_str(), prefix));
    }
}
