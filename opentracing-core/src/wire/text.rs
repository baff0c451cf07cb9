//! A text buffer on the stack.

use std::fmt;

use crate::wire::hex;

const INLINE: usize = 128;

/// A buffer for a header value. Values of more than 128 bytes move to the heap.
pub(crate) struct Text {
    /// Always whole texts up to `len`.
    inline: [u8; INLINE],
    len: usize,
    /// All of the text, once it is too long for `inline`.
    spilled: Option<Vec<u8>>,
}

impl Text {
    #[inline]
    pub(crate) fn new() -> Self {
        Text { inline: [0; INLINE], len: 0, spilled: None }
    }

    #[inline]
    pub(crate) fn push(&mut self, text: &str) {
        self.push_bytes(text.as_bytes());
    }

    #[inline]
    pub(crate) fn push_hex(&mut self, number: u64) {
        self.push_bytes(&hex::encode(number));
    }

    /// Appends a byte as `%XX`. The caller appends all bytes of a character.
    pub(crate) fn push_percent(&mut self, byte: u8) {
        let [high, low] = hex::upper_case_pair(byte);
        self.push_bytes(&[b'%', high, low]);
    }

    #[inline(always)]
    fn push_bytes(&mut self, bytes: &[u8]) {
        match self.inline.get_mut(self.len..self.len + bytes.len()) {
            Some(place) if self.spilled.is_none() => {
                place.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            _ => self.spill(bytes),
        }
    }

    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        let spilled = self.spilled.get_or_insert_with(|| {
            let mut spilled = Vec::with_capacity(2 * INLINE + bytes.len());
            spilled.extend_from_slice(&self.inline[..self.len]);
            spilled
        });
        spilled.extend_from_slice(bytes);
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.spilled {
            Some(spilled) => spilled,
            None => &self.inline[..self.len],
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.as_bytes().len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Shortens the text to an earlier length.
    pub(crate) fn truncate(&mut self, len: usize) {
        match &mut self.spilled {
            Some(spilled) => spilled.truncate(len),
            None => self.len = self.len.min(len),
        }
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("only whole texts are pushed, and cut at lengths between them")
    }
}

impl Default for Text {
    fn default() -> Self {
        Text::new()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// For formatting numbers. Never fails.
impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}
