//! Base64 (RFC 4648, section 4), for basic authentication and gRPC's binary headers.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn base64(bytes: &[u8]) -> String {
    let letter = |group: u32, shift: u32| char::from(LETTERS[(group >> shift & 63) as usize]);
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| chunk.get(index).copied().map_or(0, u32::from);
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        text.extend([letter(group, 18), letter(group, 12)]);
        text.push(if chunk.len() > 1 { letter(group, 6) } else { '=' });
        text.push(if chunk.len() > 2 { letter(group, 0) } else { '=' });
    }
    text
}

/// Decodes with or without padding, since gRPC's binary headers come in both forms.
#[cfg(feature = "otlp")]
pub(crate) fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.chunks(4) {
        let mut group = 0;
        for letter in chunk {
            let bits = LETTERS.iter().position(|known| known == letter)?;
            group = group << 6 | bits as u32;
        }
        let count = chunk.len() * 6 / 8;
        let group = group << (6 * (4 - chunk.len())) << 8;
        bytes.extend_from_slice(&group.to_be_bytes()[..count]);
    }
    Some(bytes)
}
