//! Counters for the time stamps of spans.

use std::fmt;

/// A counter that is cheaper to read than the system's clock. Give one to [`TracerBuilder::counter`](crate::TracerBuilder::counter) for a
/// processor whose counter the recorder does not know, or for a test that simulates time.
///
/// Spans are stamped with ticks. The draining thread converts them to time: it [reads](TickCounter::read) the counter together with the
/// system's clocks before each batch, and measures the counter's rate for as long as the tracer lives.
///
/// - Start times follow the wall clock, durations the monotonic clock. Setting the wall clock changes no duration.
/// - After the wall clock is set, or the counter has stopped for a while or changed its rate, times are correct again after two readings.
///   With a draining thread, this takes 100 ms.
/// - Setting the wall clock back can place a child before its parent. Otherwise a child is at most a microsecond too early.
///
/// Both methods must be quick, and must not block, panic or trace.
pub trait TickCounter: Send + Sync + fmt::Debug + 'static {
    /// The counter's value, the same on all threads. Called on the threads that start and finish spans and write logs.
    fn ticks(&self) -> u64;

    /// Reads the counter and both clocks together. Called when the tracer is built, and on the draining thread before each batch.
    fn read(&self) -> TickReading;
}

/// A counter and the clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TickReading {
    /// The counter's value.
    pub ticks: u64,
    /// The monotonic clock, in nanoseconds since an arbitrary moment.
    pub monotonic_ns: u64,
    /// The wall clock, in nanoseconds since the beginning of 1970, UTC.
    pub unix_ns: u64,
    /// How many ticks the reading took. Smaller differences count as measurement errors.
    pub width: u64,
}

impl TickReading {
    /// A reading that took no time.
    #[must_use]
    pub fn new(ticks: u64, monotonic_ns: u64, unix_ns: u64) -> Self {
        TickReading { ticks, monotonic_ns, unix_ns, width: 0 }
    }
}
