//! Base64 (RFC 4648, section 4): header values at once, and bodies piece by piece.

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
        // A single digit is less than a byte.
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

/// How many bytes of text are decoded at once.
const PIECE: usize = 256;

/// Decodes text that arrives in pieces of any length. Padding may occur in the middle, since a peer may pad each write separately.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decoder {
    /// The digits of an incomplete group, six bits each, and their number.
    bits: u32,
    digits: u8,
    is_broken: bool,
}

impl Decoder {
    /// Calls the closure with the decoded bytes, piece by piece. Decodes nothing after input that is not base64.
    pub(crate) fn decode(&mut self, text: &[u8], mut f: impl FnMut(&[u8])) {
        for piece in text.chunks(PIECE) {
            let (mut bytes, mut len) = ([0; PIECE], 0);
            for &byte in piece {
                if self.is_broken {
                    break;
                }
                let [_, decoded @ ..] = self.push(byte).to_be_bytes();
                let whole = match (byte, self.digits) {
                    (b'=', 2) => 1,
                    (b'=', 3) => 2,
                    (_, 4) => 3,
                    _ => continue,
                };
                // A group has fewer bytes than digits, so the buffer is large enough.
                if let (Some(target), Some(source)) = (bytes.get_mut(len..len + whole), decoded.get(..whole)) {
                    target.copy_from_slice(source);
                    len += whole;
                }
                (self.bits, self.digits) = (0, 0);
            }
            f(bytes.get(..len).unwrap_or_default());
        }
    }

    /// Adds a digit, or ignores padding. Returns the group with zeros for missing digits.
    fn push(&mut self, byte: u8) -> u32 {
        match value(byte) {
            Some(value) => {
                self.bits = self.bits << 6 | value;
                self.digits += 1;
            }
            // The second padding character arrives after the group is complete.
            None => self.is_broken = byte != b'=' || self.digits == 1,
        }
        self.bits << (24 - 6 * u32::from(self.digits.min(4)))
    }
}
