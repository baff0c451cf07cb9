//! An encoded span as it waits for its request.
//!
//! Datadog expects a few entries only on the first span of a chunk, and which span that will be is known only when the request is framed. So
//! the parts of a span are kept apart: its fields, `meta` and `metrics`, and the entries of the last two that only the first span has.

use super::entries::Entries;
use crate::wire::msgpack;

/// The parts of a span that is being encoded. Reused for the next one.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) fields: Entries,
    pub(super) meta: Entries,
    pub(super) metrics: Entries,
    pub(super) first_meta: Entries,
    pub(super) first_metrics: Entries,
}

const PARTS: usize = 5;

impl Parts {
    pub(super) fn clear(&mut self) {
        for part in [&mut self.fields, &mut self.meta, &mut self.metrics, &mut self.first_meta, &mut self.first_metrics]
        {
            part.clear();
        }
    }

    /// Appends the record of the span.
    pub(super) fn write(&self, trace_id: [u8; 16], is_local_root: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&trace_id);
        out.push(u8::from(is_local_root));
        for part in [&self.fields, &self.meta, &self.metrics, &self.first_meta, &self.first_metrics] {
            part.write(out);
        }
    }
}

/// The record of an encoded span.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) trace_id: &'a [u8],
    pub(super) is_local_root: bool,
    parts: [Part<'a>; PARTS],
}

/// Encoded entries and their number.
pub(super) type Part<'a> = (usize, &'a [u8]);

impl<'a> Record<'a> {
    /// `None` if these bytes are no record.
    pub(super) fn read(from: &'a [u8]) -> Option<Self> {
        let (trace_id, from) = from.split_at_checked(16)?;
        let (is_local_root, mut from) = from.split_first()?;
        let mut parts = [(0, &[][..]); PARTS];
        for part in &mut parts {
            (*part, from) = read_part(from)?;
        }
        Some(Record { trace_id, is_local_root: *is_local_root != 0, parts })
    }

    /// The encoded fields.
    pub(super) fn fields(&self) -> &'a [u8] {
        self.parts[0].1
    }

    /// Appends the span. The first span of a chunk also has the entries of the process.
    pub(super) fn frame(&self, process: Option<[Part<'_>; 2]>, out: &mut Vec<u8>) {
        let [(fields, field_bytes), meta, metrics, first_meta, first_metrics] = self.parts;
        let nothing = (0, &[][..]);
        let ([process_meta, process_metrics], first_meta, first_metrics) = match process {
            Some(process) => (process, first_meta, first_metrics),
            None => ([nothing; 2], nothing, nothing),
        };
        msgpack::map(out, fields + 2);
        out.extend_from_slice(field_bytes);
        for (key, entries) in
            [("meta", [meta, first_meta, process_meta]), ("metrics", [metrics, first_metrics, process_metrics])]
        {
            msgpack::text(out, key);
            msgpack::map(out, entries.iter().map(|(number, _)| number).sum());
            entries.iter().for_each(|(_, bytes)| out.extend_from_slice(bytes));
        }
    }
}

/// The part at the beginning, and what follows it.
pub(super) fn read_part(from: &[u8]) -> Option<(Part<'_>, &[u8])> {
    let (head, from) = from.split_at_checked(8)?;
    let (number, length) = head.split_at_checked(4)?;
    let read = |bytes: &[u8]| Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize);
    let (bytes, from) = from.split_at_checked(read(length)?)?;
    Some(((read(number)?, bytes), from))
}
