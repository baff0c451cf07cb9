//! The headers of a received record as a carrier.

use std::str;

use opentracing_core::propagation::{Field, TextMapReader};
use rdkafka::message::BorrowedHeaders;
use smallvec::SmallVec;

use crate::headers::raw;

/// Reads the headers of a received record. They are collected once, because each format reads several.
pub(crate) struct HeaderReader<'h> {
    /// Headers with a value.
    headers: SmallVec<[(&'h [u8], &'h [u8]); 12]>,
    /// The lengths of the names, as bits. Most fields that are looked up are absent, and no name has their length.
    lengths: u64,
}

impl<'h> HeaderReader<'h> {
    pub(crate) fn new(headers: &'h BorrowedHeaders) -> Self {
        let mut reader = HeaderReader { headers: SmallVec::new(), lengths: 0 };
        raw::for_each(headers, |name, value| {
            if let Some(value) = value {
                reader.lengths |= bit(name.len());
                reader.headers.push((name, value));
            }
        });
        reader
    }

    /// The last value of a header.
    pub(crate) fn last(&self, name: &str) -> Option<&'h [u8]> {
        if self.lengths & bit(name.len()) == 0 {
            return None;
        }
        let mut headers = self.headers.iter().rev();
        headers.find(|(other, _)| is_name(other, name.as_bytes())).map(|(_, value)| *value)
    }
}

impl TextMapReader for HeaderReader<'_> {
    fn values(&self, field: &Field, visit: &mut dyn FnMut(&[u8])) {
        let name = field.name().as_bytes();
        if self.lengths & bit(name.len()) != 0 {
            self.headers.iter().filter(|(other, _)| is_name(other, name)).for_each(|(_, value)| visit(value));
        }
    }

    fn for_each(&self, visit: &mut dyn FnMut(&str, &[u8])) {
        for (name, value) in &self.headers {
            if let Ok(name) = str::from_utf8(name) {
                visit(name, value);
            }
        }
    }
}

/// Compares names in any letter case. The usual spelling comes first, and most names of the same length differ in their last letter.
fn is_name(other: &[u8], name: &[u8]) -> bool {
    let (Some(last), Some(other_last)) = (name.last(), other.last()) else {
        return name.is_empty() && other.is_empty();
    };
    other.len() == name.len()
        && last.eq_ignore_ascii_case(other_last)
        && (other == name || other.eq_ignore_ascii_case(name))
}

/// The bit of a length. All lengths beyond 63 share one.
fn bit(length: usize) -> u64 {
    1 << length.min(63)
}
