//! A stretch of spans in columns.

use opentracing_core::{SpanId, SpanKind};

use crate::model::{Marks, Span};
use crate::store::bloom::Bloom;

/// Spans in the order of their arrival, one column for each property that filters and figures read. Tags, logs and links are in `blob`.
#[derive(Clone)]
pub(super) struct Segment {
    /// The number of the first span, counted since the start of the store.
    pub(super) first_row: u64,
    pub(super) start: Vec<u64>,
    pub(super) duration: Vec<u64>,
    /// The slot in the trace table.
    pub(super) trace: Vec<u32>,
    pub(super) span_id: Vec<u64>,
    /// Zero without parent.
    pub(super) parent_id: Vec<u64>,
    /// How many rows ago the trace had its last span; zero if that is not in the store.
    pub(super) previous: Vec<u32>,
    /// The number in the dictionary, or [`NAME_INLINE`].
    pub(super) name: Vec<u32>,
    pub(super) resource: Vec<u16>,
    pub(super) flags: Vec<Flags>,
    /// Where the tags of the span begin in `blob`.
    pub(super) offset: Vec<u32>,
    pub(super) blob: Vec<u8>,
    pub(super) bloom: Bloom,
    pub(super) earliest: u64,
    pub(super) latest: u64,
}

/// Spans in a segment.
pub(super) const SEGMENT_ROWS: usize = 8192;

/// The number for a name that is stored with the tags, since the dictionary is full.
pub(super) const NAME_INLINE: u32 = u32::MAX;

/// The hot columns of one span.
pub(super) struct Hot {
    pub(super) trace: u32,
    pub(super) previous: u32,
    pub(super) name: u32,
    pub(super) resource: u16,
}

impl Segment {
    pub(super) fn new(first_row: u64) -> Self {
        Segment {
            first_row,
            start: Vec::with_capacity(SEGMENT_ROWS),
            duration: Vec::with_capacity(SEGMENT_ROWS),
            trace: Vec::with_capacity(SEGMENT_ROWS),
            span_id: Vec::with_capacity(SEGMENT_ROWS),
            parent_id: Vec::with_capacity(SEGMENT_ROWS),
            previous: Vec::with_capacity(SEGMENT_ROWS),
            name: Vec::with_capacity(SEGMENT_ROWS),
            resource: Vec::with_capacity(SEGMENT_ROWS),
            flags: Vec::with_capacity(SEGMENT_ROWS),
            offset: Vec::with_capacity(SEGMENT_ROWS),
            blob: Vec::new(),
            bloom: Bloom::new(),
            earliest: u64::MAX,
            latest: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.start.len()
    }

    /// The number after that of the last span.
    pub(super) fn end_row(&self) -> u64 {
        self.first_row + self.len() as u64
    }

    /// The bytes of all buffers.
    pub(super) fn bytes(&self) -> usize {
        let rows = self.start.capacity() * 8
            + self.duration.capacity() * 8
            + self.trace.capacity() * 4
            + self.span_id.capacity() * 8
            + self.parent_id.capacity() * 8
            + self.previous.capacity() * 4
            + self.name.capacity() * 4
            + self.resource.capacity() * 2
            + self.flags.capacity()
            + self.offset.capacity() * 4;
        rows + self.blob.capacity() + self.bloom.bytes() + size_of::<Segment>()
    }

    pub(super) fn push(&mut self, span: &Span, hot: &Hot, blob: &[u8]) {
        self.offset.push(self.blob.len() as u32);
        self.blob.extend_from_slice(blob);
        self.start.push(span.start_unix_ns);
        self.duration.push(span.duration_ns);
        self.trace.push(hot.trace);
        self.span_id.push(span.span_id.get());
        self.parent_id.push(span.parent_id.map_or(0, SpanId::get));
        self.previous.push(hot.previous);
        self.name.push(hot.name);
        self.resource.push(hot.resource);
        self.flags.push(Flags::new(span));
        self.earliest = self.earliest.min(span.start_unix_ns);
        self.latest = self.latest.max(span.start_unix_ns);
    }

    /// Gives back the memory that is not needed.
    pub(super) fn seal(&mut self) {
        self.start.shrink_to_fit();
        self.duration.shrink_to_fit();
        self.trace.shrink_to_fit();
        self.span_id.shrink_to_fit();
        self.parent_id.shrink_to_fit();
        self.previous.shrink_to_fit();
        self.name.shrink_to_fit();
        self.resource.shrink_to_fit();
        self.flags.shrink_to_fit();
        self.offset.shrink_to_fit();
        self.blob.shrink_to_fit();
    }

    /// The encoded tags, logs and links of a span.
    pub(super) fn encoded(&self, index: usize) -> &[u8] {
        let end = self.offset.get(index + 1).map_or(self.blob.len(), |&end| end as usize);
        &self.blob[self.offset[index] as usize..end]
    }

    pub(super) fn parent(&self, index: usize) -> Option<SpanId> {
        let id = SpanId::new(self.parent_id[index]);
        id.is_valid().then_some(id)
    }
}

/// The kind and the Boolean properties of a span.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Flags(u8);

const KIND: u8 = 7;
const FAILED: u8 = 8;
const SHARED: u8 = 16;
const CUT: u8 = 32;
const BACKWARDS: u8 = 64;

impl Flags {
    fn new(span: &Span) -> Self {
        let bit = |set, bit| if set { bit } else { 0 };
        Flags(
            kind_number(span.kind)
                | bit(span.is_failed, FAILED)
                | bit(span.is_shared, SHARED)
                | bit(span.marks.is_cut, CUT)
                | bit(span.marks.ends_before_start, BACKWARDS),
        )
    }

    pub(super) fn kind_number(self) -> u8 {
        self.0 & KIND
    }

    pub(super) fn kind(self) -> SpanKind {
        KINDS.get(usize::from(self.kind_number())).copied().unwrap_or_default()
    }

    pub(super) fn is_failed(self) -> bool {
        self.0 & FAILED != 0
    }

    pub(super) fn is_shared(self) -> bool {
        self.0 & SHARED != 0
    }

    pub(super) fn marks(self) -> Marks {
        Marks { is_cut: self.0 & CUT != 0, is_duplicate: false, ends_before_start: self.0 & BACKWARDS != 0 }
    }
}

pub(super) const KINDS: [SpanKind; 5] =
    [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];

pub(super) fn kind_number(kind: SpanKind) -> u8 {
    KINDS.iter().position(|other| *other == kind).unwrap_or_default() as u8
}
