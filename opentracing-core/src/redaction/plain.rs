//! Recognizes the most common URLs, in which there is nothing to redact, in one pass.

use crate::redaction::scan::{Place, stops_at};
use crate::redaction::secrets::Secrets;
use crate::redaction::shapes::may_end_prefix;
use crate::redaction::url::secret_of_webhook;

/// Whether the text is a path, or a URL of HTTP without user name, fragment and percent-encoding, in which no rule finds a secret. False
/// only means that the full scan has to look.
pub(super) fn is_plain_url(secrets: &Secrets, text: &str) -> bool {
    let Some(path) = path(text) else { return false };
    secret_of_webhook(text, &(path..text.len())).is_none() && has_plain_parts(secrets, text, path)
}

/// Where the path begins.
fn path(text: &str) -> Option<usize> {
    if text.starts_with('/') {
        return (!text.starts_with("//")).then_some(0);
    }
    let authority = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"))?;
    let bytes = authority.as_bytes();
    let host = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')).count();
    let end = match bytes.get(host) {
        Some(b':') => host + 1 + bytes[host + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => host,
    };
    let is_short = host <= 255 && end - host <= 6;
    (is_short && matches!(bytes.get(end), None | Some(b'/' | b'?'))).then_some(text.len() - authority.len() + end)
}

fn has_plain_parts(secrets: &Secrets, text: &str, path: usize) -> bool {
    let bytes = text.as_bytes();
    let mut before = b' ';
    // Where the current name of the query begins, until its `=`.
    let (mut name, mut in_query) = (None, false);
    for (at, &byte) in bytes.iter().enumerate().skip(path) {
        let class = CLASSES[byte as usize];
        if class == Class::Letter {
            if stops_at(byte, before) && may_end_prefix(&bytes[..=at]) {
                return false;
            }
            before = byte;
            continue;
        }
        match class {
            Class::Query if !in_query => (name, in_query) = (Some(at + 1), true),
            Class::Next if in_query => name = Some(at + 1),
            Class::Value => match name.take() {
                Some(start) if !secrets.matches_in(&text[start..at], Place::Query) => {}
                _ => return false,
            },
            _ => return false,
        }
        before = byte;
    }
    true
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Has no meaning of its own.
    Letter,
    /// Begins the query.
    Query,
    /// Begins the next parameter.
    Next,
    /// Begins a value.
    Value,
    Other,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_alphanumeric() {
            classes[byte] = Class::Letter;
        }
        byte += 1;
    }
    classes[b'/' as usize] = Class::Letter;
    classes[b'.' as usize] = Class::Letter;
    classes[b'-' as usize] = Class::Letter;
    classes[b'_' as usize] = Class::Letter;
    classes[b'~' as usize] = Class::Letter;
    classes[b'?' as usize] = Class::Query;
    classes[b'&' as usize] = Class::Next;
    classes[b'=' as usize] = Class::Value;
    classes
};
