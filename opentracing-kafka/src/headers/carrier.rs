//! The headers of a record as a carrier.

use std::str;

use opentracing_core::propagation::{Field, TextMapReader, TextMapWriter, has_prefix};
use rdkafka::message::{BorrowedHeaders, Header, OwnedHeaders};
use smallvec::SmallVec;

use crate::headers::raw;

/// Reads the headers of a received record. They are collected once, because each format reads several.
pub(crate) struct HeaderReader<'h> {
    /// Headers with a value.
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

/// Writes the headers of a record that is sent. The list is created with the first header.
pub(crate) struct HeaderWriter<'a> {
    headers: &'a mut Option<OwnedHeaders>,
    /// Whether the caller set headers. Otherwise there is nothing to replace.
    had_headers: bool,
}

impl<'a> HeaderWriter<'a> {
    pub(crate) fn new(headers: &'a mut Option<OwnedHeaders>) -> Self {
        let had_headers = headers.is_some();
        HeaderWriter { headers, had_headers }
    }

    fn remove_all(&mut self, matches: impl Fn(&[u8]) -> bool) {
        if self.had_headers
            && let Some(headers) = &mut *self.headers
        {
            raw::remove(headers, matches);
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
        self.remove_all(|name| has_prefix(name, prefix));
    }
}
