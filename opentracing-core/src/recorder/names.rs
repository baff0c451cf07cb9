//! Limits the number of distinct operation names.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::model::limits::{ExcessNames, Limits};
use crate::record::record::Record;
use crate::record::tag_store::Piece;

/// Remembers the first distinct operation names of a tracer's spans, up to the limit. Names that are string literals do not count, since
/// they cannot contain data. Runs on the draining thread.
pub(crate) struct NameGuard {
    hashes: HashSet<u64>,
    hasher: RandomState,
    max: usize,
    excess: ExcessNames,
    warned: bool,
}

impl NameGuard {
    pub(crate) fn new(limits: &Limits) -> Self {
        NameGuard {
            hashes: HashSet::new(),
            hasher: RandomState::new(),
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
        let hash = self.hasher.hash_one(name.resolve(&record.text));
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
