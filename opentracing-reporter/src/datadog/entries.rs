//! Entries of a `MessagePack` map whose number is not known yet.

use crate::batch::Detail;
use crate::wire::msgpack;

/// Encoded keys and values, and their number.
#[derive(Debug, Default)]
pub(super) struct Entries {
    number: u32,
    bytes: Vec<u8>,
}

impl Entries {
    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        msgpack::text(&mut self.bytes, value);
    }

    pub(super) fn uint(&mut self, key: &str, value: u64) {
        self.key(key);
        msgpack::uint(&mut self.bytes, value);
    }

    pub(super) fn float(&mut self, key: &str, value: f64) {
        self.key(key);
        msgpack::float(&mut self.bytes, value);
    }

    /// Adds a value that the closure writes.
    pub(super) fn value(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.key(key);
        write(&mut self.bytes);
    }

    /// Adds a text with as much detail as is wanted.
    pub(super) fn detailed(&mut self, detail: Detail, key: &str, value: &str) {
        self.text(detail.text(key), detail.text(value));
    }

    pub(super) fn clear(&mut self) {
        self.number = 0;
        self.bytes.clear();
    }

    /// Appends number, length and bytes.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&self.bytes);
    }

    fn key(&mut self, key: &str) {
        self.number += 1;
        msgpack::text(&mut self.bytes, key);
    }
}
