//! A text buffer on the stack.

use std::fmt;

use smallvec::SmallVec;

use crate::wire::hex;

/// A buffer for a header value. Values of more than 128 bytes move to the heap.
#[derive(Default, Debug)]
pub(crate) struct Text(SmallVec<[u8; 128]>);

impl Text {
    pub(crate) fn new() -> Self {
        Text(SmallVec::new())
    }

    #[inline]
    pub(crate) fn push(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    #[inline]
    pub(crate) fn push_hex(&mut self, number: u64) {
        self.0.extend_from_slice(&hex::encode(number));
    }

    /// Appends a byte as `%XX`. The caller appends all bytes of a character.
    pub(crate) fn push_percent(&mut self, byte: u8) {
        self.0.push(b'%');
        self.0.extend_from_slice(&hex::upper_case_pair(byte));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Shortens the text to an earlier length.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only whole texts are pushed, and cut at lengths between them")
    }
}

/// For formatting numbers. Never fails.
impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}
