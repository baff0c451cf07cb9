//! The counters that the handles of a console share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Updated by the thread that draws a trace, and read by the reporter that added the spans.
#[derive(Debug, Default)]
pub(super) struct Counters {
    written: AtomicUsize,
    dropped: AtomicUsize,
    /// The number of passes in which the reporter has delivered all finished spans of its tracer.
    passes: AtomicUsize,
    is_gone: AtomicBool,
}

impl Counters {
    pub(super) fn settle(&self, is_written: bool) {
        let counter = if is_written { &self.written } else { &self.dropped };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// The numbers of spans written and dropped.
    pub(super) fn settled(&self) -> (usize, usize) {
        (self.written.load(Ordering::Relaxed), self.dropped.load(Ordering::Relaxed))
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
