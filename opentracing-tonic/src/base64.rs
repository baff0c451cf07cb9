//! Base64 in pieces (RFC 4648, section 4), for bodies of gRPC-Web.

/// Bytes of text that are decoded at once.
const PIECE: usize = 256;

/// Reads text that comes in pieces of any length. Padding may stand within: each write of the other side is a text of its own.
#[derive(Debug, Default)]
pub(crate) struct Base64 {
    /// Digits of a group that is not whole yet, six bits each, and how many there are.
    bits: u32,
    digits: u8,
    is_broken: bool,
}

impl Base64 {
    /// Gives the bytes in the text to the closure, piece by piece; nothing more once something was no base64.
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
                // A group gives no more bytes than it has digits.
                if let (Some(target), Some(source)) = (bytes.get_mut(len..len + whole), decoded.get(..whole)) {
                    target.copy_from_slice(source);
                    len += whole;
                }
                (self.bits, self.digits) = (0, 0);
            }
            f(bytes.get(..len).unwrap_or_default());
        }
    }

    /// Takes a digit in, or nothing of padding; gives the group as it would be if its missing digits were zeros.
    fn push(&mut self, byte: u8) -> u32 {
        match value(byte) {
            Some(value) => {
                self.bits = self.bits << 6 | value;
                self.digits += 1;
            }
            // The second character of padding comes when the group is done.
            None => self.is_broken = byte != b'=' || self.digits == 1,
        }
        self.bits << (24 - 6 * u32::from(self.digits.min(4)))
    }
}

fn value(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}
