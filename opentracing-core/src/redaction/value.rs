//! Finds the end of values, and recognizes harmless ones.

use std::ops::Range;

use crate::redaction::edit::{REDACTED, ceil, floor};
use crate::redaction::names;
use crate::redaction::scan::{Place, Scan};

/// How a value that has no quotes ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// At `&`: a query, a form.
    Query,
    /// At `;`: a connection string, whose values may have blanks.
    Semicolon,
    /// At the next parameter or part of a path.
    Path,
    /// At white space, and at a separator that another name follows.
    Free,
}

/// A value in quotes: its content, and the place after it.
pub(super) struct Quoted {
    pub(super) content: Range<usize>,
    pub(super) end: usize,
}

impl Scan<'_, '_> {
    /// Where a URL in a text ends: before white space, a quotation mark or an angle bracket, and before punctuation at its end.
    pub(super) fn url_end(&self, from: usize, end: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = from;
        while at < end {
            let is_end = match bytes[at] {
                b'"' | b'<' | b'>' | b'`' => true,
                b'\\' => bytes.get(at + 1) == Some(&b'"'),
                byte if byte.is_ascii_whitespace() => !self.in_url,
                byte if byte >= 0x80 => !self.in_url && self.is_wide_end(at),
                _ => false,
            };
            if is_end {
                break;
            }
            at += 1;
        }
        if self.in_url { at } else { self.without_punctuation(from, at) }
    }

    /// Excludes punctuation that belongs to the text around a URL or value.
    pub(super) fn without_punctuation(&self, from: usize, end: usize) -> usize {
        from + self.text[from..end].trim_end_matches(|c| ")]}.,;:!'|\u{2019}\u{201d}\u{bb}\u{2026}".contains(c)).len()
    }

    /// Whether a blank or quotation mark beyond ASCII begins there.
    fn is_wide_end(&self, at: usize) -> bool {
        self.text.is_char_boundary(at)
            && self.text[at..]
                .chars()
                .next()
                .is_some_and(|c| c.is_whitespace() || "\u{201c}\u{201d}\u{201e}\u{ab}\u{bb}".contains(c))
    }

    /// The end of the next part of limited length. Rules that may find nothing look no further, so that all of them together take linear time.
    pub(super) fn ahead(&self, from: usize, end: usize) -> usize {
        floor(self.text, end.min(from + NEAR))
    }

    /// The beginning of the previous part of limited length.
    pub(super) fn back(&self, from: usize, start: usize) -> usize {
        ceil(self.text, start.max(from.saturating_sub(NEAR)))
    }

    /// Skips blanks, not line ends.
    pub(super) fn skip_blanks(&self, from: usize, end: usize) -> usize {
        let blanks = self.text.as_bytes()[from..end].iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
        from + blanks
    }

