//! An operation in two versions, or in two ranges of time.

use crate::analysis::figures::Calls;

/// Two sides of a comparison.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Comparison {
    /// The side that the other is compared with.
    pub before: Calls,
    /// The other side.
    pub after: Calls,
}

/// With fewer calls on a side, a comparison says nothing.
pub const MIN_CALLS: u64 = 30;

/// A 99th percentile of fewer calls is the duration of a few single ones.
const MIN_CALLS_P99: u64 = 1_000;

impl Comparison {
    /// Whether both sides have at least [`MIN_CALLS`] calls.
    pub fn is_meaningful(&self) -> bool {
        self.calls() >= MIN_CALLS
    }

    /// Whether both sides have enough calls for a 99th percentile, 1,000.
    pub fn has_p99(&self) -> bool {
        self.calls() >= MIN_CALLS_P99
    }

    /// A quantile of the durations after by that before; `None` if one is 0.
    pub fn ratio(&self, share: f64) -> Option<f64> {
        let (before, after) = (self.before.quantile(share), self.after.quantile(share));
        (before > 0 && after > 0).then(|| after as f64 / before as f64)
    }

    /// By how much the share of failed calls has grown, from -1 to 1.
    pub fn failed_growth(&self) -> f64 {
        self.after.failed_share() - self.before.failed_share()
    }

    fn calls(&self) -> u64 {
        self.before.count().min(self.after.count())
    }
}
