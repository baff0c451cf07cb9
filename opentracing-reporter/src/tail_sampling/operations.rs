//! What is known of each operation: how long it usually takes, and how often it occurs.

use std::collections::HashMap;
use std::time::Duration;

use foldhash::fast::RandomState;
use opentracing_core::SpanKind;

use super::rate::Allotment;
use super::sketch::Sketch;

/// The operations by kind and name.
#[derive(Debug)]
pub(super) struct Operations {
    ids: [HashMap<Box<str>, usize, RandomState>; KINDS],
    pub(super) all: Vec<Operation>,
    limit: usize,
    quantile: Option<f64>,
    min_count: u64,
    /// The number of the present period.
    period: u64,
    pub(super) excess: u64,
}

#[derive(Debug, Default)]
pub(super) struct Operation {
    /// The durations of this period and of the one before.
    recent: Sketch,
    before: Sketch,
    period: u64,
    /// Longer durations are unusual.
    usual_ns: Option<u64>,
    /// The number of durations at which `usual_ns` is computed anew.
    due: u64,
    pub(super) allotment: Allotment,
}

/// A power of two that is no less than the number of kinds.
const KINDS: usize = 8;
/// Durations count for one to two of these periods.
const PERIOD: Duration = Duration::from_secs(300);

impl Operations {
    pub(super) fn new(limit: usize, quantile: Option<f64>, min_count: u64) -> Self {
        let ids = std::array::from_fn(|_| HashMap::default());
        Operations { ids, all: Vec::new(), limit, quantile, min_count: min_count.max(1), period: 0, excess: 0 }
    }

    pub(super) fn set_time(&mut self, now: Duration) {
        self.period = now.as_secs() / PERIOD.as_secs();
    }

    /// The index of an operation, which is added unless there are too many.
    #[inline]
    pub(super) fn find(&mut self, kind: SpanKind, name: &str) -> Option<usize> {
        match self.ids[kind as usize % KINDS].get(name) {
            Some(found) => Some(*found),
            None => self.add(kind, name),
        }
    }

    #[cold]
    fn add(&mut self, kind: SpanKind, name: &str) -> Option<usize> {
        if self.all.len() >= self.limit {
            self.excess += 1;
            return None;
        }
        let index = self.all.len();
        self.ids[kind as usize % KINDS].insert(name.into(), index);
        self.all.push(Operation::default());
        Some(index)
    }

    /// Whether the duration is longer than usual for the operation. Adds it afterwards, so that it is not compared with itself.
    pub(super) fn is_unusual(&mut self, operation: usize, duration_ns: u64) -> bool {
        let (Some(quantile), Some(operation)) = (self.quantile, self.all.get_mut(operation)) else { return false };
        if operation.period != self.period {
            operation.turn(self.period);
        }
        let is_unusual = operation.usual_ns.is_some_and(|usual_ns| duration_ns > usual_ns);
        operation.recent.record(duration_ns);
        let total = operation.recent.total() + operation.before.total();
        if total >= operation.due.max(self.min_count) {
            operation.compute(quantile, total);
        }
        is_unusual
    }
}

impl Operation {
    #[cold]
    fn turn(&mut self, period: u64) {
        let is_next = self.period + 1 == period;
        std::mem::swap(&mut self.recent, &mut self.before);
        self.recent.clear();
        if !is_next {
            self.before.clear();
            self.usual_ns = None;
        }
        (self.period, self.due) = (period, 0);
    }

    #[cold]
    fn compute(&mut self, quantile: f64, total: u64) {
        let usual = self.recent.quantile_of_both(&self.before, quantile);
        self.usual_ns = usual.map(|usual| u64::try_from(usual.as_nanos()).unwrap_or(u64::MAX));
        self.due = total + (total / 16).max(16);
    }
}