    /// The value in quotes that begins there, if one does. Without an end it reaches to the end of the text.
    pub(super) fn quoted(&self, from: usize, end: usize) -> Option<Quoted> {
        let text = &self.text[from..end];
        // `Some("…")` and the like of debug texts, and the marks of literals in Python, Rust and JavaScript.
        let inner = text.strip_prefix("Some(").or(text.strip_prefix("Ok(")).unwrap_or(text);
        let inner =
            inner.strip_prefix(['b', 'r', 'u', 'f']).filter(|rest| rest.starts_with(['"', '\''])).unwrap_or(inner);
        let slashes = inner.len() - inner.trim_start_matches('\\').len();
        let open = inner[slashes..].chars().next()?;
        let close = match open {
            '"' | '\'' | '`' => open,
            '\u{201c}' => '\u{201d}',
            '\u{201e}' => '\u{201c}',
            '\u{2018}' => '\u{2019}',
            '\u{ab}' => '\u{bb}',
            _ => return None,
        };
        let start = end - inner.len() + slashes + open.len_utf8();
        // Three of them, as in Python and TOML.
        let triple = [open; 3].iter().collect::<String>();
        if slashes == 0 && open.is_ascii() && self.text[start - 1..end].starts_with(&triple) {
            let start = start + 2;
            let stop = self.text[start..end].find(&triple).map_or(end, |at| start + at);
            return Some(Quoted { content: start..stop, end: (stop + 3).min(end) });
        }
        let mut run = 0;
        let mut letters = self.text[start..end].char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            // Within a string that is itself in a string, a quotation mark of the inner one has more backslashes before it.
            let closes = letter == close && if slashes == 0 { run % 2 == 0 } else { run <= slashes };
            // Doubled, it stands for itself.
            let doubled = slashes == 0 && close.is_ascii() && letters.peek().is_some_and(|&(_, next)| next == close);
            if closes && doubled {
                letters.next();
            } else if closes {
                let content = start..start + at - if slashes == 0 { 0 } else { run };
                return Some(Quoted { content, end: start + at + close.len_utf8() });
            }
            run = if letter == '\\' { run + 1 } else { 0 };
        }
        Some(Quoted { content: start..end, end })
    }

    /// The object or list that begins there, with its brackets. Without an end it reaches to the end of the text.
    pub(super) fn bracketed(&self, from: usize, end: usize) -> Range<usize> {
        let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
        for (at, &byte) in self.text.as_bytes()[from..end].iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => {
                    depth -= 1;
                    if depth == 0 {
                        return from..from + at + 1;
                    }
                }
                _ => {}
            }
        }
        from..end
    }

    /// Where a value without quotes ends.
    pub(super) fn bare_end(&self, from: usize, end: usize, ending: Ending) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = from;
        while at < end {
            let is_end = match bytes[at] {
                b'\n' | b'\r' | b'"' | b'>' | b'`' => true,
                b'<' => !bytes[at..end].starts_with(REDACTED.as_bytes()),
                b'\\' if bytes.get(at + 1) == Some(&b'"') => true,
                b'\\' if bytes.get(at + 1) == Some(&b' ') => {
                    at += 1;
                    false
                }
                b'&' => ending != Ending::Semicolon,
                b';' if ending == Ending::Semicolon => true,
                b';' | b'/' | b'?' | b'#' if ending == Ending::Path => true,
                b';' | b',' if ending == Ending::Free => self.parts_here(at, end),
                b' ' | b'\t' => ending != Ending::Semicolon,
                byte if byte >= 0x80 => ending != Ending::Semicolon && self.is_wide_end(at),
                _ => false,
            };
            if is_end {
                break;
            }
            at += if bytes[at..end].starts_with(REDACTED.as_bytes()) { REDACTED.len() } else { 1 };
        }
        at = at.min(end);
        if ending == Ending::Query && self.in_url { at } else { self.without_punctuation(from, at) }
    }

    /// Whether a separator ends a value, as it does before a blank, a quotation mark and another name.
    fn parts_here(&self, at: usize, end: usize) -> bool {
        let rest = &self.text[at + 1..end];
        let name = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_-.\"'\\".contains(c));
        rest.is_empty()
            || rest.starts_with(|c: char| c.is_whitespace() || c == '"' || c == '\'')
            || (name.len() < rest.len() && name.trim_start_matches(' ').starts_with([':', '=']))
    }

    /// Whether a value is empty, a marker for an empty value, or a placeholder.
    pub(super) fn is_placeholder(&self, value: &str) -> bool {
        let value = value.trim();
        if value.starts_with(REDACTED) || !value.chars().any(char::is_alphanumeric) {
            return true;
        }
        let bare = value.trim_matches(|c| "[](){}<>*'\"".contains(c));
        if NOTHING.iter().any(|nothing| bare.eq_ignore_ascii_case(nothing)) {
            return true;
        }
        let inner = value.trim_start_matches(['$', '{', '<', '[', '%', ':', '@', '#', '(', '&', '?']);
        if inner.len() == value.len() {
            return false;
        }
        let inner = inner.trim_end_matches(['}', '>', ']', '%', ')', 's', ' ']);
        let is_name = inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        let is_number = inner.len() <= 2 && inner.bytes().all(|byte| byte.is_ascii_digit());
        is_name
            && (is_number || inner.len() <= 1 || self.is_secret(inner, Place::Query) || names::is_common_word(inner))
    }

    /// Whether the value is a word of a sentence rather than a secret. A truncated value may be either, and counts as a secret.
    pub(super) fn is_word(&self, value: &Range<usize>) -> bool {
        is_word(&self.text[value.clone()]) && !(self.is_cut && value.end == self.text.len())
    }

    /// Whether an expression of a program or of SQL begins there, rather than a value: `b.session_id`, `crypt($1)`.
    pub(super) fn is_expression(&self, name: &str, value: &Range<usize>, end: usize) -> bool {
        let text = &self.text[value.clone()];
        let word = &text[..text.find(|c: char| !c.is_ascii_alphanumeric() && !"_.:".contains(c)).unwrap_or(text.len())];
        let after = &self.text[value.start + word.len()..end];
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        after.starts_with('(') && !(after.starts_with("(\"") && names::is_password(name))
            || word.len() == text.len()
                && word.rsplit_once('.').is_some_and(|(path, last)| {
                    !path.is_empty() && (self.is_secret(last, Place::Query) || last.ends_with("id"))
                })
    }
}

/// Whether the text looks like a word: it has only letters, and capitals only where words have them.
pub(super) fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((first, rest)) = bytes.split_first() else { return false };
    let letters = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'\'' | b'-');
    first.is_ascii_alphabetic()
        && bytes.len() <= MAX_WORD
        && bytes.iter().all(letters)
        && (rest.iter().all(|byte| !byte.is_ascii_uppercase()) || bytes.iter().all(|byte| !byte.is_ascii_lowercase()))
}

const NEAR: usize = 512;

/// The longest run of letters that counts as a word.
const MAX_WORD: usize = 18;

const NOTHING: [&str; 14] = [
    "null",
    "none",
    "nil",
    "undefined",
    "true",
    "false",
    "empty",
    "redacted",
    "masked",
    "hidden",
    "filtered",
    "n/a",
    "xxx",
    "xxxx",
];
