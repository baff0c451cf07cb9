//! Adding spans, and dropping the oldest ones.

use std::collections::VecDeque;
use std::sync::Arc;

use opentracing_core::TraceId;

use crate::model::{Resource, Span, Value};
use crate::store::bloom::{key_hash, pair_hash};
use crate::store::codec::{self, Shared};
use crate::store::cut;
use crate::store::dictionary::Dictionary;
use crate::store::resources::Resources;
use crate::store::segment::{Hot, NAME_INLINE, SEGMENT_ROWS, Segment};
use crate::store::snapshot::Snapshot;
use crate::store::table::{NO_ROW, Table};
use crate::store::{Inserted, StoreStats};

/// All spans with their tables.
pub(super) struct Data {
    sealed: VecDeque<Arc<Segment>>,
    sealed_bytes: usize,
    open: Segment,
    /// A copy of the open segment for queries, until spans are added.
    open_copy: Option<Arc<Segment>>,
    dictionary: Dictionary,
    resources: Resources,
    pub(super) table: Table,
    recent: Box<[u64]>,
    scratch: Vec<u8>,
    text: String,
    max_bytes: usize,
    pub(super) stats: StoreStats,
}

/// A segment is also complete with this share of the bound in tags, and at most this many bytes.
const SEGMENT_BLOB_PART: usize = 32;
const SEGMENT_BLOB_BYTES: usize = 4 << 20;

/// Slots of the table that finds repeated spans.
const RECENT: usize = 1 << 16;

/// The dictionary and the processes have a part of the bound each.
const PART: usize = 16;

impl Data {
    pub(super) fn new(max_bytes: usize) -> Self {
        let part = (max_bytes / PART).min(16 << 20);
        Data {
            sealed: VecDeque::new(),
            sealed_bytes: 0,
            open: Segment::new(0),
            open_copy: None,
            dictionary: Dictionary::new(part),
            resources: Resources::new(part),
            table: Table::new(),
            recent: vec![NO_ROW; RECENT].into(),
            scratch: Vec::new(),
            text: String::new(),
            max_bytes,
            stats: StoreStats { max_bytes, ..StoreStats::default() },
        }
    }

    /// Adds what can be kept of a batch, and leaves these spans in it. They have consecutive rows, from the one that is returned.
    pub(super) fn insert(&mut self, spans: &mut Vec<Span>, inserted: &mut Inserted, traces: &mut Vec<TraceId>) -> u64 {
        let first_row = self.open.end_row();
        let mut known: Option<(Arc<Resource>, u16)> = None;
        spans.retain_mut(|span| {
            if !span.trace_id.is_valid() || !span.span_id.is_valid() {
                inserted.rejected += 1;
                return false;
            }
            cut::cut(span);
            let resource = match &known {
                Some((resource, number)) if Arc::ptr_eq(resource, &span.resource) => *number,
                _ => {
                    let number = self.enter_resource(&span.resource);
                    known = Some((span.resource.clone(), number));
                    number
                }
            };
            if self.is_repeated(span) {
                inserted.repeated += 1;
                return false;
            }
            if traces.last() != Some(&span.trace_id) {
                traces.push(span.trace_id);
            }
            inserted.accepted += 1;
            self.stats.cut += u64::from(span.marks.is_cut);
            self.add(span, resource);
            true
        });
        self.stats.accepted += inserted.accepted as u64;
        self.stats.repeated += inserted.repeated as u64;
        self.stats.rejected += inserted.rejected as u64;
        if inserted.accepted > 0 {
            self.open_copy = None;
        }
        self.evict();
        first_row
    }

    /// The first row that is still in the store.
    pub(super) fn first_row(&self) -> u64 {
        self.sealed.front().map_or(self.open.first_row, |segment| segment.first_row)
    }

    /// The first row that has not been used.
    pub(super) fn end_row(&self) -> u64 {
        self.open.end_row()
    }

    pub(super) fn bytes(&self) -> usize {
        self.sealed_bytes
            + self.open.bytes()
            + self.dictionary.bytes()
            + self.resources.bytes()
            + self.table.bytes()
            + size_of_val(&*self.recent)
            + self.scratch.capacity()
            + self.text.capacity()
            + self.sealed.capacity() * size_of::<Arc<Segment>>()
    }

    pub(super) fn stats(&self) -> StoreStats {
        let segments = self.sealed.iter().map(|segment| &**segment).chain([&self.open]);
        let oldest = segments.filter(|segment| segment.len() > 0).map(|segment| segment.earliest).min();
        StoreStats {
            bytes: self.bytes(),
            spans: (self.end_row() - self.first_row()) as usize,
            traces: self.table.len(),
            partial_traces: self.table.partial(),
            oldest_unix_ns: oldest.unwrap_or(0),
            ..self.stats
        }
    }

