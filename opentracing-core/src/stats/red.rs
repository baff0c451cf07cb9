//! Requests, errors and durations, counted where spans are drained.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::model::kind::SpanKind;
use crate::stats::histogram::{DEFAULT_BOUNDS, Exemplar, Histogram};
use crate::stats::text_format::{Dialect, Writer};
use crate::sync::{count, lock};

/// Requests, errors and durations (RED) by operation, of every server, client, producer and consumer span: a server's by route, a
/// client's by method or the name it was given, a consumer's by queue or topic.
///
/// They do not depend on sampling: a span of a trace that is not sampled counts as well. For that it is recorded
/// ([`Span::is_recording`](crate::Span::is_recording) is `true`) and dropped where spans are drained, so a tracer with figures pays for
/// each such span what a recorded one costs, without redaction and transport. Nothing else about the trace changes; it stays
/// unsampled for other services. Internal spans are not counted.
///
/// Off unless a tracer is built with [`TracerBuilder::red`](crate::TracerBuilder::red). Figures are as late as reports. Spans that are
/// lost before they are drained count in [`missed`](RedFigures::missed) only.
///
/// Clones count together, and several tracers may share one.
///
/// ```
/// use opentracing_core::mock::MockTracer;
/// use opentracing_core::{RedFigures, SpanKind};
///
/// let figures = RedFigures::new();
/// let mock = MockTracer::with(|builder| builder.red(&figures));
/// mock.tracer().span("GET /cart").kind(SpanKind::Server).start().finish();
/// mock.finished_spans();
/// let text = figures.prometheus().label("service", "shop").to_string();
/// let sample = r#"requests_total{service="shop",kind="server",operation="GET /cart"} 1"#;
/// assert!(text.contains(sample));
/// ```
#[derive(Clone, Debug)]
pub struct RedFigures(Arc<Shared>);

/// Settings of [`RedFigures`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct RedFiguresBuilder {
    operations: usize,
    buckets: Vec<Duration>,
}

#[derive(Debug)]
struct Shared {
    limit: usize,
    bounds: Arc<[Duration]>,
    /// By kind in the order of [`KINDS`], then by name.
    operations: Mutex<[BTreeMap<Box<str>, Red>; KINDS.len()]>,
    /// Spans whose end was lost before it could be counted.
    missed: AtomicU64,
}

/// The figures of one operation.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Red {
    /// Spans that ended.
    pub requests: u64,
    /// Spans among them with the tag `error`.
    pub errors: u64,
    /// How long they took, with exemplars of sampled spans.
    pub duration: Histogram,
}

/// [`RedFigures`] in the text format of Prometheus, written by its `Display`. Send it as
/// `text/plain; version=0.0.4; charset=utf-8`, behind [`Stats::prometheus`](crate::Stats::prometheus) if you like.
///
/// | metric | labels |
/// |---|---|
/// | `opentracing_requests_total`, `opentracing_request_errors_total` | `kind`: `server`, `client`, `producer`, `consumer`; `operation` |
/// | `opentracing_request_duration_seconds` | the same; a histogram |
/// | `opentracing_requests_missed_total` | none; see [`RedFigures::missed`] |
#[derive(Clone, Debug)]
#[must_use = "the text is written by `Display`"]
pub struct RedPrometheus<'a> {
    figures: &'a RedFigures,
    labels: Vec<(&'a str, &'a str)>,
}

/// What is within a service is no request.
const KINDS: [SpanKind; 4] = [SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];

/// What stands for the operations beyond the limit.
const OTHER: &str = "_OTHER";

impl RedFigures {
    /// Figures with the default settings of [`builder`](RedFigures::builder).
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Begins to build figures with other limits or buckets.
    pub fn builder() -> RedFiguresBuilder {
        RedFiguresBuilder { operations: 1_000, buckets: DEFAULT_BOUNDS.to_vec() }
    }

    /// The figures of one operation; `None` if there were no requests.
    pub fn operation(&self, kind: SpanKind, name: &str) -> Option<Red> {
        let kind = KINDS.iter().position(|known| *known == kind)?;
        lock(&self.0.operations)[kind].get(name).cloned()
    }

    /// All figures, by kind and then by name.
    pub fn operations(&self) -> Vec<(SpanKind, Box<str>, Red)> {
        let operations = lock(&self.0.operations);
        let of_kind = |(kind, names): (&SpanKind, &BTreeMap<Box<str>, Red>)| {
            let kind = *kind;
            names.iter().map(move |(name, red)| (kind, name.clone(), red.clone())).collect::<Vec<_>>()
        };
        KINDS.iter().zip(&*operations).flat_map(of_kind).collect()
    }

