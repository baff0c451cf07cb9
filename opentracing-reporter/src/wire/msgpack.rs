//! `MessagePack`, written into memory. That does not fail, so the errors of the writer are not passed on.

use rmp::{decode, encode};

pub(crate) fn array(out: &mut Vec<u8>, length: usize) {
    let _ = encode::write_array_len(out, narrow(length));
}

pub(crate) fn map(out: &mut Vec<u8>, length: usize) {
    let _ = encode::write_map_len(out, narrow(length));
}

pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    let _ = encode::write_str(out, text);
}

pub(crate) fn uint(out: &mut Vec<u8>, number: u64) {
    let _ = encode::write_uint(out, number);
}

pub(crate) fn float(out: &mut Vec<u8>, number: f64) {
    let _ = encode::write_f64(out, number);
}

/// The length of the array at the beginning.
pub(crate) fn array_length(mut from: &[u8]) -> Option<u32> {
    decode::read_array_len(&mut from).ok()
}

/// The text at the beginning, and what follows it.
pub(crate) fn read_text(from: &[u8]) -> Option<(&str, &[u8])> {
    decode::read_str_from_slice(from).ok()
}

/// No request is as large as this.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