    pub(super) fn snapshot(&mut self) -> Snapshot {
        let mut segments: Vec<Arc<Segment>> = self.sealed.iter().cloned().collect();
        if self.open.len() > 0 {
            segments.push(self.open_copy.get_or_insert_with(|| Arc::new(self.open.clone())).clone());
        }
        Snapshot { segments, texts: self.dictionary.texts().clone(), resources: self.resources.snapshot() }
    }

    fn enter_resource(&mut self, resource: &Arc<Resource>) -> u16 {
        let smaller = cut::cut_resource(resource);
        self.resources.enter(smaller.as_ref().unwrap_or(resource)).unwrap_or(Resources::other())
    }

    fn add(&mut self, span: &Span, resource: u16) {
        if self.open.len() == SEGMENT_ROWS
            || self.open.blob.len() > SEGMENT_BLOB_BYTES.min(self.max_bytes / SEGMENT_BLOB_PART)
        {
            self.seal();
        }
        let row = self.open.end_row();
        let name = self.dictionary.intern(&span.name).unwrap_or(NAME_INLINE);
        self.scratch.clear();
        let (bloom, text) = (&mut self.open.bloom, &mut self.text);
        let on_tag = |id: Option<u32>, key: &str, value: &Value| {
            let key = key_hash(id, key);
            bloom.insert(key);
            bloom.insert(pair_hash(key, as_text(value, text)));
        };
        let mut intern = Shared { dictionary: &mut self.dictionary, on_tag };
        codec::encode(span, name == NAME_INLINE, &mut intern, &mut self.scratch);

        let trace = self.table.enter(span.trace_id);
        let first_row = self.first_row();
        let mut previous = 0;
        if let Some(entry) = self.table.get_mut(trace) {
            if entry.spans > 0 && entry.head >= first_row {
                previous = u32::try_from(row - entry.head).unwrap_or(0);
            }
            entry.head = row;
            entry.spans += 1;
            entry.failed += u32::from(span.is_failed);
            entry.start = entry.start.min(span.start_unix_ns);
            entry.end = entry.end.max(span.end_unix_ns());
            if span.parent_id.is_none() && span.start_unix_ns < entry.root_start {
                (entry.root, entry.root_start) = (row, span.start_unix_ns);
            }
        }
        self.resources.add_span(resource);
        self.open.push(span, &Hot { trace, previous, name, resource }, &self.scratch);
        self.recent[recent_slot(span)] = row;
    }

    fn seal(&mut self) {
        let next = Segment::new(self.open.end_row());
        let mut full = std::mem::replace(&mut self.open, next);
        full.seal();
        self.sealed_bytes += full.bytes();
        self.sealed.push_back(Arc::new(full));
        self.open_copy = None;
    }

    fn evict(&mut self) {
        while self.bytes() > self.max_bytes {
            if self.sealed.is_empty() {
                if self.open.len() == 0 {
                    return;
                }
                self.seal();
            }
            let Some(oldest) = self.sealed.pop_front() else { return };
            self.sealed_bytes -= oldest.bytes();
            self.stats.evicted += oldest.len() as u64;
            for index in 0..oldest.len() {
                self.table.leave(oldest.trace[index], oldest.flags[index].is_failed());
                self.resources.remove_span(oldest.resource[index]);
            }
        }
    }

    /// Whether the store has got the same span lately. Finds repetitions within about the last 65,000 spans.
    fn is_repeated(&self, span: &Span) -> bool {
        let row = self.recent[recent_slot(span)];
        if row == NO_ROW || row < self.first_row() {
            return false;
        }
        let (segment, index) = if row >= self.open.first_row {
            (&self.open, (row - self.open.first_row) as usize)
        } else {
            let after = self.sealed.partition_point(|segment| segment.first_row <= row);
            let Some(segment) = after.checked_sub(1).and_then(|at| self.sealed.get(at)) else { return false };
            (&**segment, (row - segment.first_row) as usize)
        };
        let is_candidate = segment.span_id[index] == span.span_id.get()
            && segment.start[index] == span.start_unix_ns
            && segment.duration[index] == span.duration_ns
            && self.table.get(segment.trace[index]).is_some_and(|entry| entry.id == span.trace_id);
        is_candidate && {
            let view = Snapshot {
                segments: Vec::new(),
                texts: self.dictionary.texts().clone(),
                resources: self.resources.snapshot(),
            };
            view.span(span.trace_id, segment, index).is_same(span)
        }
    }
}

fn recent_slot(span: &Span) -> usize {
    let mixed = (span.span_id.get() ^ span.trace_id.low().rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 48) as usize % RECENT
}

fn as_text<'a>(value: &'a Value, buffer: &'a mut String) -> &'a str {
    use std::fmt::Write;
    match value {
        Value::Str(text) | Value::Json(text) => text,
        other => {
            buffer.clear();
            let _ = write!(buffer, "{other}");
            buffer
        }
    }
}
