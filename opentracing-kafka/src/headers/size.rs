//! The size of a record as librdkafka computes it before it queues the record.

use rdkafka::message::BorrowedHeaders;

use crate::headers::raw;

/// librdkafka's default for `message.max.bytes`.
pub(crate) const DEFAULT_MAX_BYTES: usize = 1_000_000;
/// librdkafka's upper bound for the other fields of a record (`RD_KAFKAP_MESSAGE_V2_MAX_OVERHEAD`).
const OVERHEAD: usize = 36;

/// The most that the two lengths of a header take: 32 bits each.
pub(crate) const MAX_LENGTHS: usize = 10;

/// The bytes that remain for the headers of a context. `None` if the record is too large without one.
pub(crate) fn room(max_bytes: usize, key: usize, payload: usize, headers: Option<&BorrowedHeaders>) -> Option<usize> {
    let headers = headers.into_iter().flat_map(raw::iter);
    let headers: usize = headers.map(|(name, value)| header(name.len(), value.map_or(0, <[u8]>::len))).sum();
    max_bytes.checked_sub(OVERHEAD + key + payload + headers)
}

/// The size of a header with its two lengths.
pub(crate) fn header(name: usize, value: usize) -> usize {
    varint(name) + name + varint(value) + value
}

/// The size of a length in Protocol Buffers' zigzag encoding, 7 bits a byte.
fn varint(length: usize) -> usize {
    let bits = usize::BITS - (length << 1).leading_zeros();
    bits.div_ceil(7).max(1) as usize
}