    /// Requests that are in none of the figures: their spans finished faster than they were drained, or after the tracer was closed.
    pub fn missed(&self) -> u64 {
        self.0.missed.load(Ordering::Relaxed)
    }

    /// Counts the end of a span that was lost.
    pub(crate) fn miss(&self, kind: SpanKind) {
        if KINDS.contains(&kind) {
            count(&self.0.missed);
        }
    }

    /// The text for Prometheus.
    pub fn prometheus(&self) -> RedPrometheus<'_> {
        RedPrometheus { figures: self, labels: Vec::new() }
    }

    /// Counts a span. Allocates for the first of a name.
    pub(crate) fn count(
        &self,
        kind: SpanKind,
        mut name: &str,
        failed: bool,
        duration: Duration,
        exemplar: impl FnOnce() -> Option<Exemplar>,
    ) {
        let Some(kind) = KINDS.iter().position(|known| *known == kind) else { return };
        let mut operations = lock(&self.0.operations);
        let names = &mut operations[kind];
        if names.len() >= self.0.limit && !names.contains_key(name) {
            name = OTHER;
        }
        if !names.contains_key(name) {
            let duration = Histogram::new(self.0.bounds.clone());
            names.insert(name.into(), Red { requests: 0, errors: 0, duration });
        }
        if let Some(red) = names.get_mut(name) {
            red.requests += 1;
            red.errors += u64::from(failed);
            red.duration.record(duration, exemplar());
        }
    }
}

impl RedFiguresBuilder {
    /// How many operations of each kind have figures of their own. 1,000 by default. Operations beyond the limit share the name
    /// `_OTHER`, so that names with ids in them cannot fill the memory of those who store the figures.
    pub fn operations(mut self, operations: usize) -> Self {
        self.operations = operations;
        self
    }

    /// The upper bounds of the histogram's buckets, in any order; zero and repeated bounds are ignored. By default those of
    /// Prometheus clients, 5 milliseconds to 10 seconds. Every operation has a counter for each bound: keep to a few dozen.
    pub fn buckets(mut self, bounds: impl IntoIterator<Item = Duration>) -> Self {
        self.buckets = bounds.into_iter().filter(|bound| !bound.is_zero()).collect();
        self.buckets.sort();
        self.buckets.dedup();
        self
    }

    /// Figures without any requests yet.
    pub fn build(self) -> RedFigures {
        RedFigures(Arc::new(Shared {
            limit: self.operations,
            bounds: self.buckets.into(),
            operations: Mutex::default(),
            missed: AtomicU64::new(0),
        }))
    }
}

/// As [`RedFigures::new`].
impl Default for RedFigures {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> RedPrometheus<'a> {
    /// Adds a label to every sample, as [`Prometheus::label`](crate::Prometheus::label) does.
    pub fn label(mut self, name: &'a str, value: &'a str) -> Self {
        self.labels.push((name, value));
        self
    }
}

impl Display for RedPrometheus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.figures.write(&mut Writer::new(f, Dialect::Prometheus, &self.labels))
    }
}

impl RedFigures {
    pub(crate) fn write(&self, out: &mut Writer<'_>) -> fmt::Result {
        let operations = self.operations();
        if operations.is_empty() && self.missed() == 0 {
            return Ok(());
        }
        out.head("requests_total", "counter", "Requests that ended.")?;
        for (kind, name, red) in &operations {
            out.sample("requests_total", &[("kind", kind), ("operation", name)], red.requests)?;
        }
        out.head("request_errors_total", "counter", "Requests that failed.")?;
        for (kind, name, red) in &operations {
            out.sample("request_errors_total", &[("kind", kind), ("operation", name)], red.errors)?;
        }
        out.head("request_duration_seconds", "histogram", "Duration of requests.")?;
        for (kind, name, red) in &operations {
            let (duration, labels) = (&red.duration, [("kind", kind as &dyn Display), ("operation", name)]);
            let buckets = duration.cumulative().map(|(bound, count)| (Some(bound), count));
            let buckets = buckets.chain([(None, duration.count())]).zip(duration.exemplars());
            let buckets = buckets.map(|((bound, count), exemplar)| (bound, count, exemplar));
            out.histogram("request_duration_seconds", &labels, buckets, duration.sum())?;
        }
        out.counter("requests_missed_total", "Requests that ended and are in no other figure.", self.missed())
    }
}
