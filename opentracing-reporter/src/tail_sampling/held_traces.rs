//! The traces that are held, in two lists by age: those whose local root is open, and those whose local root has finished.

use std::hash::BuildHasher;
use std::time::Duration;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use opentracing_core::{HeldSpan, HeldSpans, TraceId};

/// The held traces. Every trace is in one of the lists.
#[derive(Debug, Default)]
pub(super) struct HeldTraces {
    /// The slots by the hash of the trace id, which is computed once for each trace, for this table and for that of decisions.
    slots: HashTable<u32>,
    hasher: RandomState,
    traces: Vec<HeldTrace>,
    free: Vec<u32>,
    lists: [List; 2],
    /// The trace of the last span, whose next span is likely to follow.
    last: Option<(TraceId, u32)>,
    /// The most traces that were held since `trimmed`.
    most: usize,
    trimmed: Duration,
    pub(super) spans: usize,
    pub(super) bytes: usize,
}

#[derive(Debug, Default)]
pub(super) struct HeldTrace {
    id: TraceId,
    hash: u64,
    pub(super) spans: HeldSpans,
    bytes: usize,
    pub(super) facts: Facts,
    /// The operation of the first local root.
    pub(super) operation: Option<usize>,
    stage: Stage,
    /// Since when it is in its list.
    since: Duration,
    previous: u32,
    next: u32,
}

/// What is known of a trace from its spans.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Facts(pub(super) u8);

impl Facts {
    pub(super) const FAILED: u8 = 1;
    pub(super) const SLOW: u8 = 2;
    pub(super) const UNUSUAL: u8 = 4;
    /// The sampler, or the caller, had decided to keep it.
    pub(super) const SAMPLED: u8 = 8;
    /// `sampling.priority` is above zero, or it has a debug id.
    pub(super) const DEBUG: u8 = 16;
    /// A late `sampling.priority` is zero.
    pub(super) const UNWANTED: u8 = 32;

    pub(super) fn has(self, fact: u8) -> bool {
        self.0 & fact != 0
    }
}

/// Whether the local root has finished.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Stage {
    #[default]
    Open,
    Ended,
}

#[derive(Clone, Copy, Debug)]
struct List {
    oldest: u32,
    youngest: u32,
}

const NONE: u32 = u32::MAX;

impl Default for List {
    fn default() -> Self {
        List { oldest: NONE, youngest: NONE }
    }
}

/// The memory of a held trace beside its spans, and of a span's place in it, about.
const TRACE_BYTES: usize = 192;
const PLACE_BYTES: usize = 8;
/// The room for spans that an unused trace keeps.
const KEPT_ROOM: usize = 16;

impl HeldTraces {
    /// The slot of a trace, or the hash of its id.
    #[inline]
    pub(super) fn find(&mut self, id: TraceId) -> Result<u32, u64> {
        if let Some((last, slot)) = self.last
            && last == id
        {
            return Ok(slot);
        }
        let hash = self.hasher.hash_one(id);
        let traces = &self.traces;
        let slot = *self.slots.find(hash, |slot| traces[*slot as usize].id == id).ok_or(hash)?;
        self.last = Some((id, slot));
        Ok(slot)
    }

    /// Begins to hold a trace.
    pub(super) fn add(&mut self, id: TraceId, hash: u64, now: Duration) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.traces.push(HeldTrace::default());
            (self.traces.len() - 1) as u32
        });
        let trace = &mut self.traces[slot as usize];
        (trace.id, trace.hash, trace.facts, trace.operation) = (id, hash, Facts::default(), None);
        trace.bytes = TRACE_BYTES;
        self.bytes += TRACE_BYTES;
        let traces = &self.traces;
        self.slots.insert_unique(hash, slot, |slot| traces[*slot as usize].hash);
        self.last = Some((id, slot));
        self.append(slot, Stage::Open, now);
        self.most = self.most.max(self.slots.len());
        slot
    }

    #[inline]
    pub(super) fn push(&mut self, slot: u32, span: HeldSpan) {
        let trace = &mut self.traces[slot as usize];
        let bytes = span.size() + PLACE_BYTES;
        trace.spans.push(span);
        trace.bytes += bytes;
        self.bytes += bytes;
        self.spans += 1;
    }

    #[inline]
    pub(super) fn trace_mut(&mut self, slot: u32) -> &mut HeldTrace {
        &mut self.traces[slot as usize]
    }

    /// Notes that the local root of a trace has finished.
    pub(super) fn end(&mut self, slot: u32, now: Duration) {
        if self.traces[slot as usize].stage == Stage::Open {
            self.unlink(slot);
            self.append(slot, Stage::Ended, now);
        }
    }

    /// The oldest trace in a list, and since when it is there.
    pub(super) fn oldest(&self, stage: Stage) -> Option<(u32, Duration)> {
        let slot = self.lists[stage as usize].oldest;
        self.traces.get(slot as usize).map(|trace| (slot, trace.since))
    }

    /// The trace after this one in its list.
    pub(super) fn after(&self, slot: u32) -> Option<u32> {
        self.traces.get(slot as usize).map(|trace| trace.next).filter(|next| *next != NONE)
    }

    /// Takes the spans of a trace, and forgets it. Returns the hash of its id, too. Give the emptied list [back](HeldTraces::give_back), so that its memory is reused.
    pub(super) fn remove(&mut self, slot: u32) -> (u64, HeldSpans) {
        self.unlink(slot);
        let trace = &mut self.traces[slot as usize];
        let hash = trace.hash;
        if let Ok(entry) = self.slots.find_entry(hash, |found| *found == slot) {
            entry.remove();
        }
        self.spans -= trace.spans.len();
        self.bytes -= trace.bytes;
        if self.last.is_some_and(|(_, last)| last == slot) {
            self.last = None;
        }
        (hash, std::mem::take(&mut trace.spans))
    }

    pub(super) fn give_back(&mut self, slot: u32, mut spans: HeldSpans) {
        spans.shrink_to(KEPT_ROOM);
        self.traces[slot as usize].spans = spans;
        self.free.push(slot);
    }

    /// Frees the memory of a peak that is over, once nothing is held.
    pub(super) fn trim(&mut self, now: Duration) {
        if now.saturating_sub(self.trimmed) < TRIM_INTERVAL || !self.slots.is_empty() {
            return;
        }
        self.trimmed = now;
        let most = std::mem::take(&mut self.most);
        if self.traces.len() > 2 * most + KEPT_TRACES {
            (self.traces, self.free) = (Vec::new(), Vec::new());
            self.slots = HashTable::new();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    fn append(&mut self, slot: u32, stage: Stage, now: Duration) {
        let list = &mut self.lists[stage as usize];
        let previous = std::mem::replace(&mut list.youngest, slot);
        if previous == NONE {
            list.oldest = slot;
        } else {
            self.traces[previous as usize].next = slot;
        }
        let trace = &mut self.traces[slot as usize];
        (trace.stage, trace.since, trace.previous, trace.next) = (stage, now, previous, NONE);
    }

    fn unlink(&mut self, slot: u32) {
        let HeldTrace { stage, previous, next, .. } = self.traces[slot as usize];
        match self.traces.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => self.lists[stage as usize].oldest = next,
        }
        match self.traces.get_mut(next as usize) {
            Some(next) => next.previous = previous,
            None => self.lists[stage as usize].youngest = previous,
        }
    }
}

/// How often unused memory is freed.
const TRIM_INTERVAL: Duration = Duration::from_secs(10);
/// Unused traces that are kept in any case.
const KEPT_TRACES: usize = 1024;
