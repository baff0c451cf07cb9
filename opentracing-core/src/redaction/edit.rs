//! A text of which parts are replaced.

use std::borrow::Cow;
use std::ops::Range;

/// What stands in the place of a secret.
pub(crate) const REDACTED: &str = "<redacted>";

/// A copy of the text with parts replaced, made only when the first part is.
pub(super) struct Edit<'a> {
    text: &'a str,
    copied: usize,
    out: String,
}

impl<'a> Edit<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Edit { text, copied: 0, out: String::new() }
    }

    /// Everything before that place is done with.
    pub(super) fn done(&self) -> usize {
        self.copied
    }

    /// Replaces a part that lies behind all that was replaced before. A part that begins or ends within a character takes all of it.
    pub(super) fn replace(&mut self, part: Range<usize>, with: &str) {
        let (start, end) = (floor(self.text, part.start.max(self.copied)), ceil(self.text, part.end));
        if start < end && self.text[start..end] != *with {
            self.out.push_str(&self.text[self.copied..start]);
            self.out.push_str(with);
            self.copied = end;
        }
    }

    /// The edited text.
    pub(super) fn finish(mut self) -> Cow<'a, str> {
        let rest = &self.text[self.copied..];
        if self.out.is_empty() {
            // Nothing is kept of what lies before `copied`.
            return Cow::Borrowed(rest);
        }
        if rest.is_empty() && self.text.starts_with(self.out.as_str()) {
            return Cow::Borrowed(&self.text[..self.out.len()]);
        }
        self.out.push_str(rest);
        Cow::Owned(self.out)
    }
}

/// The beginning of the character that the place lies in, if it is no beginning itself.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The end of the character that the place lies in, if it is no beginning itself.
pub(super) fn ceil(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}
