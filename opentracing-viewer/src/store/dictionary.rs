//! Texts that occur often, stored once.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Texts by number. Nothing leaves it: its size is bounded, and what does not fit is stored with the span.
pub(super) struct Dictionary {
    index: HashTable<u32>,
    texts: Texts,
    hasher: RandomState,
    /// Fingerprints of values that were seen once.
    seen: Box<[u32]>,
    bytes: usize,
    max_bytes: usize,
}

/// The texts of a dictionary at one time.
#[derive(Clone, Default)]
pub(crate) struct Texts {
    full: Vec<Arc<[Arc<str>]>>,
    last: Vec<Arc<str>>,
}

/// Texts in a chunk that snapshots share.
const CHUNK: usize = 1024;

/// Values that are longer are stored with the span.
const MAX_VALUE_BYTES: usize = 64;

const FINGERPRINTS: usize = 1 << 16;

/// What a text costs beside its bytes: the counts of its `Arc`, the pointer to it, its place in the index.
const OVERHEAD: usize = 16 + 16 + 10;

impl Dictionary {
    pub(super) fn new(max_bytes: usize) -> Self {
        Dictionary {
            index: HashTable::new(),
            texts: Texts::default(),
            hasher: RandomState::default(),
            seen: vec![0; FINGERPRINTS].into(),
            bytes: 0,
            max_bytes,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.seen.len() * size_of::<u32>()
    }

    pub(super) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The number of a text that is likely to come again: an operation name, a key.
    pub(super) fn intern(&mut self, text: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(text);
        self.index.find(hash, |&id| self.texts.get(id) == text).copied().or_else(|| self.add(text, hash))
    }

    /// The number of a value. A value gets one when it comes for the second time, so that ids of users and requests do not fill the
    /// dictionary.
    pub(super) fn intern_value(&mut self, text: &str) -> Option<u32> {
        if text.len() > MAX_VALUE_BYTES {
            return None;
        }
        let hash = self.hasher.hash_one(text);
        if let Some(&id) = self.index.find(hash, |&id| self.texts.get(id) == text) {
            return Some(id);
        }
        let fingerprint = (hash >> 32) as u32 | 1;
        let seen = &mut self.seen[hash as usize % FINGERPRINTS];
        if *seen == fingerprint {
            return self.add(text, hash);
        }
        *seen = fingerprint;
        None
    }

    fn add(&mut self, text: &str, hash: u64) -> Option<u32> {
        let cost = text.len() + OVERHEAD;
        if self.bytes + cost > self.max_bytes {
            return None;
        }
        self.bytes += cost;
        let id = self.texts.push(text.into());
        self.index.insert_unique(hash, id, |&id| self.hasher.hash_one(self.texts.get(id)));
        Some(id)
    }
}

impl Texts {
    /// The text of a number; empty for a number that is not from this dictionary.
    pub(super) fn get(&self, id: u32) -> &str {
        self.find(id).map_or("", |text| text)
    }

    pub(super) fn find(&self, id: u32) -> Option<&Arc<str>> {
        let (chunk, index) = (id as usize / CHUNK, id as usize % CHUNK);
        self.full.get(chunk).map_or(&self.last[..], |chunk| chunk).get(index)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.full.iter().flat_map(|chunk| chunk.iter()).chain(&self.last)
    }

    fn push(&mut self, text: Arc<str>) -> u32 {
        let id = self.full.len() * CHUNK + self.last.len();
        self.last.push(text);
        if self.last.len() == CHUNK {
            self.full.push(std::mem::take(&mut self.last).into());
        }
        id as u32
    }
}
