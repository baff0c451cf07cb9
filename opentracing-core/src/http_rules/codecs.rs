//! Encodings of header values and bodies, for adapters.

use std::borrow::Cow;

use crate::wire::{base64, percent};

/// Decodes `%XX` (RFC 3986, section 2.1). A `%` without two digits stands for itself. Bytes that are not UTF-8 become U+FFFD.
pub fn decode_percent(value: &[u8]) -> Cow<'_, str> {
    percent::decode(value)
}

/// Decodes base64 (RFC 4648, section 4) that arrives in pieces, as the bodies of gRPC-Web do. Padding may stand inside, since each write
/// of a peer is padded by itself.
///
/// ```
/// use opentracing_core::http_rules::Base64Decoder;
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
    /// Decodes the next piece, and calls the closure with the bytes, at most 192 at a time. After input that is not base64 nothing more
    /// is decoded.
    pub fn decode(&mut self, text: &[u8], f: impl FnMut(&[u8])) {
        self.0.decode(text, f);
    }
}
