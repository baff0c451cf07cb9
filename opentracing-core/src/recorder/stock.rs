//! Free records between two spans, on their way from the draining thread back to those that trace.

#![expect(clippy::vec_box, reason = "records are handed on by pointer and keep their place in memory")]

use crate::record::record::Record;

/// Free records, the ones given back last at the end. Bounded, whoever gives them back.
#[derive(Default)]
pub(crate) struct Stock {
    records: Vec<Box<Record>>,
    limit: usize,
    /// The fewest that lay here since the last look: nobody needed those.
    idle: usize,
}

impl Stock {
    /// Takes records as far as there is room, and leaves the others to the caller, who drops them outside of the lock.
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

    /// Sets the bound, and returns what is beyond it.
    pub(crate) fn limit(&mut self, records: usize) -> Vec<Box<Record>> {
        self.limit = records;
        self.shed(self.records.len().saturating_sub(records))
    }

    /// Half of what lay here unused since the last call.
    pub(crate) fn shed_idle(&mut self) -> Vec<Box<Record>> {
        let idle = self.idle.min(self.records.len());
        self.idle = usize::MAX;
        self.shed(idle.div_ceil(2))
    }

    /// The ones that have waited longest.
    fn shed(&mut self, records: usize) -> Vec<Box<Record>> {
        let shed: Vec<_> = self.records.drain(..records).collect();
        if self.records.capacity() > 2 * self.records.len() + KEEP_PLACES {
            self.records.shrink_to(self.records.len() + KEEP_PLACES);
        }
        shed
    }
}

/// Places for records without a record, which cost a pointer each.
const KEEP_PLACES: usize = 512;
