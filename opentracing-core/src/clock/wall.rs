//! Wall time.

use std::fmt;
use std::time::SystemTime;

/// Tells a tracer the time. Without one, the recorder stamps spans with ticks of a [counter](crate::TickCounter).
///
/// Called on the threads that start and finish spans and write logs: it must be quick, and must not block, panic or trace.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// Nanoseconds since the beginning of 1970, UTC. A step backwards is taken as no time at all.
    fn unix_ns(&self) -> u64;
}

/// Nanoseconds since the beginning of 1970; times before count as that moment.
pub(crate) fn unix_ns(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
