//! Text codecs that belong to no protocol: hexadecimal, base64, percent-encoding, decimal numbers, and a text buffer on the stack.

pub(crate) mod base64;
pub(crate) mod decimal;
pub mod encoding;
pub(crate) mod hex;
pub(crate) mod percent;
pub(crate) mod text;
pub(crate) mod wildcard;
