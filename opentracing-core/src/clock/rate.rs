//! Measures the rate of a counter.

/// A reading of the counter with one of the clocks.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) ticks: u64,
    pub(crate) ns: u64,
}

/// The rate over the last 16 to 32 seconds, or since the first reading. A reading has an error of about 50 ns, which
/// over 16 seconds is 3 parts in a billion. A longer window would follow a slewed clock too slowly.
pub(crate) struct Rate {
    /// Where the measurement begins.
    base: Mark,
    /// The next start of the measurement, once it is a window old.
    next: Mark,
    last: Mark,
    /// When the rate was last updated.
    measured_ns: u64,
    ns_per_tick: f64,
    /// The maximum relative error of the rate. 1 before the first measurement.
    doubt: f64,
}

const WINDOW_NS: u64 = 16_000_000_000;
/// A counter or a clock has jumped if they differ by more than this and this part of the time between two readings. Clocks are rarely
/// slewed faster.
pub(crate) const JUMP_NS: f64 = 1_000_000.0;
pub(crate) const DRIFT: f64 = 100e-6;

impl Rate {
    pub(crate) fn new(mark: Mark) -> Self {
        Rate { base: mark, next: mark, last: mark, measured_ns: mark.ns, ns_per_tick: 1.0, doubt: 1.0 }
    }

    pub(crate) fn ns_per_tick(&self) -> f64 {
        self.ns_per_tick
    }

    /// Updates the rate from a later reading. After a jump, the rate stays unchanged until the next reading.
    pub(crate) fn follow(&mut self, mark: Mark, width: u64) {
        let (ticks, ns) = (mark.ticks.saturating_sub(self.last.ticks), mark.ns.saturating_sub(self.last.ns) as f64);
        let apart = (ns - ticks as f64 * self.ns_per_tick).abs();
        self.last = mark;
        if self.doubt < 1.0 && apart > JUMP_NS + ns * (self.doubt + DRIFT) {
            return self.restart(mark);
        }
        let (ticks, ns) = (mark.ticks.saturating_sub(self.base.ticks), mark.ns.saturating_sub(self.base.ns));
        if ticks == 0 || ns == 0 {
            return;
        }
        let doubt = (2.0 * width.max(1) as f64 / ticks as f64).min(0.5);
        // An interrupted reading is too inaccurate, so it is ignored. If all readings are interrupted, one per window is used.
        if doubt > 4.0 * self.doubt && mark.ns.saturating_sub(self.measured_ns) < WINDOW_NS {
            return;
        }
        (self.ns_per_tick, self.doubt, self.measured_ns) = (ns as f64 / ticks as f64, doubt, mark.ns);
        if mark.ns.saturating_sub(self.next.ns) >= WINDOW_NS {
            (self.base, self.next) = (self.next, mark);
        }
    }

    /// Starts a new measurement. The rate stays unchanged until then.
    pub(crate) fn restart(&mut self, mark: Mark) {
        (self.base, self.next, self.last, self.doubt) = (mark, mark, mark, 1.0);
    }
}
