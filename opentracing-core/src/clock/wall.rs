//! Wall time.

use std::fmt;
use std::time::SystemTime;

/// A clock for a tracer. Without one, the recorder uses the ticks of a [counter](crate::TickCounter).
///
/// Called on the threads that start and finish spans and write logs: it must be quick, and must not block, panic or trace.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// Returns the nanoseconds since the beginning of 1970, UTC. If the clock is set back during a span, the span has a duration of zero.
    fn unix_ns(&self) -> u64;
}

/// Nanoseconds since the beginning of 1970. Earlier times become zero.
pub(crate) fn unix_ns(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
