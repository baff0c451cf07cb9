//! Number, failures and durations of calls.

use crate::store::Histogram;

/// Calls of an operation, of a service, or from one service to another.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Calls {
    /// How many of them failed.
    pub failed: u64,
    /// Their durations.
    pub durations: Histogram,
}

impl Calls {
    /// Adds a call.
    pub fn add(&mut self, duration_ns: u64, is_failed: bool) {
        self.durations.record(duration_ns);
        self.failed += u64::from(is_failed);
    }

    /// Adds other calls.
    pub fn merge(&mut self, other: &Calls) {
        self.durations.merge(&other.durations);
        self.failed += other.failed;
    }

    /// The number of calls.
    pub fn count(&self) -> u64 {
        self.durations.count()
    }

    /// The share of failed calls, from 0 to 1; 0 without calls.
    pub fn failed_share(&self) -> f64 {
        self.failed as f64 / self.count().max(1) as f64
    }

    /// A quantile of the durations in nanoseconds, such as 0.95; 0 without calls. At most 1.6 % off.
    pub fn quantile(&self, share: f64) -> u64 {
        self.durations.quantile(share).unwrap_or(0)
    }
}
