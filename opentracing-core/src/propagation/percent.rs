//! Percent-encoding (RFC 3986, section 2.1).

use std::borrow::Cow;

use crate::propagation::hex;
use crate::propagation::text::Text;

/// Decodes `%XX`; a `%` without two digits stands for itself. What is no UTF-8 then becomes U+FFFD.
pub(crate) fn decode(value: &[u8]) -> Cow<'_, str> {
    if !value.contains(&b'%') {
        return String::from_utf8_lossy(value);
    }
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        let escaped = match tail {
            [high, low, tail @ ..] if *byte == b'%' => hex::any_case(&[*high, *low]).map(|byte| (byte as u8, tail)),
            _ => None,
        };
        match escaped {
            Some((byte, tail)) => {
                decoded.push(byte);
                rest = tail;
            }
            None => decoded.push(*byte),
        }
    }
    Cow::Owned(match String::from_utf8(decoded) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// Appends a text, every byte of it that is not plain as `%XX`. No byte beyond ASCII is plain.
pub(crate) fn encode(value: &str, encoded: &mut Text, is_plain: impl Fn(u8) -> bool) {
    let mut rest = value;
    while let Some(end) = rest.bytes().position(|byte| !is_plain(byte)) {
        // The byte found may begin a character of several bytes, all of which are encoded.
        let (plain, tail) = rest.split_at(end);
        let len = tail.chars().next().map_or(0, char::len_utf8);
        let (special, tail) = tail.split_at(len);
        encoded.push(plain);
        special.bytes().for_each(|byte| encoded.push_percent(byte));
        rest = tail;
    }
    encoded.push(rest);
}
