//! Base64 and percent-encoding, for adapters and reporters.

use std::borrow::Cow;

use crate::wire::text::Text;
use crate::wire::{base64, percent};

/// Decodes `%XX` (RFC 3986, section 2.1). A `%` without two digits stands for itself. Bytes that are not UTF-8 become U+FFFD.
///
/// ```
/// use opentracing_core::encoding::decode_percent;
///
/// assert_eq!(decode_percent(b"no%20such%20user, 100%"), "no such user, 100%");
/// ```
pub fn decode_percent(value: &[u8]) -> Cow<'_, str> {
    percent::decode(value)
}

/// Decodes `%XX`. `None` if a `%` is not followed by two digits, or if the bytes are not UTF-8. A `+` stays a `+`.
///
/// ```
/// use opentracing_core::encoding::decode_percent_strict;
///
/// assert_eq!(decode_percent_strict("a%20b+c").as_deref(), Some("a b+c"));
/// assert_eq!(decode_percent_strict("100%"), None);
/// ```
pub fn decode_percent_strict(text: &str) -> Option<String> {
    percent::decode_strict(text)
}

/// Encodes bytes in base64 (RFC 4648, section 4), with padding.
///
/// ```
/// use opentracing_core::encoding::{decode_base64, encode_base64};
///
/// assert_eq!(encode_base64(b"me:secret"), "bWU6c2VjcmV0");
/// assert_eq!(encode_base64(b"hello"), "aGVsbG8=");
/// assert_eq!(decode_base64(b"aGVsbG8").as_deref(), Some(&b"hello"[..]));
/// assert_eq!(decode_base64(b"not base64"), None);
/// ```
pub fn encode_base64(bytes: &[u8]) -> String {
    let mut encoded = Text::new();
    base64::encode(bytes, &mut encoded);
    let padding = encoded.len().next_multiple_of(4) - encoded.len();
    encoded.as_str().to_owned() + "==".get(..padding).unwrap_or_default()
}

/// Decodes base64, with or without padding. `None` if the text is not base64.
pub fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    base64::decode(text).map(|bytes| bytes.to_vec())
}

/// Decodes base64 that arrives in pieces, as the bodies of gRPC-Web do. Padding may occur in the middle, since a peer may pad each write
/// separately.
///
/// ```
/// use opentracing_core::encoding::Base64Decoder;
///
/// let (mut decoder, mut decoded) = (Base64Decoder::default(), Vec::new());
/// for piece in ["aGVs", "bG8=", "IQ=="] {
///     decoder.decode(piece.as_bytes(), |bytes| decoded.extend_from_slice(bytes));
/// }
/// assert_eq!(decoded, b"hello!");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Base64Decoder(base64::Decoder);

impl Base64Decoder {
    /// Decodes the next piece, and calls the closure with the bytes, at most 192 at a time. After input that is not base64, nothing more is
    /// decoded.
    pub fn decode(&mut self, text: &[u8], f: impl FnMut(&[u8])) {
        self.0.decode(text, f);
    }
}
