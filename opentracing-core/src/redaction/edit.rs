//! A text whose parts can be replaced.

use std::borrow::Cow;
use std::ops::Range;

/// The replacement of a secret.
pub(crate) const REDACTED: &str = "<redacted>";

/// A text with replaced parts. It is copied with the first replacement.
pub(super) struct Edit<'a> {
    text: &'a str,
    copied: usize,
    out: String,
}

impl<'a> Edit<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Edit { text, copied: 0, out: String::new() }
    }

    /// The end of the part that is complete.
    pub(super) fn done(&self) -> usize {
        self.copied
    }

    /// Replaces a part after all earlier ones. A part that begins or ends within a character includes the whole character.
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
            // Everything before `copied` was removed.
            return Cow::Borrowed(rest);
        }
        if rest.is_empty() && self.text.starts_with(self.out.as_str()) {
            return Cow::Borrowed(&self.text[..self.out.len()]);
        }
        self.out.push_str(rest);
        Cow::Owned(self.out)
    }
}

/// The nearest character boundary at or before the place.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The nearest character boundary at or after the place.
pub(super) fn ceil(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}
