//! Percent-encoding, for adapters.

use std::borrow::Cow;

use crate::wire::percent;

/// Decodes `%XX` (RFC 3986, section 2.1); a `%` without two digits stands for itself. What is no UTF-8 then becomes U+FFFD.
pub fn decode_percent(value: &[u8]) -> Cow<'_, str> {
    percent::decode(value)
}
