//! Which row of the file a row of the store is.

use std::collections::VecDeque;

/// Rows of the store and of the file run in parallel, but for jumps: the store counts from zero after each start, and spans that could not be
/// written have no row in the file.
#[derive(Debug, Default)]
pub(super) struct Rows {
    jumps: VecDeque<Jump>,
}

#[derive(Debug)]
struct Jump {
    store: u64,
    file: i64,
    /// Zero if the rows after it do not run in parallel.
    step: i64,
}

impl Rows {
    /// Notes that `spans` rows begin here. `is_exact` says that they run in parallel.
    pub(super) fn add(&mut self, store: u64, file: i64, is_exact: bool) {
        let step = i64::from(is_exact);
        let is_known =
            self.jumps.back().is_some_and(|jump| step == 1 && jump.step == 1 && jump.file_row(store) == file);
        if !is_known {
            self.jumps.push_back(Jump { store, file, step });
        }
    }

    /// The row of the file before which everything can go if the store begins with `store`. Forgets what is before it.
    pub(super) fn forget(&mut self, store: u64) -> Option<i64> {
        while self.jumps.get(1).is_some_and(|next| next.store <= store) {
            self.jumps.pop_front();
        }
        self.jumps.front().filter(|jump| jump.store <= store).map(|jump| jump.file_row(store))
    }
}

impl Jump {
    fn file_row(&self, store: u64) -> i64 {
        self.file + (store - self.store) as i64 * self.step
    }
}
