//! A number of traces per second, shared fairly between the operations.

use std::time::Duration;

use opentracing_core::SamplingThreshold;

use super::operations::Operations;

/// The traces per second that are kept beyond those with a reason of their own.
#[derive(Debug)]
pub(super) struct Rate {
    per_second: f64,
    /// The start of the present window.
    since: Option<Duration>,
    /// The traces that may still be kept, as a bucket that holds those of one second.
    tokens: f64,
    filled: Duration,
}

/// The part of one operation.
#[derive(Debug)]
pub(super) struct Allotment {
    /// Traces in the present window.
    seen: u32,
    /// The share that is kept, by the number of traces in the last window.
    threshold: SamplingThreshold,
}

impl Default for Allotment {
    /// A new operation is rare until its traces have been counted.
    fn default() -> Self {
        Allotment { seen: 0, threshold: SamplingThreshold::KEEP_ALL }
    }
}

const WINDOW: Duration = Duration::from_secs(1);

impl Rate {
    pub(super) fn new(per_second: f64) -> Self {
        Rate { per_second, since: None, tokens: per_second.max(1.0), filled: Duration::ZERO }
    }

    /// Counts a trace of an operation, and returns the share of its traces that is kept.
    pub(super) fn share_of(
        &mut self,
        operation: usize,
        operations: &mut Operations,
        now: Duration,
    ) -> SamplingThreshold {
        let since = *self.since.get_or_insert(now);
        let elapsed = now.saturating_sub(since);
        if elapsed >= WINDOW {
            self.divide(operations, elapsed);
            self.since = Some(now);
        }
        let Some(operation) = operations.all.get_mut(operation) else { return SamplingThreshold::new(0.0) };
        operation.allotment.seen = operation.allotment.seen.saturating_add(1);
        operation.allotment.threshold
    }

    /// Takes one trace of an operation with that share, if the rate allows that. An operation whose traces are all kept is rare, and may take
    /// one ahead of the time, so that frequent ones leave it its part.
    pub(super) fn take(&mut self, share: SamplingThreshold, now: Duration) -> bool {
        let elapsed = now.saturating_sub(self.filled).as_secs_f64();
        self.filled = now.max(self.filled);
        self.tokens = (self.tokens + elapsed * self.per_second).min(self.per_second.max(1.0));
        let least = if share == SamplingThreshold::KEEP_ALL { 1.0 - self.per_second } else { 1.0 };
        let has_one = self.tokens >= least;
        if has_one {
            self.tokens -= 1.0;
        }
        has_one
    }

    /// Divides the rate by the traces of the last window. Each operation gets the same number of traces at most; what rare ones do not
    /// need is left to the frequent ones.
    #[cold]
    fn divide(&self, operations: &mut Operations, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        let mut active: Vec<&mut Allotment> =
            operations.all.iter_mut().map(|operation| &mut operation.allotment).collect();
        active.sort_unstable_by_key(|allotment| allotment.seen);
        let mut operations_left = active.iter().filter(|allotment| allotment.seen > 0).count();
        let mut left = self.per_second;
        for allotment in active {
            let expected = f64::from(std::mem::take(&mut allotment.seen)) / seconds;
            if expected == 0.0 {
                allotment.threshold = SamplingThreshold::KEEP_ALL;
                continue;
            }
            let quota = (left / operations_left as f64).min(expected);
            allotment.threshold = SamplingThreshold::new(quota / expected);
            left -= quota;
            operations_left -= 1;
        }
    }
}
