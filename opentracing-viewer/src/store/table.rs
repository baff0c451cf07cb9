//! The traces of the spans in the store.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use opentracing_core::TraceId;

/// What the store knows of a trace beside its spans.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) id: TraceId,
    pub(super) start: u64,
    pub(super) end: u64,
    /// The span that came last.
    pub(super) head: u64,
    /// The earliest span without parent, or [`NO_ROW`].
    pub(super) root: u64,
    pub(super) root_start: u64,
    /// Zero for a free slot.
    pub(super) spans: u32,
    pub(super) failed: u32,
    pub(super) is_partial: bool,
}

impl Entry {
    /// Whether this is the trace with an id, whose upper half may be unknown.
    pub(super) fn is(&self, id: TraceId) -> bool {
        self.id == id || id.high() == 0 && self.id.low() == id.low()
    }
}

/// A row that does not exist.
pub(super) const NO_ROW: u64 = u64::MAX;

/// Traces by slot. A slot is free again when the last span of its trace has left the store, and a chunk of slots without traces gives its
/// memory back.
pub(super) struct Table {
    chunks: Vec<Option<Chunk>>,
    index: HashTable<u32>,
    hasher: RandomState,
    /// Chunks with free slots.
    roomy: Vec<u32>,
    traces: usize,
    partial: usize,
    allocated: usize,
}

struct Chunk {
    entries: Box<[Entry]>,
    free: Vec<u16>,
}

const CHUNK: usize = 1024;

const FREE: Entry = Entry {
    id: TraceId::INVALID,
    start: u64::MAX,
    end: 0,
    head: NO_ROW,
    root: NO_ROW,
    root_start: u64::MAX,
    spans: 0,
    failed: 0,
    is_partial: false,
};

impl Table {
    pub(super) fn new() -> Self {
        Table {
            chunks: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::default(),
            roomy: Vec::new(),
            traces: 0,
            partial: 0,
            allocated: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.traces
    }

    pub(super) fn partial(&self) -> usize {
        self.partial
    }

    /// The greatest slot, plus one.
    pub(super) fn slots(&self) -> usize {
        self.chunks.len() * CHUNK
    }

    pub(super) fn bytes(&self) -> usize {
        let chunk = CHUNK * (size_of::<Entry>() + size_of::<u16>()) + size_of::<Option<Chunk>>();
        self.allocated * chunk + self.index.capacity() * 8 / 7 * (size_of::<u32>() + 1)
    }

    pub(super) fn find(&self, id: TraceId) -> Option<u32> {
        let slot = self.index.find(self.hash(id), |&slot| self.get(slot).is_some_and(|entry| entry.id == id));
        slot.copied()
    }

    /// Finds a trace by the lower half of its id. Reads all traces.
    pub(super) fn find_low(&self, low: u64) -> Option<u32> {
        self.iter().find(|(_, entry)| entry.id.low() == low).map(|(slot, _)| slot)
    }

    pub(super) fn get(&self, slot: u32) -> Option<&Entry> {
        self.chunks.get(slot as usize / CHUNK)?.as_ref()?.entries.get(slot as usize % CHUNK)
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        self.chunks.get_mut(slot as usize / CHUNK)?.as_mut()?.entries.get_mut(slot as usize % CHUNK)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        self.chunks.iter().enumerate().filter_map(|(chunk, content)| Some((chunk, content.as_ref()?))).flat_map(
            |(number, chunk)| {
                let entries = chunk.entries.iter().enumerate().filter(|(_, entry)| entry.spans > 0);
                entries.map(move |(index, entry)| ((number * CHUNK + index) as u32, entry))
            },
        )
    }

    /// The slot of a trace, a new one if the trace is new.
    pub(super) fn enter(&mut self, id: TraceId) -> u32 {
        if let Some(slot) = self.find(id) {
            return slot;
        }
        let slot = self.free_slot();
        if let Some(entry) = self.get_mut(slot) {
            *entry = Entry { id, ..FREE };
        }
        let (chunks, hasher) = (&self.chunks, &self.hasher);
        let hash = |slot: &u32| {
            let chunk = chunks.get(*slot as usize / CHUNK).and_then(Option::as_ref);
            hasher.hash_one(chunk.map_or(TraceId::INVALID, |chunk| chunk.entries[*slot as usize % CHUNK].id))
        };
        self.index.insert_unique(hasher.hash_one(id), slot, hash);
        self.traces += 1;
        slot
    }

    /// Removes one span of a trace, which is the oldest in the store.
    pub(super) fn leave(&mut self, slot: u32, is_failed: bool) {
        let Some(entry) = self.get_mut(slot) else { return };
        entry.spans = entry.spans.saturating_sub(1);
        entry.failed = entry.failed.saturating_sub(u32::from(is_failed));
        let (id, was_partial) = (entry.id, std::mem::replace(&mut entry.is_partial, true));
        if entry.spans > 0 {
            self.partial += usize::from(!was_partial);
            return;
        }
        self.partial -= usize::from(was_partial);
        self.traces -= 1;
        if let Ok(found) = self.index.find_entry(self.hasher.hash_one(id), |&other| other == slot) {
            found.remove();
        }
        self.release(slot);
    }

    fn free_slot(&mut self) -> u32 {
        while let Some(&number) = self.roomy.last() {
            match self.chunks.get_mut(number as usize).and_then(Option::as_mut).and_then(|chunk| chunk.free.pop()) {
                Some(index) => return number * CHUNK as u32 + u32::from(index),
                None => {
                    self.roomy.pop();
                }
            }
        }
        let number = self.chunks.iter().position(Option::is_none).unwrap_or(self.chunks.len());
        if number == self.chunks.len() {
            self.chunks.push(None);
        }
        self.chunks[number] =
            Some(Chunk { entries: vec![FREE; CHUNK].into(), free: (1..CHUNK as u16).rev().collect() });
        self.allocated += 1;
        self.roomy.push(number as u32);
        (number * CHUNK) as u32
    }

    fn release(&mut self, slot: u32) {
        let (number, index) = (slot as usize / CHUNK, slot as usize % CHUNK);
        let Some(Some(chunk)) = self.chunks.get_mut(number) else { return };
        chunk.entries[index] = FREE;
        chunk.free.push(index as u16);
        let (is_empty, was_full) = (chunk.free.len() == CHUNK, chunk.free.len() == 1);
        if is_empty {
            self.chunks[number] = None;
            self.allocated -= 1;
            self.roomy.retain(|other| *other as usize != number);
        } else if was_full && !self.roomy.contains(&(number as u32)) {
            self.roomy.push(number as u32);
        }
        if self.index.len() < self.index.capacity() / 8 {
            let (chunks, hasher) = (&self.chunks, &self.hasher);
            let hash = |slot: &u32| {
                let chunk = chunks.get(*slot as usize / CHUNK).and_then(Option::as_ref);
                hasher.hash_one(chunk.map_or(TraceId::INVALID, |chunk| chunk.entries[*slot as usize % CHUNK].id))
            };
            self.index.shrink_to(self.index.len() * 2, hash);
        }
    }

    fn hash(&self, id: TraceId) -> u64 {
        self.hasher.hash_one(id)
    }
}
