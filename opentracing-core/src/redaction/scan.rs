//! Reads a text once, and stops where a secret may begin.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

use crate::redaction::edit::{Edit, REDACTED};
use crate::redaction::plain::is_plain_url;
use crate::redaction::secrets::Secrets;

/// See [`Secrets::redact_url`].
pub(crate) fn redact_url<'a>(secrets: &Secrets, text: &'a str, is_cut: bool) -> Cow<'a, str> {
    if !is_cut && is_plain_url(secrets, text) {
        return Cow::Borrowed(text);
    }
    settle(text, |text| {
        let mut scan = Scan::new(secrets, text, MAX_DEPTH);
        scan.is_cut = is_cut;
        scan.whole_url();
        scan.edit.finish()
    })
}

/// See [`Secrets::redact_text`]. In a truncated text, a possible secret at the end is redacted as well.
pub(crate) fn redact_text<'a>(secrets: &Secrets, text: &'a str, is_cut: bool) -> Cow<'a, str> {
    if next_stop(text.as_bytes(), 0, text.len()).is_none() {
        return Cow::Borrowed(text);
    }
    settle(text, |text| {
        let mut scan = Scan::new(secrets, text, MAX_DEPTH);
        scan.is_cut = is_cut;
        scan.free(0..text.len());
        scan.edit.finish()
    })
}

/// A removed part may join two others to a secret, so a changed text is scanned again.
fn settle<'a>(text: &'a str, redact: impl for<'t> Fn(&'t str) -> Cow<'t, str>) -> Cow<'a, str> {
    let mut last = Cow::Borrowed(text);
    for _ in 0..MAX_ROUNDS {
        last = match last {
            Cow::Borrowed(text) => match redact(text) {
                Cow::Borrowed(rest) if rest.len() == text.len() => return last,
                changed => changed,
            },
            Cow::Owned(text) => match redact(&text) {
                Cow::Borrowed(rest) if rest.len() == text.len() => return Cow::Owned(text),
                changed => Cow::Owned(changed.into_owned()),
            },
        };
    }
    last
}

/// The number of levels of percent-encoding that are decoded.
const MAX_DEPTH: u8 = 4;
const MAX_ROUNDS: usize = 4;

/// Where a name stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a query or a form, where every name is the name of a value.
    Query,
    /// In any other text.
    Text,
}

pub(super) struct Scan<'a, 's> {
    pub(super) secrets: &'s Secrets,
    pub(super) text: &'a str,
    pub(super) edit: Edit<'a>,
    /// The place that applies to names without a separator such as `?` or `&` before them.
    pub(super) place: Place,
    /// The current part belongs to a URL.
    pub(super) in_url: bool,
    /// The end of the last URL that is nested in another URL.
    pub(super) nested: Option<usize>,
    /// Whether fragments are removed, which does not apply to a nested URL.
    pub(super) drops_fragments: bool,
    /// Whether the text is truncated.
    pub(super) is_cut: bool,
    /// The remaining levels of percent-encoding.
    pub(super) depth: u8,
    /// Percent-encoded parts before this place have been decoded.
    pub(super) decoded: usize,
    /// Whether the text is about OAuth, once this has been computed.
    pub(super) is_oauth: Cell<Option<bool>>,
}

impl<'a, 's> Scan<'a, 's> {
    pub(super) fn new(secrets: &'s Secrets, text: &'a str, depth: u8) -> Self {
        Scan {
            secrets,
            text,
            edit: Edit::new(text),
            place: Place::Text,
            in_url: false,
            nested: None,
            drops_fragments: depth == MAX_DEPTH,
            is_cut: false,
            depth,
            decoded: 0,
            is_oauth: Cell::new(None),
        }
    }

    /// Takes secrets out of a part of the text, from its beginning to its end.
    pub(super) fn free(&mut self, range: Range<usize>) {
        let bytes = self.text.as_bytes();
        let mut at = range.start.max(self.edit.done());
        while let Some(stop) = next_stop(bytes, at, range.end) {
            at = self.stop(stop, range.start.max(self.edit.done()), range.end).max(stop + 1);
        }
    }

