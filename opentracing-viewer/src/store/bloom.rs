//! Which tags a segment has.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

/// Says for a key, or a key with its value, that no span of a segment has it, or that one may have it.
#[derive(Clone)]
pub(super) struct Bloom(Box<[u64]>);

const BITS: u64 = 1 << 16;

impl Bloom {
    pub(super) fn new() -> Self {
        Bloom(vec![0; BITS as usize / 64].into())
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }

    pub(super) fn insert(&mut self, hash: u64) {
        for bit in bits(hash) {
            self.0[(bit / 64) as usize] |= 1 << (bit % 64);
        }
    }

    pub(super) fn may_contain(&self, hash: u64) -> bool {
        bits(hash).iter().all(|bit| self.0[(bit / 64) as usize] & 1 << (bit % 64) != 0)
    }
}

fn bits(hash: u64) -> [u64; 2] {
    [hash % BITS, (hash >> 32) % BITS]
}

/// The hash of a key. `id` is its number in the dictionary.
pub(super) fn key_hash(id: Option<u32>, name: &str) -> u64 {
    match id {
        Some(id) => HASHER.hash_one(id),
        None => HASHER.hash_one(name),
    }
}

/// The hash of a key with a value in the form that filters compare with.
pub(super) fn pair_hash(key: u64, value: &str) -> u64 {
    HASHER.hash_one((key, value))
}

/// A fixed hash function: who makes values that collide only slows down filters.
const HASHER: FixedState = FixedState::with_seed(0x7472_6163_6573);
