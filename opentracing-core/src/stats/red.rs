//! Requests, errors and durations, counted where spans are drained.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::model::kind::SpanKind;
use crate::stats::prometheus::Writer;
use crate::stats::transport_stats::Latency;
use crate::sync::lock;

/// Requests, errors and durations by operation, of every span that is recorded and is not internal: a server's by route, a client's by
/// method or the name that it was given, a consumer's by queue or topic.
///
/// None are kept unless a tracer is [told to](crate::TracerBuilder::red). They are counted where spans are drained, so they cost
/// requests nothing, and come as late as reports. Spans that are recorded and not kept ([`Decision::Record`](crate::Decision::Record))
/// count too; those that are not recorded, or are lost for want of room, do not: under a sampler that drops, figures are those of a
/// sample.
///
/// Clones count together, and several tracers may share one.
///
/// ```
/// use std::time::Duration;
///
/// use opentracing_core::mock::MockTracer;
/// use opentracing_core::{RedFigures, SpanKind};
///
/// let figures = RedFigures::new();
/// let mock = MockTracer::with(|builder| builder.red(&figures));
/// mock.tracer().span("GET /cart").kind(SpanKind::Server).start().finish();
/// mock.finished_spans();
/// let text = figures.prometheus().label("service", "shop").to_string();
/// assert!(text.contains("requests_total{service=\"shop\",kind=\"server\",operation=\"GET /cart\"} 1\n"));
/// ```
#[derive(Clone, Debug)]
pub struct RedFigures(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    /// By kind in the order of [`KINDS`], then by name.
    operations: Mutex<[BTreeMap<Box<str>, Red>; KINDS.len()]>,
}

/// The figures of one operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Red {
    /// Those of which the span has finished.
    pub requests: u64,
    /// Those of them that failed: their spans have the tag `error`.
    pub errors: u64,
    /// How long they took.
    pub duration: Latency,
}

/// [`RedFigures`] in the text format of Prometheus, written by its `Display`. Send it as
/// `text/plain; version=0.0.4; charset=utf-8`, behind [`Stats::prometheus`](crate::Stats::prometheus) if you like.
///
/// | metric | labels |
/// |---|---|
/// | `opentracing_requests_total`, `opentracing_request_errors_total` | `kind`: `server`, `client`, `producer`, `consumer`; `operation` |
/// | `opentracing_request_duration_seconds` | the same; a histogram |
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
    /// No figures yet, and room for 1,000 operations of each kind.
    pub fn new() -> Self {
        Self::with_limit(1_000)
    }

    /// No figures yet, and room for that many operations of each kind. Those that come later are `_OTHER`: names that somebody makes of
    /// paths would fill the memory of whoever stores the figures.
    pub fn with_limit(operations: usize) -> Self {
        RedFigures(Arc::new(Shared { limit: operations, operations: Mutex::default() }))
    }

    /// The figures of one operation; `None` if there were no requests.
    pub fn operation(&self, kind: SpanKind, name: &str) -> Option<Red> {
        let kind = KINDS.iter().position(|known| *known == kind)?;
        lock(&self.0.operations)[kind].get(name).copied()
    }

    /// All figures, by kind and then by name.
    pub fn operations(&self) -> Vec<(SpanKind, Box<str>, Red)> {
        let operations = lock(&self.0.operations);
        let of_kind = |(kind, names): (&SpanKind, &BTreeMap<Box<str>, Red>)| {
            let kind = *kind;
            names.iter().map(move |(name, red)| (kind, name.clone(), *red)).collect::<Vec<_>>()
        };
        KINDS.iter().zip(&*operations).flat_map(of_kind).collect()
    }

    /// The text for Prometheus.
    pub fn prometheus(&self) -> RedPrometheus<'_> {
        RedPrometheus { figures: self, labels: Vec::new() }
    }

    /// Counts a span. Allocates for the first of a name.
    pub(crate) fn count(&self, kind: SpanKind, mut name: &str, failed: bool, duration: Duration) {
        let Some(kind) = KINDS.iter().position(|known| *known == kind) else { return };
        let mut operations = lock(&self.0.operations);
        let names = &mut operations[kind];
        if names.len() >= self.0.limit && !names.contains_key(name) {
            name = OTHER;
        }
        if !names.contains_key(name) {
            names.insert(name.into(), Red::default());
        }
        if let Some(red) = names.get_mut(name) {
            red.requests += 1;
            red.errors += u64::from(failed);
            red.duration.record(duration);
        }
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
        let operations = self.figures.operations();
        if operations.is_empty() {
            return Ok(());
        }
        let mut out = Writer::new(f, &self.labels);
        out.head("requests_total", "counter", "Requests that have ended.")?;
        for (kind, name, red) in &operations {
            out.sample("requests_total", &[("kind", kind), ("operation", name)], red.requests)?;
        }
        out.head("request_errors_total", "counter", "Requests that have failed.")?;
        for (kind, name, red) in &operations {
            out.sample("request_errors_total", &[("kind", kind), ("operation", name)], red.errors)?;
        }
        out.head("request_duration_seconds", "histogram", "Time that requests took.")?;
        for (kind, name, red) in &operations {
            out.histogram("request_duration_seconds", &[("kind", kind), ("operation", name)], &red.duration)?;
        }
        Ok(())
    }
}
