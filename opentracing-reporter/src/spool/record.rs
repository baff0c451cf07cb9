//! The file format of a batch.
//!
//! ```text
//! "otspool1" | CRC-32 of the rest | process length | number of spans
//!            | length and entries of each span | process | spans
//! ```
//!
//! Numbers have 32 bits, little-endian.

use std::sync::Arc;

use crate::batch::{EncodedBatch, SpanEnd};

const MAGIC: &[u8; 8] = b"otspool1";
const SUM_AT: usize = MAGIC.len();
const REST_AT: usize = SUM_AT + 4;

/// `None` if a size of the batch does not fit into 32 bits.
pub(super) fn write(batch: &EncodedBatch) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(64 + batch.len() * 8 + batch.process.len() + batch.bytes.len());
    out.extend(MAGIC);
    out.extend([0; 4]);
    let mut number = |number: usize| {
        out.extend(u32::try_from(number).ok()?.to_le_bytes());
        Some(())
    };
    number(batch.process.len())?;
    number(batch.len())?;
    let mut start = 0;
    for end in &batch.ends {
        number(end.at - start)?;
        number(end.entries)?;
        start = end.at;
    }
    out.extend(&*batch.process);
    out.extend(&batch.bytes);
    let sum = crc32fast::hash(out.get(REST_AT..)?);
    out.get_mut(SUM_AT..REST_AT)?.copy_from_slice(&sum.to_le_bytes());
    Some(out)
}

/// `None` for anything but a complete record.
pub(super) fn read(record: &[u8]) -> Option<EncodedBatch> {
    let mut rest = record.strip_prefix(MAGIC)?;
    if number(&mut rest)? != crc32fast::hash(rest) {
        return None;
    }
    let process_length = number(&mut rest)? as usize;
    let spans = number(&mut rest)? as usize;
    let mut ends = Vec::with_capacity(spans.min(rest.len() / 8));
    let mut at = 0_usize;
    for _ in 0..spans {
        at = at.checked_add(number(&mut rest)? as usize)?;
        ends.push(SpanEnd { at, entries: number(&mut rest)? as usize });
    }
    let (process, bytes) = rest.split_at_checked(process_length)?;
    (bytes.len() == at).then(|| EncodedBatch { process: Arc::from(process), bytes: bytes.to_vec(), ends })
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (number, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u32::from_le_bytes(*number))
}
