//! Guards against operation names that are made of data.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::model::limits::{ExcessNames, Limits};
use crate::record::record::Record;
use crate::record::tag_store::Piece;

/// Knows the first so many distinct operation names that a tracer's spans were given as text. Names that stand in the program are
/// not made of data, and are not counted. Runs where spans are drained.
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

    /// How many are known.
    pub(crate) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether the span's name came after the limit was reached.
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
            log::warn!("more than {} distinct operation names: are they made of data?", self.max);
        }
        if self.excess == ExcessNames::Replace {
            record.name = Piece::Static("_OTHER");
        }
        true
    }
}
