//! Takes secrets out of URLs.

use std::borrow::Cow;
use std::ops::Range;

use crate::redaction::secrets::Secrets;

/// See [`Secrets::redact_url`].
pub(crate) fn redact_url<'a>(secrets: &Secrets, text: &'a str) -> Cow<'a, str> {
    let mut edit = Edit { text, copied: 0, out: String::new() };
    let Some(path) = cut_userinfo(&mut edit) else { return edit.finish(text.len()) };
    // Only now: a `#` in a password would otherwise hide the `@` behind it.
    let end = text[path..].find('#').map_or(text.len(), |at| path + at);
    let query = match text[path..end].find(['/', '?', '&', '=']).map(|at| path + at) {
        Some(at) if at < end && matches!(text.as_bytes()[at], b'&' | b'=') && path == 0 => Some(0),
        _ => text[path..end].find('?').map(|at| path + at + 1),
    };
    cut_nested_userinfo(&mut edit, path..query.unwrap_or(end));
    if let Some(query) = query {
        cut_values(&mut edit, secrets, query..end);
    }
    edit.finish(end)
}

/// See [`Secrets::redact_text`].
pub(crate) fn redact_text<'a>(secrets: &Secrets, text: &'a str) -> Cow<'a, str> {
    let mut edit = Edit { text, copied: 0, out: String::new() };
    let mut start = 0;
    for word in text.split(|c: char| c.is_whitespace() || "\"'`,<>()".contains(c)) {
        if word.contains("://") {
            let redacted = redact_url(secrets, word);
            if redacted != word {
                edit.replace(start..start + word.len(), &redacted);
            }
        }
        start += word.len();
        start += text[start..].chars().next().map_or(0, char::len_utf8);
    }
    edit.finish(text.len())
}

/// Cuts user name and password out, and gives the place where the path begins; `None` if the rest of the text had to go as well.
fn cut_userinfo(edit: &mut Edit<'_>) -> Option<usize> {
    let text = edit.text;
    let start = match text.find("://") {
        Some(at) if text[..at].bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b':')) => {
            at + 3
        }
        _ if text.starts_with("//") => 2,
        // `me:pw@host:443`, as an authority alone may look; a path or query has one of the others first.
        _ => {
            let head = &text[..text.find(['/', '?', '#', '&', '=']).unwrap_or(text.len())];
            let host = head.rfind('@').filter(|&at| head[..at].contains(':')).map_or(0, |at| at + 1);
            edit.replace(0..host, "");
            return Some(host);
        }
    };
    cut_authority(edit, start..text.len())
}

/// Cuts user name and password out of the authority at the beginning of the range, and gives the place behind it; `None` if the rest
/// of the range had to go as well.
fn cut_authority(edit: &mut Edit<'_>, range: Range<usize>) -> Option<usize> {
    let Range { start, end: limit } = range;
    let text = &edit.text[..limit];
    let end = text[start..].find(['/', '?', '#']).map_or(limit, |at| start + at);
    let authority = &text[start..end];
    if let Some(at) = authority.rfind('@') {
        edit.replace(start..start + at + 1, "");
        return Some(end);
    }
    if is_host_and_port(authority) {
        return Some(end);
    }
    // A password with one of `/?#` in it, or one that a limit of length has cut off before its `@`.
    match text[start..].rfind('@').map(|at| start + at + 1) {
        Some(host) => {
            edit.replace(start..host, "");
            Some(text[host..].find(['/', '?', '#']).map_or(limit, |at| host + at))
        }
        None => {
            edit.replace(start..limit, REDACTED);
            None
        }
    }
}

/// Cuts user names and passwords out of URLs that stand within a path or a query as they are.
fn cut_nested_userinfo(edit: &mut Edit<'_>, range: Range<usize>) {
    let text = edit.text;
    let mut start = range.start;
    while let Some(at) = text[start..range.end].find("://") {
        start += at + 3;
        if cut_authority(edit, start..range.end).is_none() {
            break;
        }
        // Not behind the authority: the beginning of the next URL may look like a part of it.
        start = start.max(edit.copied);
    }
}

/// Whether the text can be a host with or without a port. An empty one can, since `file:///etc` has it.
fn is_host_and_port(text: &str) -> bool {
    let after_ipv6 = text.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match text[after_ipv6..].rfind(':') {
        Some(at) => (&text[..after_ipv6 + at], &text[after_ipv6 + at + 1..]),
        None => (text, ""),
    };
    // RFC 1035, section 2.3.4, allows 255 bytes; a list of hosts is longer and has commas.
    (host.len() <= 255 || host.contains(',')) && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit())
}

fn cut_values(edit: &mut Edit<'_>, secrets: &Secrets, query: Range<usize>) {
    let text = edit.text;
    let mut start = query.start;
    for parameter in text[query].split('&') {
        let end = start + parameter.len();
        // `;` parts parameters in old forms, and a nested URL that is not encoded begins its own with `?`. A secret reaches
        // to the next `&` all the same, for it may have either of them in it.
        let mut name_start = start;
        let mut secret = None;
        for piece in parameter.split([';', '?']) {
            if let Some((name, _)) = piece.split_once('=')
                && matches_encoded(secrets, name)
            {
                secret = Some(name_start + name.len() + 1);
                break;
            }
            name_start += piece.len() + 1;
        }
        cut_nested_userinfo(edit, start..secret.unwrap_or(end));
        if let Some(value) = secret
            && value < end
            && text[value..end] != *REDACTED
        {
            edit.replace(value..end, REDACTED);
        }
        start = end + 1;
    }
}

fn matches_encoded(secrets: &Secrets, name: &str) -> bool {
    if !name.contains(['%', '+']) {
        return secrets.matches(name);
    }
    let mut decoded = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, tail) = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, tail),
                _ => (b'%', &rest[1..]),
            },
            (b'+', _) => (b' ', tail),
            _ => (*first, tail),
        };
        decoded.push(byte);
        rest = tail;
    }
    secrets.matches(&String::from_utf8_lossy(&decoded))
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// A copy of the text with parts replaced, made only when the first part is.
struct Edit<'a> {
    text: &'a str,
    copied: usize,
    out: String,
}

impl<'a> Edit<'a> {
    /// Replaces a part that lies behind all that was replaced before.
    fn replace(&mut self, part: Range<usize>, with: &str) {
        if !part.is_empty() {
            self.out.push_str(&self.text[self.copied..part.start]);
            self.out.push_str(with);
            self.copied = part.end;
        }
    }

    /// The edited text up to that place.
    fn finish(mut self, end: usize) -> Cow<'a, str> {
        if self.out.is_empty() {
            // Nothing is kept of what lies before `copied`.
            return Cow::Borrowed(&self.text[self.copied..end]);
        }
        self.out.push_str(&self.text[self.copied..end]);
        Cow::Owned(self.out)
    }
}

pub(crate) const REDACTED: &str = "<redacted>";
