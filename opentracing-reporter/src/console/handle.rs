//! What several handles of one console know of each other.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Written by whichever thread draws the trace, read by the reporter that the spans came from.
#[derive(Debug, Default)]
pub(super) struct Counters {
    written: AtomicUsize,
    lost: AtomicUsize,
    /// How often the reporter has brought everything that its tracer's threads had finished.
    passes: AtomicUsize,
    is_gone: AtomicBool,
}

impl Counters {
    pub(super) fn settle(&self, is_written: bool) {
        let counter = if is_written { &self.written } else { &self.lost };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Spans written, and spans lost.
    pub(super) fn settled(&self) -> (usize, usize) {
        (self.written.load(Ordering::Relaxed), self.lost.load(Ordering::Relaxed))
    }

    pub(super) fn count_pass(&self) {
        self.passes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn passes(&self) -> usize {
        self.passes.load(Ordering::Relaxed)
    }

    pub(super) fn leave(&self) {
        self.is_gone.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }
}
