//! Whether finished spans may enter the rings, and whether the draining thread rests.

use std::sync::atomic::{AtomicU8, Ordering};

/// Every finishing span reads it once, so all cases that are not the ordinary one share one byte.
#[derive(Default)]
pub(crate) struct Intake(AtomicU8);

/// The tracer is closed.
const CLOSED: u8 = 1;
/// The draining thread sleeps until a span finishes.
const RESTING: u8 = 2;

impl Intake {
    /// Neither closed nor resting.
    #[inline(always)]
    pub(crate) fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.load(Ordering::Relaxed) & CLOSED != 0
    }

    pub(crate) fn close(&self) {
        self.0.fetch_or(CLOSED, Ordering::SeqCst);
    }

    pub(crate) fn is_resting(&self) -> bool {
        self.0.load(Ordering::Relaxed) & RESTING != 0
    }

    pub(crate) fn begin_rest(&self) {
        self.0.fetch_or(RESTING, Ordering::SeqCst);
    }

    /// Returns whether this call ended the rest.
    pub(crate) fn end_rest(&self) -> bool {
        self.0.fetch_and(!RESTING, Ordering::SeqCst) & RESTING != 0
    }
}
