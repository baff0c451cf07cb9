//! A name with a value: `name=value`, `name: value`, and the other ways in which texts put the two side by side.

use std::ops::Range;

use crate::redaction::edit::{REDACTED, ceil};
use crate::redaction::headers::Header;
use crate::redaction::names;
use crate::redaction::scan::{Place, Scan};
use crate::redaction::value::{Ending, is_word};
use crate::wire::percent;

/// A name, and what stands before it.
pub(super) struct Name<'a> {
    pub(super) text: &'a str,
    start: usize,
    is_quoted: bool,
    /// The byte before the name and its quotation mark, behind the blanks that may be there; 0 at the beginning.
    before: u8,
    /// Whether there is no blank between the two.
    is_close: bool,
    /// The word before, if a blank separates the two.
    word_before: &'a str,
}

impl<'a> Scan<'a, '_> {
    /// Whether a name stands for a secret in that place. It may be percent-encoded.
    pub(super) fn is_secret(&self, name: &str, place: Place) -> bool {
        if !name.contains(['%', '+']) {
            return self.secrets.matches_in(name, place);
        }
        let mut name = percent::decode_form(name.as_bytes()).into_owned();
        for _ in 0..MAX_ENCODED {
            if self.secrets.matches_in(&name, place) {
                return true;
            }
            if !name.contains('%') {
                break;
            }
            name = percent::decode(name.as_bytes()).into_owned();
        }
        false
    }

    /// Looks at a `=`.
    pub(super) fn equals(&mut self, at: usize, start: usize, end: usize) -> Option<usize> {
        self.pair(at, at + 1, start, end)
    }

    /// JSON may write a `=` as `\u003d`, and `=>` as `=\u003e`.
    pub(super) fn escaped_equals(&mut self, at: usize, start: usize, end: usize) -> Option<usize> {
        let escape = self.text.as_bytes()[at..end].get(..6)?;
        if escape.eq_ignore_ascii_case(br"\u003d") { self.pair(at, at + 6, start, end) } else { None }
    }

    fn pair(&mut self, at: usize, behind: usize, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if at > start && matches!(bytes[at - 1], b'!' | b'<' | b'>' | b'=' | b'~') {
            return None;
        }
        let name = self.name_before(at, start)?;
        if !self.may_be_named(&name) {
            return None;
        }
        let mut from = behind;
        while from < end && matches!(bytes[from], b'=' | b'>') {
            from += 1;
        }
        let from = self.skip_blanks(from, end);
        if let Some(stop) = self.field_of_form(&name, from, end).or_else(|| self.named_value(&name, from, end)) {
            return Some(stop);
        }
        let is_query = self.place == Place::Query
            || matches!(name.before, b'?' | b'&') && name.is_close
            || self.text[..name.start].ends_with("&amp;")
            || name.before == b'\\' && name.text.starts_with("u0026");
        let rest = &self.text[from..self.ahead(from, end)];
        let plain_end = rest.find(|c: char| c.is_whitespace() || "&\"'`<>".contains(c)).unwrap_or(rest.len());
        let is_form = rest[plain_end..].starts_with('&') && self.text[name.start..at].len() == name.text.len();
        let place = if is_query || is_form { Place::Query } else { Place::Text };
        if !self.is_named(&name, place) {
            return None;
        }
        if let Some(header) = Header::named(name.text).filter(|_| place == Place::Text) {
            return Some(self.header(header, from, end));
        }
        if let Some(quoted) = self.quoted(from, end) {
            return self.cut_quoted(quoted.content, quoted.end);
        }
        if rest.starts_with('{') {
            let stop = from + braced(&self.text[from..end]);
            if !self.is_placeholder(&self.text[from..end.min(stop + 1)]) {
                return Some(self.cut(from + 1..stop));
            }
        }
        let line = &rest[..rest.find(['\n', '"']).unwrap_or(rest.len())];
        let ending = match place {
            Place::Query => Ending::Query,
            Place::Text if name.before == b';' && self.is_in_path(&name, start) => Ending::Path,
            Place::Text if name.before == b';' => Ending::Semicolon,
            Place::Text if is_followed(line) => Ending::Semicolon,
            Place::Text => Ending::Free,
        };
        let mut stop = self.bare_end(from, end, ending);
        if ending == Ending::Semicolon && !self.text[stop..end].starts_with(';') {
            // The last of a connection string in quotes.
            stop = self.text[from..stop].find("' ").map_or(stop, |at| from + at);
        }
        let value = &self.text[from..stop];
        if self.is_placeholder(value) || place == Place::Text && self.is_expression(name.text, &(from..stop), end) {
            return None;
        }
        if ending == Ending::Free && !names::is_password(name.text) && self.is_word(&(from..stop)) {
            return None;
        }
        if self.in_url && place == Place::Text && value.len() < MIN_IN_PATH {
            return None;
        }
        if self.secrets.is_too_short(name.text, value) {
            return None;
        }
        let is_count = value.len() < 4 && value.bytes().all(|byte| byte.is_ascii_digit());
        if place == Place::Text && name.text.eq_ignore_ascii_case("pass") && is_count || self.is_file(value) {
            return None;
        }
        Some(self.cut(from..stop))
    }

    /// Looks at a `:`.
    pub(super) fn colon(&mut self, at: usize, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let next = bytes.get(at + 1).copied().filter(|_| at + 1 < end)?;
        if next == b':' || (at > start && bytes[at - 1] == b':') {
            return self.userinfo_alone(at, start, end);
        }
        if next == b'=' {
            return self.pair(at, at + 2, start, end);
        }
        let name = self.name_before(at, start)?;
        if !self.may_be_named(&name) {
            return self.userinfo_alone(at, start, end);
        }
        let mut from = self.skip_blanks(at + 1, end);
        if name.is_quoted {
            from = end - self.text[from..end].trim_start().len();
        }
        if from >= end {
            return None;
        }
        if bytes[from] == b'\n' {
            return self.value_in_next_line(&name, from, end);
        }
        if let Some(stop) = self.named_value(&name, from, end) {
            return Some(stop);
        }
        if let Some(header) = Header::named(name.text).filter(|_| self.secrets.matches_in(name.text, Place::Text)) {
            return Some(self.header(header, from, end));
        }
        if !self.is_named(&name, Place::Text) {
            return self.userinfo_alone(at, start, end);
        }
        if let Some(quoted) = self.quoted(from, end) {
            let value = &self.text[quoted.content.clone()];
            let is_prose =
                !name.is_quoted && (names::is_of_parsers(name.word_before) || !value.contains(char::is_alphanumeric));
            return if is_prose { None } else { self.cut_quoted(quoted.content, quoted.end) };
        }
        if name.is_quoted {
            return self.json_value(from, end);
        }
        if from == at + 1 {
            return self.close_pair(&name, from, end).or_else(|| self.userinfo_alone(at, start, end));
        }
        self.prose_pair(&name, from, end)
    }

    /// `"name": value` of JSON, where the value is no string.
    fn json_value(&mut self, from: usize, end: usize) -> Option<usize> {
        let rest = &self.text[from..end];
        let value = if rest.starts_with(['{', '[']) {
            self.bracketed(from, end)
        } else {
            let stop = rest.find(|c: char| c.is_whitespace() || ",}]\"'".contains(c)).unwrap_or(rest.len());
            from..from + stop
        };
        if self.is_placeholder(&self.text[value.clone()]) { None } else { Some(self.cut(value)) }
    }

    /// `name:` of YAML, with the value in a line of its own.
    fn value_in_next_line(&mut self, name: &Name<'_>, from: usize, end: usize) -> Option<usize> {
        if !self.is_named(name, Place::Text) {
            return None;
        }
        let line = self.text[from..end].trim_start();
        let line = line.strip_prefix("- ").unwrap_or(line);
        let value = line.split(['\n', '\r']).next().unwrap_or(line).trim_end();
        let start = end - line.len();
        let is_value =
            start > from + 1 && !value.contains([' ', ':', '=', '(']) && !is_word(value) && !self.is_placeholder(value);
        is_value.then(|| self.cut(start..start + value.len()))
    }

    /// `name:value`, as paths, addresses, images and keys of caches are written, too.
    fn close_pair(&mut self, name: &Name<'_>, from: usize, end: usize) -> Option<usize> {
        let stop = self.bare_end(from, end, Ending::Free);
        let value = &self.text[from..stop];
        let is_bare =
            names::is_password(name.text) && !name.text.contains(['.', '/']) || name.text.contains(['_', '-']);
        let is_version = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
            || value.trim_start_matches('v').bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let is_login = self.text[from..end].find('@').is_some_and(|at| at < stop - from + 1);
        let harmless = matches!(name.before, b':' | b'/')
            || (is_version && !names::is_password(name.text))
            || (is_version && name.text.contains(['-', '.']))
            || value.contains("::")
            || (self.is_word(&(from..stop)) && (!names::is_password(name.text) || name.text.contains('-')))
            || (!is_bare && !name.text.eq_ignore_ascii_case("token"))
            || self.is_placeholder(value);
        (!harmless && !is_login).then(|| self.cut(from..stop))
    }

    /// `name: value` between other words, or alone in a line.
    fn prose_pair(&mut self, name: &Name<'_>, from: usize, end: usize) -> Option<usize> {
        let rest = &self.text[from..end];
        if rest.starts_with(['{', '[', '(']) || names::is_of_parsers(name.word_before) {
            return None;
        }
        let stop = self.bare_end(from, end, Ending::Free);
        let value = &self.text[from..stop];
        let goes_on = self.text[stop..end].trim_start_matches([')', '.', '!']).starts_with([' ', ',', ':'])
            && self.text[stop..end].contains(char::is_alphanumeric);
        let stands_alone = name.word_before.is_empty();
        if self.is_placeholder(value)
            || self.is_expression(name.text, &(from..stop), end)
            || self.is_word(&(from..stop))
                && (goes_on && !self.text[stop..end].starts_with(',')
                    || !stands_alone
                    || !names::is_password(name.text))
        {
            return None;
        }
        Some(self.cut(from..stop))
    }

    pub(super) fn cut_quoted(&mut self, content: Range<usize>, end: usize) -> Option<usize> {
        let value = &self.text[content.clone()];
        if self.is_placeholder(value) { None } else { Some(self.cut(content).max(end)) }
    }

    /// Whether it is worth looking at the value: if not, no rule applies.
    fn may_be_named(&self, name: &Name<'_>) -> bool {
        self.is_secret(name.text, Place::Query) || LEADING.iter().any(|known| name.text.eq_ignore_ascii_case(known))
    }

    /// Whether the value of a name is a secret there: by the name, or with the word before it.
    fn is_named(&self, name: &Name<'_>, place: Place) -> bool {
        if self.is_secret(name.text, place) {
            return true;
        }
        if ["is", "was"].contains(&name.text) && self.is_secret(name.word_before, Place::Text) {
            return true;
        }
        let is_common =
            place == Place::Text && names::is_common_word(name.text) && self.is_secret(name.text, Place::Query);
        is_common
            && (names::makes_secret(name.word_before)
                || !name.text.eq_ignore_ascii_case("key") && self.is_about_oauth())
    }

    /// Whether the text has names that only OAuth has.
    fn is_about_oauth(&self) -> bool {
        let known = self.is_oauth.get().unwrap_or_else(|| {
            ["grant_type", "redirect_uri", "response_type", "code_verifier"].iter().any(|name| self.text.contains(name))
        });
        self.is_oauth.set(Some(known));
        known
    }

    fn name_before(&self, at: usize, start: usize) -> Option<Name<'a>> {
        let bytes = self.text.as_bytes();
        let floor = start.max(self.edit.done());
        let blanks = |from: usize| {
            let count =
                bytes[floor..from].iter().rev().take(MAX_BLANKS).take_while(|byte| matches!(byte, b' ' | b'\t'));
            from - count.count()
        };
        let mut end = blanks(at);
        let quote = (end > floor).then(|| bytes[end - 1]).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
        if quote.is_some() {
            end -= 1;
            end -= bytes[floor..end].iter().rev().take_while(|&&byte| byte == b'\\').count();
        }
        let limit = ceil(self.text, floor.max(end.saturating_sub(MAX_NAME)));
        let from = bytes[limit..end].iter().rposition(|&byte| !is_name(byte)).map_or(limit, |found| limit + found + 1);
        if from >= end {
            return None;
        }
        let is_quoted = quote.is_some() && from > floor && Some(bytes[from - 1]) == quote;
        if quote.is_some() && !is_quoted {
            return None;
        }
        let mut outside = from - usize::from(is_quoted);
        if is_quoted {
            outside -= bytes[floor..outside].iter().rev().take_while(|&&byte| byte == b'\\').count();
        }
        let left = blanks(outside);
        let before = if left > floor { bytes[left - 1] } else { 0 };
        let word = if left < outside && is_name(before) {
            let word =
                bytes[floor..left].iter().rposition(|&byte| !is_name(byte)).map_or(floor, |found| floor + found + 1);
            self.text.get(word..left).unwrap_or_default()
        } else {
            ""
        };
        Some(Name {
            text: &self.text[from..end],
            start: from,
            is_quoted,
            before,
            is_close: left == outside,
            word_before: word,
        })
    }

    /// Whether the name is that of a parameter of a path: `/cart;id=7`.
    fn is_in_path(&self, name: &Name<'_>, start: usize) -> bool {
        let start = self.back(name.start, start.max(self.edit.done()));
        let path = self.text[start..name.start]
            .rsplit(|c: char| c.is_whitespace() || "\"'<>`(=,".contains(c))
            .next()
            .unwrap_or_default();
        path.starts_with('/')
    }

    /// Whether the value only says where a key lies.
    fn is_file(&self, value: &str) -> bool {
        value.contains('/')
            && [".key", ".pem", ".crt", ".cer", ".p12", ".pfx", ".jks", ".json", ".txt"]
                .iter()
                .any(|end| value.ends_with(end))
            && value.starts_with(['/', '.', '~', 'C', 'c'])
            && !value.contains(REDACTED)
    }
}

