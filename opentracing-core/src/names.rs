//! Guards against operation names that are made of data.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::limits::{ExcessNames, Limits};
use crate::record::Record;
use crate::tag_store::Piece;

const RECENT: usize = 64;

/// Knows the first so many distinct operation names of a tracer. Runs where spans are drained.
pub(crate) struct NameGuard {
    hashes: HashSet<u64>,
    hasher: RandomState,
    max: usize,
    excess: ExcessNames,
    warned: bool,
    /// Static names found within the limit, by address: a service has few, and they come again and again.
    recent: [Option<&'static str>; RECENT],
}

impl NameGuard {
    pub(crate) fn new(limits: &Limits) -> Self {
        let max = limits.operation_names as usize;
        NameGuard {
            hashes: HashSet::new(),
            hasher: RandomState::new(),
            max,
            excess: limits.excess_names,
            warned: false,
            recent: [None; RECENT],
        }
    }

    /// Whether the span's name came after the limit was reached.
    #[inline]
    pub(crate) fn exceeds(&mut self, record: &mut Record) -> bool {
        match record.name {
            Piece::Static(name) if self.recent[place(name)].is_some_and(|known| std::ptr::eq(known, name)) => false,
            _ => self.look_up(record),
        }
    }

    fn look_up(&mut self, record: &mut Record) -> bool {
        let name = record.name.resolve(&record.text);
        let hash = self.hasher.hash_one(name);
        if self.hashes.contains(&hash) || self.hashes.len() < self.max {
            self.hashes.insert(hash);
            if let Piece::Static(name) = record.name {
                self.recent[place(name)] = Some(name);
            }
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

#[inline]
fn place(name: &'static str) -> usize {
    name.as_ptr().addr() / 8 % RECENT
}
