//! The leaky bucket of the rate limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use crate::clock::Clock;

/// What tells a bucket the time, in nanoseconds since any moment.
#[derive(Clone, Debug)]
pub(super) enum Ticker {
    /// Never goes backwards, which the time of day does.
    Monotonic(Instant),
    Clock(Arc<dyn Clock>),
}

impl Ticker {
    pub(super) fn new() -> Self {
        Ticker::Monotonic(Instant::now())
    }

    pub(super) fn now_ns(&self) -> i64 {
        match self {
            Ticker::Monotonic(begun) => i64::try_from(begun.elapsed().as_nanos()).unwrap_or(i64::MAX),
            Ticker::Clock(clock) => i64::try_from(clock.unix_ns()).unwrap_or(i64::MAX),
        }
    }
}

/// So many traces a second, with a burst of one second's worth, or of one trace if that is more. Without a lock: all that changes is
/// one number, the time up to which everything is spent, as in Jaeger's client for Java.
#[derive(Debug)]
pub(super) struct Bucket {
    spent_until_ns: AtomicI64,
    cost_ns: i64,
    burst_ns: i64,
}

/// Also keeps sums of two of them within bounds.
const LONGEST_NS: i64 = i64::MAX / 4;

impl Bucket {
    /// A full one. No trace at all for a rate of 0, below it, or that is not a number.
    pub(super) fn new(per_second: f64, now_ns: i64) -> Self {
        let (cost_ns, burst_ns) = if per_second > 0.0 {
            let cost = (1e9 / per_second).clamp(1.0, LONGEST_NS as f64) as i64;
            (cost, cost.max(1_000_000_000))
        } else {
            (1, 0)
        };
        Bucket { spent_until_ns: AtomicI64::new(now_ns.saturating_sub(burst_ns)), cost_ns, burst_ns }
    }

    /// One of another rate that is as full as this one, in proportion.
    pub(super) fn at_rate(&self, per_second: f64, now_ns: i64) -> Self {
        let mut bucket = Bucket::new(per_second, now_ns);
        // One that admits nothing is not empty either.
        if self.burst_ns > 0 {
            let balance = now_ns.saturating_sub(self.spent_until_ns.load(Ordering::Relaxed)).clamp(0, self.burst_ns);
            let fill = balance as f64 / self.burst_ns as f64;
            let balance = ((fill * bucket.burst_ns as f64) as i64).min(bucket.burst_ns);
            bucket.spent_until_ns = AtomicI64::new(now_ns.saturating_sub(balance));
        }
        bucket
    }

    /// Takes one trace's worth, if it is there.
    pub(super) fn take(&self, now_ns: i64) -> bool {
        let spend = |spent_until_ns: i64| {
            let balance = now_ns.saturating_sub(spent_until_ns).min(self.burst_ns) - self.cost_ns;
            (balance >= 0).then(|| now_ns - balance)
        };
        self.spent_until_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok()
    }
}
