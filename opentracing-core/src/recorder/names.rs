//! Limits the number of distinct operation names.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use crate::model::limits::{ExcessNames, Limits};
use crate::record::record::Record;
use crate::record::tag_store::Piece;

/// Remembers the first distinct operation names of a tracer's spans, up to the limit. Names that are string literals do not count, since
/// they cannot contain data. Runs on the draining thread.
pub(crate) struct NameGuard {
    hashes: HashSet<u64, BuildHasherDefault<Hashed>>,
    seed: u64,
    max: usize,
    excess: ExcessNames,
    warned: bool,
}

impl NameGuard {
    pub(crate) fn new(limits: &Limits) -> Self {
        NameGuard {
            hashes: HashSet::default(),
            seed: RandomState::new().hash_one(()),
            max: limits.operation_names as usize,
            excess: limits.excess_names,
            warned: false,
        }
    }

    /// The number of names seen so far.
    pub(crate) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether the span's name is beyond the limit. If so configured, replaces the name with `_OTHER`.
    #[inline]
    pub(crate) fn exceeds(&mut self, record: &mut Record) -> bool {
        match record.name {
            Piece::Static(_) => false,
            name => self.look_up(name, record),
        }
    }

    fn look_up(&mut self, name: Piece, record: &mut Record) -> bool {
        let hash = hash(self.seed, name.resolve(&record.text).as_bytes());
        if self.hashes.contains(&hash) {
            return false;
        }
        if self.hashes.len() < self.max {
            self.hashes.insert(hash);
            return false;
        }
        if !self.warned {
            self.warned = true;
            log::warn!("more than {} distinct operation names; do they contain ids or paths?", self.max);
        }
        if self.excess == ExcessNames::Replace {
            record.name = Piece::Static("_OTHER");
        }
        true
    }
}

/// Spreads a name over all bits, eight bytes at a time. Somebody who found two names with the same hash, without knowing the seed, would only
/// make them count as one.
fn hash(seed: u64, name: &[u8]) -> u64 {
    let (words, rest) = name.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let words = words.iter().chain([&last]).map(|word| u64::from_le_bytes(*word));
    words.fold(seed ^ name.len() as u64, |hash, word| {
        let product = u128::from(hash ^ word) * u128::from(SPREAD);
        (product >> 64) as u64 ^ product as u64
    })
}

/// An odd number without a pattern: the fractional part of the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The hasher of numbers that are hashes.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(self.0, bytes);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
