//! The free records of a tracer. The draining thread puts them back, and threads that start spans take them.

#![expect(clippy::vec_box, reason = "records are handed on by pointer and keep their place in memory")]

use crate::record::record::Record;

/// A bounded list of free records, the most recently returned last.
#[derive(Default)]
pub(crate) struct Stock {
    records: Vec<Box<Record>>,
    limit: usize,
    /// The smallest number of records since the last call of `shed_idle`: so many were not needed.
    idle: usize,
}

impl Stock {
    /// Takes as many records as there is room for. The caller drops the others outside of the lock.
    pub(crate) fn put(&mut self, from: &mut Vec<Box<Record>>) {
        let room = self.limit.saturating_sub(self.records.len());
        let rest = from.len().saturating_sub(room);
        self.records.extend(from.drain(rest..));
    }

    /// Appends at most that many records.
    pub(crate) fn take(&mut self, most: usize, into: &mut Vec<Box<Record>>) {
        let rest = self.records.len().saturating_sub(most);
        into.extend(self.records.drain(rest..));
        self.idle = self.idle.min(rest);
    }

    /// Sets the bound, and returns the records beyond it.
    pub(crate) fn limit(&mut self, records: usize) -> Vec<Box<Record>> {
        self.limit = records;
        self.shed(self.records.len().saturating_sub(records))
    }

    /// Removes half of the records that were unused since the last call.
    pub(crate) fn shed_idle(&mut self) -> Vec<Box<Record>> {
        let idle = self.idle.min(self.records.len());
        self.idle = usize::MAX;
        let shed = self.shed(idle.div_ceil(2));
        // Not where the bound is set: the list may be empty there because all its records are in use, and would grow again at once.
        if self.records.capacity() > 2 * self.records.len() + KEEP_PLACES {
            self.records.shrink_to(self.records.len() + KEEP_PLACES);
        }
        shed
    }

    /// Removes the records that have waited longest.
    fn shed(&mut self, records: usize) -> Vec<Box<Record>> {
        self.records.drain(..records).collect()
    }
}

/// Spare capacity of the list, which costs a pointer for each record.
const KEEP_PLACES: usize = 512;