    /// Looks at one place, and says where to go on. Nothing before `start` belongs to the part.
    fn stop(&mut self, at: usize, start: usize, end: usize) -> usize {
        if !self.secrets.finds_shapes() {
            // Names are not looked at either: only URLs lose something.
            return if self.text.as_bytes()[at] == b':' { self.scheme(at, start, end).unwrap_or(at) } else { at };
        }
        let found = match self.text.as_bytes()[at] {
            b':' => self.scheme(at, start, end).or_else(|| self.colon(at, start, end)),
            b'=' => self.equals(at, start, end),
            b'%' => self.encoded(at, start, end),
            b'<' => self.element(at, end),
            b'\'' | b'"' => self.quote(at, start, end),
            b'\\' => self.escaped_equals(at, start, end),
            b' ' | b'+' | b'\t' => self.after_scheme(at, start, end).or_else(|| self.after_password(at, start, end)),
            b'-' => self.dashes(at, start, end),
            _ => self.shape(at, start, end),
        };
        found.unwrap_or(at)
    }

    /// Puts the mark there. What follows a value that was replaced before is left alone.
    pub(super) fn cut(&mut self, value: Range<usize>) -> usize {
        if !self.text[value.clone()].starts_with(REDACTED) {
            self.edit.replace(value.clone(), REDACTED);
        }
        value.end
    }
}

/// The next place at which a rule looks. Most texts have none: a byte decides, together with the one before it.
fn next_stop(bytes: &[u8], from: usize, end: usize) -> Option<usize> {
    let mut before = from.checked_sub(1).map_or(b' ', |at| bytes[at]);
    bytes
        .get(from..end)?
        .iter()
        .position(|&byte| {
            let stops = stops_at(byte, before);
            before = byte;
            stops
        })
        .map(|found| from + found)
}

/// Whether a rule looks at this byte behind that one.
#[inline]
pub(super) fn stops_at(byte: u8, before: u8) -> bool {
    STOPS[byte as usize] & AFTER[before as usize] != 0
}

const ANYWHERE: u16 = 1;
const QUOTE: u16 = 2;
const BLANK: u16 = 4;
const DASH: u16 = 8;
const UNDERSCORE: u16 = 16;
const DOT: u16 = 32;
const AFTER_A: u16 = 64;
const AFTER_S: u16 = 128;
const AFTER_I: u16 = 256;
const AFTER_Y: u16 = 512;

/// What a byte may be the stop of.
const STOPS: [u16; 256] = {
    let stops = set([0; 256], b":=%<\\", ANYWHERE);
    let stops = set(stops, b"'\"", QUOTE);
    let stops = set(stops, b" \t+", BLANK);
    let stops = set(stops, b"-", DASH);
    let stops = set(stops, b"_", UNDERSCORE);
    let stops = set(stops, b".", DOT);
    let stops = set(stops, b"K", AFTER_A | AFTER_S);
    let stops = set(stops, b"S", AFTER_A);
    let stops = set(stops, b"z", AFTER_I);
    set(stops, b"J", AFTER_Y)
};

/// What the byte behind this one may be the stop of.
const AFTER: [u16; 256] = {
    let after = [ANYWHERE; 256];
    let after = set(after, b" ,(", QUOTE);
    // The last letters of schemes, and of `password` and its like.
    let after = set(after, b"rcemythpk6RCEMYTHPK6dD", BLANK);
    let after = set(after, b" \t\r\n\"'`:=,;([{<>-&|\\", DASH);
    // The last letters of prefixes before the dash, the underscore or the dot that they end with.
    let after = set(after, b"abcdeoprstikyX", DASH);
    let after = set(after, b"pousrtetcmf1i", UNDERSCORE);
    let after = set(after, b"9Gs", DOT);
    let after = set(after, b"A", AFTER_A);
    let after = set(after, b"S", AFTER_S);
    let after = set(after, b"I", AFTER_I);
    set(after, b"y", AFTER_Y)
};

const fn set(mut table: [u16; 256], bytes: &[u8], bit: u16) -> [u16; 256] {
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] |= bit;
        at += 1;
    }
    table
}
