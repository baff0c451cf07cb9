//! What a propagator counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// What became of the fields and baggage that a [`Propagator`](crate::propagation::Propagator) met.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PropagatorStats {
    /// Fields that could not be read and counted as absent, whether or not others made up for them.
    pub malformed: u64,
    /// Baggage items that were not read or written: they were beyond a limit, or their name cannot be written.
    pub baggage_left_out: u64,
}

/// Written seldom, by any thread. A clone begins at zero.
#[derive(Default, Debug)]
pub(crate) struct Counters {
    malformed: AtomicU64,
    baggage_left_out: AtomicU64,
}

impl Counters {
    pub(crate) const fn new() -> Self {
        Counters { malformed: AtomicU64::new(0), baggage_left_out: AtomicU64::new(0) }
    }

    pub(crate) fn add(&self, malformed: u32, baggage_left_out: u32) {
        if malformed > 0 {
            self.malformed.fetch_add(malformed.into(), Ordering::Relaxed);
        }
        if baggage_left_out > 0 {
            self.baggage_left_out.fetch_add(baggage_left_out.into(), Ordering::Relaxed);
        }
    }

    pub(crate) fn stats(&self) -> PropagatorStats {
        PropagatorStats {
            malformed: self.malformed.load(Ordering::Relaxed),
            baggage_left_out: self.baggage_left_out.load(Ordering::Relaxed),
        }
    }
}

impl Clone for Counters {
    fn clone(&self) -> Self {
        Counters::new()
    }
}
