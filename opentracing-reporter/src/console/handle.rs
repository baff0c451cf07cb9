//! What became of the spans that one reporter gave to a console that several share.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Written by whichever thread draws the trace, read by the reporter that the spans came from.
#[derive(Debug, Default)]
pub(super) struct Counters {
    written: AtomicUsize,
    lost: AtomicUsize,
}

impl Counters {
    pub(super) fn settle(&self, written: bool) {
        let counter = if written { &self.written } else { &self.lost };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> (usize, usize) {
        (self.written.load(Ordering::Relaxed), self.lost.load(Ordering::Relaxed))
    }
}
