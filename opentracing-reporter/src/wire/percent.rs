//! Percent-encoding (RFC 3986, section 2.1).

/// Decodes a text. `None` if a `%` is not followed by two digits, or the bytes are not UTF-8. A `+` stays a `+`.
pub(crate) fn decode(text: &str) -> Option<String> {
    let (bytes, is_well_formed) = bytes(text.as_bytes());
    String::from_utf8(bytes).ok().filter(|_| is_well_formed)
}

/// Decodes a text for humans: whatever is not well encoded stays as it is.
#[cfg(feature = "otlp")]
pub(crate) fn decode_lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(&bytes(text).0).into_owned()
}

/// The decoded bytes, and whether each `%` was followed by two digits.
fn bytes(text: &[u8]) -> (Vec<u8>, bool) {
    let (mut bytes, mut is_well_formed) = (Vec::with_capacity(text.len()), true);
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        let digit = |index: usize| behind.get(index).and_then(|&digit| char::from(digit).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high << 4 | low) as u8);
                rest = &behind[2..];
            }
            _ => {
                is_well_formed &= byte != b'%';
                bytes.push(byte);
                rest = behind;
            }
        }
    }
    (bytes, is_well_formed)
}
