//! The headers of records as carriers.

use std::str;

use opentracing_core::propagation::{Field, TextMapReader, TextMapWriter};
use rdkafka::message::{BorrowedHeaders, Header, OwnedHeaders};
use smallvec::SmallVec;

use crate::raw;

/// The headers of a received record. Collected once, as each format asks for several.
pub(crate) struct HeaderReader<'h> {
    /// Those that have a value.
    headers: SmallVec<[(&'h [u8], &'h [u8]); 12]>,
}

impl<'h> HeaderReader<'h> {
    pub(crate) fn new(headers: Option<&'h BorrowedHeaders>) -> Self {
        let mut all = SmallVec::new();
        if let Some(headers) = headers {
            raw::for_each(headers, |name, value| all.extend(value.map(|value| (name, value))));
        }
        HeaderReader { headers: all }
    }
}

impl TextMapReader for HeaderReader<'_> {
    fn values(&self, field: &Field, visit: &mut dyn FnMut(&[u8])) {
        let name = field.name().as_bytes();
        self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).for_each(|(_, value)| visit(value));
    }

    fn for_each(&self, visit: &mut dyn FnMut(&str, &[u8])) {
        for (name, value) in &self.headers {
            if let Ok(name) = str::from_utf8(name) {
                visit(name, value);
            }
        }
    }
}

/// The headers of a record that is to be sent. There are none until the first is written.
pub(crate) struct HeaderWriter<'a> {
    headers: &'a mut Option<OwnedHeaders>,
    /// What the caller has put there, copied from a received record for example. Without it there is nothing to replace.
    has_others: bool,
}

impl<'a> HeaderWriter<'a> {
    pub(crate) fn new(headers: &'a mut Option<OwnedHeaders>) -> Self {
        let has_others = headers.is_some();
        HeaderWriter { headers, has_others }
    }

    fn remove_all(&mut self, is_found: impl Fn(&[u8]) -> bool) {
        if self.has_others
            && let Some(headers) = &mut *self.headers
        {
            raw::remove(headers, is_found);
        }
    }
}

impl TextMapWriter for HeaderWriter<'_> {
    fn set_key(&mut self, key: &str, value: &str) {
        self.remove_key(key);
        let headers = self.headers.take().unwrap_or_default();
        *self.headers = Some(headers.insert(Header { key, value: Some(value) }));
    }

    fn remove_key(&mut self, key: &str) {
        self.remove_all(|name| name.eq_ignore_ascii_case(key.as_bytes()));
    }

    fn remove_prefix(&mut self, prefix: &str) {
        self.remove_all(|name| {
            name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        });
    }
}
