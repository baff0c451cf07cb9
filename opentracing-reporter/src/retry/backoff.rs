//! Exponential backoff with jitter.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Grows by half with each failure in a row, from 1 to 30 seconds. The actual wait is a random time between half of that and all of it, so
/// that the clients of a restarted collector do not all return at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    random: RandomState,
    draws: u64,
}

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// The wait during a flush, which has time for a few attempts only.
pub(crate) const FLUSH_BACKOFF: Duration = Duration::from_millis(250);

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

    /// Starts over: the server has answered.
    pub(crate) fn reset(&mut self) {
        self.next = FIRST;
    }
}
