//! How long to wait before a request is tried again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Grows by half with each failure in a row, from 1 to 30 seconds. Of that a random part between the half and the whole is waited, so
/// that the processes that a collector lost do not all come back at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    random: RandomState,
    draws: u64,
}

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// While the tracer is flushed there is no time to wait, nor more than a few attempts to come.
pub(crate) const FLUSH: Duration = Duration::from_millis(250);

impl Backoff {
    pub(crate) fn new() -> Self {
        Backoff { next: FIRST, random: RandomState::new(), draws: 0 }
    }

    /// How long to wait after one more failure.
    pub(crate) fn after_failure(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 3 / 2).min(LONGEST);
        self.draws = self.draws.wrapping_add(1);
        let share = (self.random.hash_one(self.draws) >> 32) as u32;
        let half = whole / 2;
        half + Duration::from_secs_f64(half.as_secs_f64() * f64::from(share) / f64::from(u32::MAX))
    }

    /// The other side has answered.
    pub(crate) fn reset(&mut self) {
        self.next = FIRST;
    }
}
