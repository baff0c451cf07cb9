//! Converts ticks to time.

use crate::clock::counter::TickReading;
use crate::clock::line::Line;
use crate::clock::rate::{Mark, Rate};
use crate::clock::ticks::Ticks;

/// Converts the ticks of one counter. Durations follow the monotonic clock, start times the wall clock.
///
/// A pass of the drain begins with [`follow`](Timeline::follow) and ends with [`settle`](Timeline::settle).
pub(crate) struct Timeline {
    rate: Rate,
    elapsed: Line,
    wall: Line,
    /// The last tick that may have been converted.
    converted: u64,
    /// Where the lines began.
    begun: Ticks,
}

/// A counter that is behind by less has not been reset, since the counters of two processors may differ.
const SKEW_TICKS: u64 = 1_000_000;

/// More than a pass of the drain takes. About 20 seconds of the fastest counters.
const FUTURE_TICKS: u64 = 1 << 36;

impl Timeline {
    pub(crate) fn new(reading: TickReading) -> Self {
        let (monotonic, wall) = marks(reading);
        Timeline {
            rate: Rate::new(monotonic),
            elapsed: Line::new(monotonic),
            wall: Line::new(wall),
            converted: reading.ticks,
            begun: Ticks(reading.ticks),
        }
    }

    /// Updates the conversion from a reading. Ticks before the last [`settle`](Timeline::settle) convert to the same time as before.
    pub(crate) fn follow(&mut self, reading: TickReading) {
        if reading.ticks.saturating_add(SKEW_TICKS) < self.converted {
            return self.reset(reading);
        }
        if reading.ticks <= self.converted {
            return;
        }
        let (monotonic, wall) = marks(reading);
        self.rate.follow(monotonic, reading.width);
        let ns_per_tick = self.rate.ns_per_tick();
        let width_ns = reading.width as f64 * ns_per_tick;
        self.elapsed.follow(monotonic, ns_per_tick, width_ns, self.converted);
        self.wall.follow(wall, ns_per_tick, width_ns, self.converted);
    }

    /// Notes that ticks up to this one may have been converted.
    pub(crate) fn settle(&mut self, ticks: u64) {
        self.converted = self.converted.max(ticks);
    }

    pub(crate) fn ns_per_tick(&self) -> f64 {
        self.rate.ns_per_tick()
    }

    #[inline]
    pub(crate) fn unix_ns(&self, at: Ticks) -> u64 {
        self.wall.at(at.0)
    }

    #[inline]
    pub(crate) fn between_ns(&self, start: Ticks, end: Ticks) -> u64 {
        self.elapsed.between(start.0, end.0)
    }

    /// Whether a tick is from before the counter was reset: it lies in the future, by more than a pass takes.
    #[inline]
    pub(crate) fn is_lost(&self, at: Ticks) -> bool {
        at.0 > self.converted.saturating_add(FUTURE_TICKS)
    }

    /// The time of the last reset, or else that of the first reading.
    pub(crate) fn begun_unix_ns(&self) -> u64 {
        self.wall.at(self.begun.0)
    }

    /// The counter was reset, as some are when the machine is suspended. Only the rate is kept.
    #[cold]
    fn reset(&mut self, reading: TickReading) {
        let (monotonic, wall) = marks(reading);
        self.rate.restart(monotonic);
        (self.elapsed, self.wall, self.converted) = (Line::new(monotonic), Line::new(wall), reading.ticks);
        self.begun = Ticks(reading.ticks);
        for (line, mark) in [(&mut self.elapsed, monotonic), (&mut self.wall, wall)] {
            line.follow(mark, self.rate.ns_per_tick(), 0.0, reading.ticks);
        }
    }
}

fn marks(TickReading { ticks, monotonic_ns, unix_ns, .. }: TickReading) -> (Mark, Mark) {
    (Mark { ticks, ns: monotonic_ns }, Mark { ticks, ns: unix_ns })
}
