//! Thrift's compact protocol.

use super::thrift::{Kind, Protocol};

/// Variable-length numbers, and field numbers as differences (Apache Thrift, "Thrift Compact protocol encoding").
pub(super) struct Compact;

const ID: u8 = 0x82;
const VERSION: u8 = 1;
/// The message type, in the upper three bits.
const CALL: u8 = 1 << 5;
const TRUE: u8 = 1;
const FALSE: u8 = 2;

impl Protocol for Compact {
    #[inline]
    fn field(out: &mut Vec<u8>, kind: Kind, number: i16, last: i16) {
        header(out, code(kind), number, last);
    }

    #[inline]
    fn bool_field(out: &mut Vec<u8>, number: i16, last: i16, value: bool) {
        header(out, if value { TRUE } else { FALSE }, number, last);
    }

    #[inline]
    fn list(out: &mut Vec<u8>, of: Kind, length: usize) {
        if length < 15 {
            out.push((length as u8) << 4 | code(of));
        } else {
            out.push(0xf0 | code(of));
            varint(out, length as u64);
        }
    }

    #[inline]
    fn i32(out: &mut Vec<u8>, value: i32) {
        Self::i64(out, i64::from(value));
    }

    /// Zigzag encoding: small numbers are short, whatever their sign.
    #[inline]
    fn i64(out: &mut Vec<u8>, value: i64) {
        varint(out, (value << 1 ^ value >> 63) as u64);
    }

    /// Little-endian, as every implementation writes it; the specification once said otherwise.
    #[inline]
    fn double(out: &mut Vec<u8>, value: f64) {
        out.extend_from_slice(&value.to_le_bytes());
    }

    #[inline]
    fn text(out: &mut Vec<u8>, text: &str) {
        varint(out, text.len() as u64);
        out.extend_from_slice(text.as_bytes());
    }

    fn skip_i64_field(from: &mut &[u8]) -> Option<()> {
        from.split_off_first()?;
        read_varint(from).map(drop)
    }

    fn read_text_field<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
        from.split_off_first()?;
        let length = usize::try_from(read_varint(from)?).ok()?;
        from.split_off(..length)
    }

    fn call(out: &mut Vec<u8>, method: &str, sequence: i32) {
        out.extend_from_slice(&[ID, CALL | VERSION]);
        varint(out, u64::from(sequence as u32));
        Self::text(out, method);
        Self::field(out, Kind::Struct, 1, 0);
    }
}

#[inline]
fn header(out: &mut Vec<u8>, code: u8, number: i16, last: i16) {
    match number - last {
        distance @ 1..=15 => out.push((distance as u8) << 4 | code),
        _ => {
            out.push(code);
            Compact::i64(out, i64::from(number));
        }
    }
}

#[inline]
fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_varint(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = *from.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[inline]
const fn code(kind: Kind) -> u8 {
    match kind {
        Kind::I32 => 5,
        Kind::I64 => 6,
        Kind::Double => 7,
        Kind::Text => 8,
        Kind::List => 9,
        Kind::Struct => 12,
    }
}
