//! Histograms of durations with configurable buckets.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::model::ids::{SpanId, TraceId};

/// A histogram of durations, with one [`Exemplar`] per bucket.
///
/// ```
/// use std::time::Duration;
///
/// use opentracing_core::mock::MockTracer;
/// use opentracing_core::{RedFigures, SpanKind};
///
/// let bounds = [Duration::from_millis(100), Duration::from_secs(1)];
/// let figures = RedFigures::builder().buckets(bounds).build();
/// let mock = MockTracer::with(|builder| builder.red(&figures));
/// mock.tracer().span("GET /cart").kind(SpanKind::Server).start().finish();
/// mock.finished_spans();
///
/// let red = figures.operation(SpanKind::Server, "GET /cart").expect("it was counted");
/// assert_eq!(red.duration.cumulative().next(), Some((bounds[0], 1)));
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Histogram {
    bounds: Arc<[Duration]>,
    /// Not cumulative. The last bucket is for all durations above the last bound.
    buckets: Box<[Bucket]>,
    sum: Duration,
}

/// A sampled span whose duration falls into a bucket. It links a metric to a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Exemplar {
    /// The trace id of the span.
    pub trace_id: TraceId,
    /// The span id.
    pub span_id: SpanId,
    /// The duration of the span.
    pub duration: Duration,
    /// The finish time of the span.
    pub at: SystemTime,
}

#[derive(Clone, Copy, PartialEq, Default, Debug)]
struct Bucket {
    count: u64,
    exemplar: Option<Exemplar>,
}

/// The default bounds of Prometheus clients: 5 milliseconds to 10 seconds.
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

    /// The number of recorded durations.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count).sum()
    }

    /// The sum of all recorded durations.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// Iterates over the bounds, each with the number of durations up to and including it. Durations above the last bound are only
    /// included in [`count`](Histogram::count).
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        self.bounds.iter().zip(&self.buckets).scan(0, |sum, (bound, bucket)| {
            *sum += bucket.count;
            Some((*bound, *sum))
        })
    }

    /// Iterates over the latest exemplar of each bucket, in the order of the bounds. The last one is for durations above the last bound.
    pub fn exemplars(&self) -> impl Iterator<Item = Option<Exemplar>> {
        self.buckets.iter().map(|bucket| bucket.exemplar)
    }
}