/// Where a value in braces ends, as ODBC writes it: a `}` within is doubled.
fn braced(text: &str) -> usize {
    let mut stop = 1;
    while let Some(at) = text.get(stop..).and_then(|rest| rest.find('}')) {
        stop += at;
        if !text[stop..].starts_with("}}") {
            return stop;
        }
        stop += 2;
    }
    text.len()
}

/// Whether a value is followed by `;` and another name, as in a connection string.
fn is_followed(line: &str) -> bool {
    let Some((value, rest)) = line.split_once(';') else { return false };
    let name = rest.trim_start().trim_start_matches(|c: char| c.is_ascii_alphanumeric() || " _-.".contains(c));
    value.len() <= MAX_VALUE
        && !value.contains(['=', ',', '&'])
        && (name.starts_with('=') && name.len() < rest.len() || rest.trim().is_empty())
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.$[]%+~*".contains(&byte) || byte >= 0x80
}

/// Names that lead to a name.
const LEADING: [&str; 5] = ["name", "key", "header", "is", "was"];

/// In a path, shorter values than that are numbers of things.
const MIN_IN_PATH: usize = 4;
/// Longer names are data.
const MAX_NAME: usize = 128;
const MAX_ENCODED: usize = 4;
const MAX_BLANKS: usize = 4;
const MAX_VALUE: usize = 256;
