//! What is percent-encoded: a URL in a parameter, JSON in a parameter, and both of them encoded twice.

use crate::redaction::edit::REDACTED;
use crate::redaction::scan::{Place, Scan};
use crate::wire::percent;

impl Scan<'_, '_> {
    /// Looks into the encoded piece around a `%`, which goes as a whole if there is a secret in it.
    pub(super) fn encoded(&mut self, at: usize, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let is_escape = bytes[at + 1..end].get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        if !is_escape || at < self.decoded || self.depth == 0 {
            return None;
        }
        let floor = start.max(self.edit.done());
        let from =
            bytes[floor..at].iter().rposition(|&byte| self.parts_code(byte)).map_or(floor, |found| floor + found + 1);
        let to = bytes[at..end].iter().position(|&byte| self.parts_code(byte)).map_or(end, |found| at + found);
        self.decoded = to;
        let decoded = percent::decode_form(&bytes[from..to]);
        let mut inner = Scan::new(self.secrets, &decoded, self.depth - 1);
        inner.place = Place::Query;
        inner.is_cut = self.is_cut && to == self.text.len();
        if decoded.starts_with('/') && !decoded.contains("://") {
            inner.whole_url();
        } else {
            inner.free(0..decoded.len());
        }
        (*inner.edit.finish() != *decoded).then(|| {
            self.edit.replace(from..to, REDACTED);
            to
        })
    }

    /// Whether an encoded piece ends there. Within a URL an apostrophe is a letter as any other.
    fn parts_code(&self, byte: u8) -> bool {
        byte.is_ascii_whitespace() || b"=&?;,\"<>(){}`|\\/".contains(&byte) || byte == b'\'' && !self.in_url
    }
}
