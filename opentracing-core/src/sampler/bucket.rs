//! The leaky bucket of rate limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use crate::clock::Clock;

/// The time source of a bucket, in nanoseconds since an arbitrary start.
#[derive(Clone, Debug)]
pub(super) enum Ticker {
    /// The default, since the time of day can go backwards.
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

/// A leaky bucket. It holds the traces of one second, or one trace if that is more.
///
/// It needs no lock: its state is one number, the time up to which its capacity has been spent, as in Jaeger's client for Java.
#[derive(Debug)]
pub(super) struct Bucket {
    spent_until_ns: AtomicI64,
    cost_ns: i64,
    burst_ns: i64,
}

/// A maximum with which sums of two durations cannot overflow.
const LONGEST_NS: i64 = i64::MAX / 4;

impl Bucket {
    /// Creates a full bucket. Admits nothing if the rate is zero, negative or NaN.
    pub(super) fn new(per_second: f64, now_ns: i64) -> Self {
        let (cost_ns, burst_ns) = if per_second > 0.0 {
            let cost = (1e9 / per_second).clamp(1.0, LONGEST_NS as f64) as i64;
            (cost, cost.max(1_000_000_000))
        } else {
            (1, 0)
        };
        Bucket { spent_until_ns: AtomicI64::new(now_ns.saturating_sub(burst_ns)), cost_ns, burst_ns }
    }

    /// Creates a bucket with another rate, filled in proportion to this one.
    pub(super) fn at_rate(&self, per_second: f64, now_ns: i64) -> Self {
        let mut bucket = Bucket::new(per_second, now_ns);
        // A bucket that admits nothing has no level, so its successor starts full.
        if self.burst_ns > 0 {
            let balance = now_ns.saturating_sub(self.spent_until_ns.load(Ordering::Relaxed)).clamp(0, self.burst_ns);
            let fill = balance as f64 / self.burst_ns as f64;
            let balance = ((fill * bucket.burst_ns as f64) as i64).min(bucket.burst_ns);
            bucket.spent_until_ns = AtomicI64::new(now_ns.saturating_sub(balance));
        }
        bucket
    }

    /// Takes one trace from the bucket. Returns `false` if there is not enough in it.
    pub(super) fn take(&self, now_ns: i64) -> bool {
        let spend = |spent_until_ns: i64| {
            let balance = now_ns.saturating_sub(spent_until_ns).min(self.burst_ns) - self.cost_ns;
            (balance >= 0).then(|| now_ns - balance)
        };
        self.spent_until_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok()
    }
}
