//! Thrift's binary protocol.

use super::thrift::{Kind, Protocol};

/// Big-endian numbers of full width (Apache Thrift, "Thrift Binary protocol encoding").
pub(super) struct Binary;

const BOOL: u8 = 2;
/// The size of a field's header.
const HEADER: usize = 3;
const VERSION: u32 = 0x8001_0000;
const CALL: u32 = 1;

impl Protocol for Binary {
    #[inline]
    fn field(out: &mut Vec<u8>, kind: Kind, number: i16, _: i16) {
        header(out, code(kind), number);
    }

    #[inline]
    fn bool_field(out: &mut Vec<u8>, number: i16, _: i16, value: bool) {
        header(out, BOOL, number);
        out.push(u8::from(value));
    }

    #[inline]
    fn list(out: &mut Vec<u8>, of: Kind, length: usize) {
        out.push(code(of));
        size(out, length);
    }

    #[inline]
    fn i32(out: &mut Vec<u8>, value: i32) {
        out.extend_from_slice(&value.to_be_bytes());
    }

    #[inline]
    fn i64(out: &mut Vec<u8>, value: i64) {
        out.extend_from_slice(&value.to_be_bytes());
    }

    #[inline]
    fn double(out: &mut Vec<u8>, value: f64) {
        out.extend_from_slice(&value.to_be_bytes());
    }

    #[inline]
    fn text(out: &mut Vec<u8>, text: &str) {
        size(out, text.len());
        out.extend_from_slice(text.as_bytes());
    }

    fn skip_i64_field(from: &mut &[u8]) -> Option<()> {
        from.split_off(..HEADER + 8).map(drop)
    }

    fn read_text_field<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
        from.split_off(..HEADER)?;
        let (size, behind) = from.split_first_chunk()?;
        *from = behind;
        from.split_off(..u32::from_be_bytes(*size) as usize)
    }

    fn call(out: &mut Vec<u8>, method: &str, sequence: i32) {
        out.extend_from_slice(&(VERSION | CALL).to_be_bytes());
        Self::text(out, method);
        Self::i32(out, sequence);
        Self::field(out, Kind::Struct, 1, 0);
    }
}

#[inline]
fn header(out: &mut Vec<u8>, code: u8, number: i16) {
    let [high, low] = number.to_be_bytes();
    out.extend_from_slice(&[code, high, low]);
}

/// Requests are far smaller than 2 GiB, so sizes fit.
#[inline]
fn size(out: &mut Vec<u8>, size: usize) {
    Binary::i32(out, size as i32);
}

#[inline]
const fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Double => 4,
        Kind::I32 => 8,
        Kind::I64 => 10,
        Kind::Text => 11,
        Kind::Struct => 12,
        Kind::List => 15,
    }
}
