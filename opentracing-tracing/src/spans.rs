//! The spans of ours that belong to spans of `tracing`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard};

use opentracing_core::SpanRef;
use tracing::span::Id;

/// The open spans of one layer, by the ids of the registry. The registry uses an id again only after the span has closed.
///
/// A table of our own instead of the registry's extensions: those box each value, and need a look-up of the span before that of the value.
pub(crate) struct Spans {
    shards: [Shard; SHARDS],
}

#[repr(align(64))]
#[derive(Default)]
struct Shard(Mutex<Open>);

type Open = HashMap<u64, SpanRef, BuildHasherDefault<IdHasher>>;

const SHARDS: usize = 32;

impl Spans {
    pub(crate) fn new() -> Self {
        Spans { shards: std::array::from_fn(|_| Shard::default()) }
    }

    pub(crate) fn insert(&self, id: &Id, span: SpanRef) {
        self.shard(id).insert(id.into_u64(), span);
    }

    pub(crate) fn remove(&self, id: &Id) -> Option<SpanRef> {
        self.shard(id).remove(&id.into_u64())
    }

    pub(crate) fn get(&self, id: &Id) -> Option<SpanRef> {
        self.shard(id).get(&id.into_u64()).cloned()
    }

    /// Calls the closure under the lock of a part of the table. It must not use the table.
    #[inline]
    pub(crate) fn with(&self, id: &Id, f: impl FnOnce(&SpanRef)) {
        if let Some(span) = self.shard(id).get(&id.into_u64()) {
            f(span);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    #[inline]
    fn shard(&self, id: &Id) -> MutexGuard<'_, Open> {
        // The upper bits of the product, whose lower ones the map uses.
        lock(&self.shards[(spread(id.into_u64()) >> 59) as usize])
    }
}

#[inline]
fn lock(shard: &Shard) -> MutexGuard<'_, Open> {
    shard.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Multiplies by an odd number, the golden ratio of 64 bits, so that ids which differ in few bits differ in many.
#[inline]
fn spread(id: u64) -> u64 {
    id.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Hashes ids, which a process makes itself, so no protection against chosen keys is needed.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    #[inline]
    fn write_u64(&mut self, id: u64) {
        let id = spread(id);
        self.0 = id ^ id >> 32;
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = spread(self.0 ^ u64::from(byte));
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
