//! The time that retries, time-outs and server delays go by.

use std::fmt;
use std::time::{Instant, SystemTime};

/// Tells a transport the time: how long it has waited for an answer, when it may try again. For tests, which need not wait then.
///
/// Called on the reporter's thread; must not block.
pub trait Timer: Send + Sync + fmt::Debug + 'static {
    /// Time that never goes backwards.
    fn now(&self) -> Instant;

    /// The time of day, for a `Retry-After` that gives a date.
    fn system_time(&self) -> SystemTime;
}

/// The operating system's time.
#[derive(Debug)]
pub(crate) struct SystemTimer;

impl Timer for SystemTimer {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn system_time(&self) -> SystemTime {
        SystemTime::now()
    }
}
