//! Base64 (RFC 4648, section 4), for the few bytes of a header.

use smallvec::SmallVec;

use crate::wire::text::Text;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends the bytes without padding.
pub(crate) fn encode(bytes: &[u8], encoded: &mut Text) {
    for group in bytes.chunks(3) {
        let byte = |at| group.get(at).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..=group.len() {
            let digit = ALPHABET[(bits >> (18 - 6 * at) & 0x3f) as usize];
            encoded.push(char::from(digit).encode_utf8(&mut [0; 4]));
        }
    }
}

/// Reads digits with or without padding.
pub(crate) fn decode(encoded: &[u8]) -> Option<SmallVec<[u8; 64]>> {
    let digits = match encoded {
        [digits @ .., b'=', b'='] | [digits @ .., b'='] => digits,
        digits => digits,
    };
    let mut bytes = SmallVec::new();
    for group in digits.chunks(4) {
        let mut bits = 0;
        for at in 0..4 {
            let value = group.get(at).map_or(Some(0), |&digit| value(digit))?;
            bits = bits << 6 | value;
        }
        let [_, decoded @ ..] = bits.to_be_bytes();
        // One digit alone is less than a byte.
        let len = group.len().checked_sub(2)? + 1;
        bytes.extend_from_slice(decoded.get(..len)?);
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}
