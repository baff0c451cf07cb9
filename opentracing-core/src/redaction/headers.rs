//! Values of headers that hold credentials, and of the schemes in them.

use std::ops::Range;

use crate::redaction::scan::Scan;
use crate::redaction::value::{Ending, is_word};

impl Scan<'_, '_> {
    /// Redacts the value of a header with credentials, except the scheme. Returns the place after it.
    pub(super) fn header(&mut self, kind: Header, from: usize, end: usize) -> usize {
        let text = self.text;
        let line = from..text[from..end].find(['\n', '\r']).map_or(end, |at| from + at);
        if let Some(quoted) = self.quoted(from, end).filter(|quoted| !text[quoted.end..end].starts_with('=')) {
            let value = self.behind_scheme(quoted.content, kind);
            return if value.is_empty() { quoted.end } else { self.cut(value).max(quoted.end) };
        }
        // The header may stand in quotes, name and all.
        let line = from..self.closing_quote(&line).unwrap_or(line.end);
        let rest = &text[line.clone()];
        if !(self.is_cut && line.end == text.len())
            && rest.split_whitespace().all(|word| is_word(word.trim_end_matches(['.', ',', '!', ':', ';'])))
        {
            return line.end;
        }
        let value = self.behind_scheme(line.clone(), kind);
        let scheme = text[line.start..value.start].trim();
        // These schemes have one word as credentials. Those of an unknown scheme reach to the end of the line.
        let has_one_word =
            kind == Header::Authorization && ONE_WORD.iter().any(|known| scheme.eq_ignore_ascii_case(known));
        let stop = if has_one_word {
            let word = text[value.clone()].find(|c: char| c.is_whitespace() || ",;\"<`".contains(c));
            let word = word.filter(|&at| !text[value.start..value.start + at].ends_with('='));
            word.map_or(value.end, |at| value.start + at)
        } else {
            value.end
        };
        let stop = self.without_punctuation(value.start, stop);
        if value.start < stop { self.cut(value.start..stop) } else { line.end }
    }

    /// The part of a header's value that is secret: without the scheme.
    fn behind_scheme(&self, value: Range<usize>, kind: Header) -> Range<usize> {
        let text = &self.text[value.clone()];
        let trimmed = text.trim_start();
        if kind == Header::Authorization
            && let Some((scheme, rest)) = trimmed.split_once([' ', '\t', '+'])
            && SCHEMES.iter().chain(&ONE_WORD).any(|known| scheme.eq_ignore_ascii_case(known))
        {
            return value.end - rest.trim_start().len()..value.end;
        }
        value.end - trimmed.len()..value.end
    }

    fn closing_quote(&self, line: &Range<usize>) -> Option<usize> {
        let start = self.back(line.start, 0);
        let before = start + self.text[start..line.start].rfind(['"', '\'', '\n', '`', ' '])?;
        let before = match self.text.as_bytes()[before] {
            // `-H 'Authorization: Bearer …'`: the quote is before the name.
            b' ' => start + self.text[start..before].rfind(['"', '\'', '\n', '`', ' '])?,
            _ => before,
        };
        let quote = match self.text.as_bytes()[before] {
            quote @ (b'"' | b'\'' | b'`') => quote,
            _ => return None,
        };
        let is_escaped = before > 0 && self.text.as_bytes()[before - 1] == b'\\';
        let value = &self.text.as_bytes()[line.clone()];
        let mut at =
            (0..value.len()).filter(|&at| value[at] == quote && (at > 0 && value[at - 1] == b'\\') == is_escaped);
        at.next().map(|at| line.start + at - usize::from(is_escaped))
    }

    /// Checks whether the name of a scheme is before a space: `Bearer`, `Basic`.
    pub(super) fn after_scheme(&mut self, at: usize, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let last = at.checked_sub(1).filter(|&last| last >= start).map(|last| bytes[last].to_ascii_lowercase())?;
        if !matches!(last, b'r' | b'c' | b'e' | b'm' | b'y' | b't' | b'p' | b'h' | b'k' | b'6') {
            return None;
        }
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        let word = bytes[start..at].iter().rposition(|byte| !is_part(byte)).map_or(start, |found| start + found + 1);
        let scheme = &self.text[word..at];
        if !SCHEMES.iter().chain(&ONE_WORD[..ALONE]).any(|known| scheme.eq_ignore_ascii_case(known)) {
            return None;
        }
        let from = self.skip_blanks(at + 1, end);
        let rest = &self.text[from..end];
        let len = rest.find(|c: char| c.is_whitespace() || ",;\"'<>`&\\(){}".contains(c)).unwrap_or(rest.len());
        let stop = self.without_punctuation(from, from + len);
        let value = &self.text[from..stop];
        if value.trim_end_matches('=').contains('=') || rest[len..].starts_with('"') && value.ends_with('=') {
            return self.parameters(from, end);
        }
        let shortest = if last == b'r' || last == b'y' { 4 } else { 6 };
        if value.len() < shortest
            || self.is_word(&(from..stop))
            || self.is_placeholder(value)
            || !SCHEMES_WITH_WORD.iter().any(|known| scheme.eq_ignore_ascii_case(known))
        {
            return None;
        }
        Some(self.cut(from..stop))
    }

