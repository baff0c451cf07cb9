//! Percent-encoding (RFC 3986, section 2.1).

use std::borrow::Cow;

use crate::wire::hex;
use crate::wire::text::Text;

/// Decodes `%XX`. A `%` without two digits stands for itself. Bytes that are not UTF-8 become U+FFFD.
pub(crate) fn decode(value: &[u8]) -> Cow<'_, str> {
    if !value.contains(&b'%') {
        return String::from_utf8_lossy(value);
    }
    text(value, bytes(value))
}

/// Decodes `%XX`. `None` if a `%` is not followed by two digits, or if the bytes are not UTF-8.
pub(crate) fn decode_strict(value: &str) -> Option<String> {
    let is_well_formed = pieces(value.as_bytes()).all(|(byte, escaped)| escaped || byte != b'%');
    is_well_formed.then(|| String::from_utf8(bytes(value.as_bytes()).collect()).ok())?
}

/// As [`decode`], but a `+` becomes a space, as in HTML forms.
pub(crate) fn decode_form(value: &[u8]) -> Cow<'_, str> {
    if !value.contains(&b'+') {
        return decode(value);
    }
    let blank = |(byte, escaped): (u8, bool)| if byte == b'+' && !escaped { b' ' } else { byte };
    text(value, pieces(value).map(blank))
}

/// The length of the decoded value, before bytes that are not UTF-8 are replaced.
pub(crate) fn decoded_len(value: &[u8]) -> usize {
    if value.contains(&b'%') { bytes(value).count() } else { value.len() }
}

fn bytes(value: &[u8]) -> impl Iterator<Item = u8> {
    pieces(value).map(|(byte, _)| byte)
}

/// The decoded bytes, and whether each was escaped.
fn pieces(value: &[u8]) -> impl Iterator<Item = (u8, bool)> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (&byte, tail) = rest.split_first()?;
        rest = tail;
        if let (b'%', [high, low, tail @ ..]) = (byte, tail)
            && let Some(escaped) = hex::any_case(&[*high, *low])
        {
            rest = tail;
            return Some((escaped as u8, true));
        }
        Some((byte, false))
    })
}

fn text<'a>(value: &[u8], bytes: impl Iterator<Item = u8>) -> Cow<'a, str> {
    let mut decoded = Vec::with_capacity(decoded_len(value));
    decoded.extend(bytes);
    Cow::Owned(match String::from_utf8(decoded) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// Appends a text, with each byte that is not plain as `%XX`. `is_plain` must be false for bytes beyond ASCII.
pub(crate) fn encode(value: &str, encoded: &mut Text, is_plain: impl Fn(u8) -> bool) {
    let mut rest = value;
    while let Some(end) = rest.bytes().position(|byte| !is_plain(byte)) {
        // The byte may begin a character of several bytes; all of them are encoded.
        let (plain, tail) = rest.split_at(end);
        let len = tail.chars().next().map_or(0, char::len_utf8);
        let (special, tail) = tail.split_at(len);
        encoded.push(plain);
        special.bytes().for_each(|byte| encoded.push_percent(byte));
        rest = tail;
    }
    encoded.push(rest);
}
