//! Protocol Buffers' wire format, as far as OTLP and Jaeger's remote sampling need it. Fields are written straight into the request's buffer.

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const BYTES: u32 = 2;
const FIXED32: u32 = 5;

/// Appends a number in groups of seven bits.
#[inline]
pub(crate) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[inline]
pub(crate) fn uint(out: &mut Vec<u8>, field: u32, value: u64) {
    varint(out, u64::from(field << 3 | VARINT));
    varint(out, value);
}

#[inline]
pub(crate) fn fixed64(out: &mut Vec<u8>, field: u32, value: u64) {
    varint(out, u64::from(field << 3 | FIXED64));
    out.extend_from_slice(&value.to_le_bytes());
}

#[inline]
pub(crate) fn fixed32(out: &mut Vec<u8>, field: u32, value: u32) {
    varint(out, u64::from(field << 3 | FIXED32));
    out.extend_from_slice(&value.to_le_bytes());
}

#[inline]
pub(crate) fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    varint(out, u64::from(field << 3 | BYTES));
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// Appends a nested message. Its length is known only after it is written, so `ROOM` bytes are reserved for it, and the message is moved
/// if the length needs more or fewer.
#[inline]
pub(crate) fn message<const ROOM: usize>(out: &mut Vec<u8>, field: u32, write: impl FnOnce(&mut Vec<u8>)) {
    varint(out, u64::from(field << 3 | BYTES));
    let at = out.len();
    out.extend_from_slice(&[0; ROOM]);
    write(out);
    let length = out.len() - at - ROOM;
    if varint_bytes(length) != ROOM {
        move_body::<ROOM>(out, at, length);
    }
    let mut rest = length;
    let mut at = at;
    while rest >= 0x80 {
        out[at] = rest as u8 | 0x80;
        rest >>= 7;
        at += 1;
    }
    out[at] = rest as u8;
}

#[cold]
fn move_body<const ROOM: usize>(out: &mut Vec<u8>, at: usize, length: usize) {
    let needed = varint_bytes(length);
    if needed > ROOM {
        out.resize(out.len() + needed - ROOM, 0);
    }
    out.copy_within(at + ROOM..at + ROOM + length, at + needed);
    out.truncate(at + needed + length);
}

#[inline]
fn varint_bytes(value: usize) -> usize {
    (usize::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

/// Splits off a value that starts with its length.
pub(crate) fn length_delimited(mut from: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::try_from(read_varint(&mut from)?).ok()?;
    from.split_at_checked(length)
}

/// A field of a decoded message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Field<'a> {
    Uint(u64),
    Bytes(&'a [u8]),
    /// Eight bytes: an integer or a `double`.
    Fixed64(u64),
    Fixed32(u32),
}

/// The fields of a message with their numbers. Stops at the first malformed byte.
pub(crate) fn fields(mut message: &[u8]) -> impl Iterator<Item = (u64, Field<'_>)> {
    std::iter::from_fn(move || {
        let key = read_varint(&mut message)?;
        let field = match (key & 7) as u32 {
            VARINT => Field::Uint(read_varint(&mut message)?),
            FIXED64 => Field::Fixed64(u64::from_le_bytes(*take(&mut message, 8)?.first_chunk()?)),
            FIXED32 => Field::Fixed32(u32::from_le_bytes(*take(&mut message, 4)?.first_chunk()?)),
            BYTES => {
                let length = usize::try_from(read_varint(&mut message)?).ok()?;
                Field::Bytes(take(&mut message, length)?)
            }
            _ => return None,
        };
        Some((key >> 3, field))
    })
}

fn read_varint(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(from, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(from: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(taken)
}