    /// Checks whether `password` is before a space, and a possible password after it.
    pub(super) fn after_password(&mut self, at: usize, start: usize, end: usize) -> Option<usize> {
        let before = &self.text[start..at];
        let word = before.len() - before.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len();
        if word < 6 || !PASSWORDS.iter().any(|known| before[before.len() - word..].eq_ignore_ascii_case(known)) {
            return None;
        }
        let mut from = self.skip_blanks(at + 1, end);
        for link in LINKS {
            if self.text[from..end].starts_with(link) {
                from = self.skip_blanks(from + link.len(), end);
                break;
            }
        }
        if let Some(quoted) = self.quoted(from, end) {
            return if self.is_placeholder(&self.text[quoted.content.clone()]) {
                None
            } else {
                Some(self.cut(quoted.content))
            };
        }
        let stop = self.bare_end(from, end, Ending::Free);
        let value = &self.text[from..stop];
        let has = |kind: fn(&u8) -> bool| value.as_bytes().iter().any(kind);
        let is_random =
            value.len() >= 6 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && !value.contains(['=', ':']);
        let is_algorithm =
            ALGORITHMS.iter().any(|name| value.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
        (is_random && !is_algorithm && !self.is_placeholder(value)).then(|| self.cut(from..stop))
    }

    /// Redacts all parameters after a scheme if one of them is a credential.
    fn parameters(&mut self, from: usize, end: usize) -> Option<usize> {
        let text = self.text;
        let (mut at, mut proves) = (from, false);
        loop {
            let name = text[at..end]
                .find(|c: char| !c.is_ascii_alphanumeric() && !"_-".contains(c))
                .map_or(end, |len| at + len);
            if name == at || !text[name..end].starts_with('=') {
                break;
            }
            proves |= PROOFS.iter().any(|proof| text[at..name].eq_ignore_ascii_case(proof));
            let value = match self.quoted(name + 1, end) {
                Some(quoted) => quoted.end,
                None => text[name..end].find([',', ' ', '\n', '"']).map_or(end, |len| name + len),
            };
            at = value;
            let next = text[value..end].trim_start_matches([',', ' ', '\t']).len();
            let next = end - next;
            if next == value {
                break;
            }
            at = next;
        }
        let stop = self.without_punctuation(from, at.max(from));
        let stop = from + text[from..stop].trim_end().len();
        (proves && from < stop).then(|| self.cut(from..stop))
    }
}

/// Headers with credentials.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// A scheme and its credentials.
    Authorization,
    /// Pairs of name and value.
    Cookie,
}

impl Header {
    /// The header of that name, with or without the prefix in the key of a tag.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.rsplit('.').next().unwrap_or(name).trim_start_matches("HTTP_");
        let is = |known: &str| name.len() == known.len() && name.replace('_', "-").eq_ignore_ascii_case(known);
        if is("authorization") || is("proxy-authorization") || is("x-forwarded-authorization") {
            Some(Header::Authorization)
        } else if is("cookie") || is("set-cookie") || is("cookie2") || is("set-cookie2") {
            Some(Header::Cookie)
        } else {
            None
        }
    }
}

/// Schemes whose credentials are one word.
const ONE_WORD: [&str; 11] =
    ["Bearer", "Basic", "ApiKey", "Api-Key", "Negotiate", "NTLM", "DPoP", "Token", "SSWS", "Kerberos", "GoogleLogin"];
/// The first of them, up to this number, are unmistakable in a text.
const ALONE: usize = 7;

const PASSWORDS: [&str; 3] = ["password", "passwd", "passphrase"];

/// Words that may be between `password` and the value.
const LINKS: [&str; 5] = ["is ", "-> ", "<- ", "was ", "to "];

/// Words with digits that are not passwords.
const ALGORITHMS: [&str; 7] = ["sha", "md", "bcrypt", "argon", "pbkdf", "utf", "column"];

/// Schemes whose credentials are parameters.
const SCHEMES: [&str; 12] = [
    "Digest",
    "AWS4-HMAC-SHA256",
    "AWS4-ECDSA-P256-SHA256",
    "OAuth",
    "Hawk",
    "Signature",
    "SharedKey",
    "SharedKeyLite",
    "SharedAccessSignature",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "MAC",
];

const SCHEMES_WITH_WORD: [&str; 7] = ["Bearer", "Basic", "ApiKey", "Api-Key", "Negotiate", "NTLM", "DPoP"];

const PROOFS: [&str; 9] = [
    "response",
    "mac",
    "signature",
    "sig",
    "oauth_signature",
    "oauth_token",
    "oauth_consumer_key",
    "credential",
    "data",
];
