//! The headers of a record as a carrier.

use opentracing_core::message_rules::{HeaderNames, MessageHeaders};
use opentracing_core::propagation::{Field, TextMapWriter, has_prefix};
use rdkafka::message::{BorrowedHeaders, Header, OwnedHeaders};

use crate::headers::{raw, size};

/// Collects the headers of a received record that have a value.
pub(crate) fn read(headers: &BorrowedHeaders) -> MessageHeaders<'_> {
    raw::iter(headers).filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Writes the headers of a record that has none yet, without a copy in between. The list is only created if there is something to write.
#[derive(Default)]
pub(crate) struct HeaderWriter {
    headers: Option<OwnedHeaders>,
    names: HeaderNames,
    size: usize,
}

impl HeaderWriter {
    /// The most that the headers take in a record.
    pub(crate) fn max_size(&self) -> usize {
        self.size
    }

    pub(crate) fn into_inner(self) -> Option<OwnedHeaders> {
        self.headers
    }

    fn write(&mut self, name: &str, value: &[u8]) {
        if self.names.add(name.as_bytes()) {
            self.remove_key(name);
        }
        self.size += size::MAX_LENGTHS + name.len() + value.len();
        let headers = self.headers.take().unwrap_or_else(|| OwnedHeaders::new_with_capacity(CAPACITY));
        self.headers = Some(headers.insert(Header { key: name, value: Some(value) }));
    }

    fn remove_if(&mut self, matches: impl Fn(&[u8]) -> bool) {
        if let Some(headers) = &mut self.headers {
            raw::remove(headers, matches);
        }
    }
}

/// As many as the default formats write, with `baggage` and one to spare.
const CAPACITY: usize = 8;

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
            self.remove_if(|name| name.eq_ignore_ascii_case(key.as_bytes()));
        }
    }

    fn remove_prefix(&mut self, prefix: &str) {
        self.remove_if(|name| has_prefix(name, prefix));
    }

    fn is_blank(&self) -> bool {
        self.headers.is_none()
    }
}
