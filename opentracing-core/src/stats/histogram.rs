//! How long requests took, in buckets of the user's choice.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::model::ids::{SpanId, TraceId};

/// A histogram of durations, with one [`Exemplar`] per bucket.
#[derive(Clone, PartialEq, Debug)]
pub struct Histogram {
    bounds: Arc<[Duration]>,
    /// Not cumulative; the last bucket is for all durations above the last bound.
    buckets: Box<[Bucket]>,
    sum: Duration,
}

/// A sampled span whose duration lies in a bucket: the link from a figure to a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Exemplar {
    /// The span's trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// How long the span took.
    pub duration: Duration,
    /// When the span ended.
    pub at: SystemTime,
}

#[derive(Clone, Copy, PartialEq, Default, Debug)]
struct Bucket {
    count: u64,
    exemplar: Option<Exemplar>,
}

/// The bounds that Prometheus clients have by default: 5 milliseconds to 10 seconds.
pub(crate) const DEFAULT_BOUNDS: [Duration; 11] = {
    let ms = Duration::from_millis;
    [ms(5), ms(10), ms(25), ms(50), ms(100), ms(250), ms(500), ms(1_000), ms(2_500), ms(5_000), ms(10_000)]
};

impl Histogram {
    pub(crate) fn new(bounds: Arc<[Duration]>) -> Self {
        Histogram { buckets: vec![Bucket::default(); bounds.len() + 1].into(), bounds, sum: Duration::ZERO }
    }

    pub(crate) fn record(&mut self, took: Duration, exemplar: Option<Exemplar>) {
        let bucket = &mut self.buckets[self.bounds.partition_point(|bound| *bound < took)];
        bucket.count += 1;
        bucket.exemplar = exemplar.or(bucket.exemplar);
        self.sum = self.sum.saturating_add(took);
    }

    /// The number of durations.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count).sum()
    }

    /// The sum of all durations.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// For each bound, the number of durations up to and including it. Durations above the last bound are only in
    /// [`count`](Histogram::count).
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        self.bounds.iter().zip(&self.buckets).scan(0, |sum, (bound, bucket)| {
            *sum += bucket.count;
            Some((*bound, *sum))
        })
    }

    /// The exemplar of each bucket, in the order of the bounds; the last one is that of durations above the last bound.
    pub fn exemplars(&self) -> impl Iterator<Item = Option<Exemplar>> {
        self.buckets.iter().map(|bucket| bucket.exemplar)
    }
}
