//! Request counts, errors and durations. The draining thread counts them.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::model::kind::SpanKind;
use crate::model::tags;
use crate::model::value::Value;
use crate::stats::histogram::{DEFAULT_BOUNDS, Exemplar, Histogram};
use crate::stats::text_format::{Dialect, Writer};
use crate::sync::{count, lock};
use crate::wire::text::Text;

/// Requests, errors and durations (RED) by operation name, of all server, client, producer and consumer spans.
///
/// The adapters name a server span after its route, a client span after its method or the given name, and a consumer span after its
/// queue or topic.
///
/// Figures are off unless the tracer is built with [`TracerBuilder::red`](crate::TracerBuilder::red). Internal spans are not counted.
///
/// Figures do not depend on sampling: spans of unsampled traces count as well. To count them, the tracer records these spans
/// ([`Span::is_recording`](crate::Span::is_recording) is `true`) and drops them when they are drained. Each of them then costs as much as
/// any recorded span, without redaction and transport. The trace remains unsampled, here and in other services.
///
/// Spans are counted when they are drained, so the figures are as delayed as reports. Spans that are lost before they are drained are
/// only counted in [`missed`](RedFigures::missed).
///
/// Clones share their counters. Several tracers can share one `RedFigures`.
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
    duration: RedDuration,
}

/// Up to which moment the durations of [`RedFigures`] are measured.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum RedDuration {
    /// To the end of the span. For HTTP that is the end of the response body, so a client that reads slowly makes a request slow.
    #[default]
    Whole,
    /// To the head of the response, by the tag [`http.time_to_head_ms`](crate::tags::HTTP_TIME_TO_HEAD_MS). To the end of spans that have
    /// no such tag: those that end with the head, and all other protocols.
    ToHead,
}

#[derive(Debug)]
struct Shared {
    limit: usize,
    duration: RedDuration,
    bounds: Arc<[Duration]>,
    /// One map for each kind, in the order of [`KINDS`], keyed by operation name.
    operations: Mutex<[BTreeMap<Box<str>, Red>; KINDS.len()]>,
    /// Spans that were lost before they could be counted.
    missed: AtomicU64,
}

/// The figures of one operation.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Red {
    /// The number of finished spans.
    pub requests: u64,
    /// The number of failed spans among them: those whose tag `error` is true.
    pub errors: u64,
    /// Their durations, with exemplars of sampled spans.
    pub duration: Histogram,
    /// The number of finished spans by status code: the tag [`rpc.status_code`](crate::tags::RPC_STATUS_CODE), `NOT_FOUND` for example, else
    /// [`http.status_code`](crate::tags::HTTP_STATUS_CODE). Spans without one are not in here. The first 64 codes are counted separately,
    /// all others as `_OTHER`.
    pub codes: BTreeMap<Box<str>, u64>,
}

/// What is counted of a span.
pub(crate) struct Finished<'a> {
    pub(crate) kind: SpanKind,
    pub(crate) name: &'a str,
    pub(crate) failed: bool,
    pub(crate) duration: Duration,
    pub(crate) code: Option<Value<'a>>,
}

/// Displays [`RedFigures`] in the Prometheus text format. Serve it with the content type
/// `text/plain; version=0.0.4; charset=utf-8`, also in one page after [`Stats::prometheus`](crate::Stats::prometheus).
/// [`Metrics`](crate::Metrics) does both.
///
/// | metric | labels |
/// |---|---|
/// | `opentracing_requests_total`, `opentracing_request_errors_total` | `kind`: `server`, `client`, `producer`, `consumer`; `operation` |
/// | `opentracing_request_duration_seconds` | the same; a histogram |
/// | `opentracing_requests_by_code_total` | the same, and `code`: the status code of gRPC or HTTP |
/// | `opentracing_requests_missed_total` | none; see [`RedFigures::missed`] |
#[derive(Clone, Debug)]
#[must_use = "the text is written by `Display`"]
pub struct RedPrometheus<'a> {
    figures: &'a RedFigures,
    labels: Vec<(&'a str, &'a str)>,
}

/// The kinds that count as requests. Internal spans do not.
const KINDS: [SpanKind; 4] = [SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];

/// The name of all operations above the limit, and of all codes above theirs.
const OTHER: &str = "_OTHER";

/// The tags that may hold a status code. The first one that a span has counts: a gRPC call may have an HTTP status as well.
pub(crate) const CODES: [&str; 2] = [tags::RPC_STATUS_CODE.name(), tags::HTTP_STATUS_CODE.name()];

const MAX_CODES: usize = 64;

const MAX_CODE_BYTES: usize = 64;

impl RedFigures {
    /// Creates figures with the default settings of [`builder`](RedFigures::builder).
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Starts building figures with another limit or other buckets.
    pub fn builder() -> RedFiguresBuilder {
        RedFiguresBuilder { operations: 1_000, buckets: DEFAULT_BOUNDS.to_vec(), duration: RedDuration::default() }
    }

    /// The figures of one operation; `None` if it has not been counted.
    pub fn operation(&self, kind: SpanKind, name: &str) -> Option<Red> {
        let kind = KINDS.iter().position(|known| *known == kind)?;
        lock(&self.0.operations)[kind].get(name).cloned()
    }

    /// The figures of all operations, sorted by kind and then by name.
    pub fn operations(&self) -> Vec<(SpanKind, Box<str>, Red)> {
        let operations = lock(&self.0.operations);
        let of_kind = |(kind, names): (&SpanKind, &BTreeMap<Box<str>, Red>)| {
            let kind = *kind;
            names.iter().map(move |(name, red)| (kind, name.clone(), red.clone())).collect::<Vec<_>>()
        };
        KINDS.iter().zip(&*operations).flat_map(of_kind).collect()
    }

    /// The number of requests that are in none of the figures, because their spans finished faster than they could be drained, or after
    /// the tracer was closed.
    pub fn missed(&self) -> u64 {
        self.0.missed.load(Ordering::Relaxed)
    }

    /// Counts a span that was lost.
    pub(crate) fn miss(&self, kind: SpanKind) {
        if KINDS.contains(&kind) {
            count(&self.0.missed);
        }
    }

    /// Up to which moment durations are measured.
    pub(crate) fn duration(&self) -> RedDuration {
        self.0.duration
    }

    /// The figures in the Prometheus text format.
    pub fn prometheus(&self) -> RedPrometheus<'_> {
        RedPrometheus { figures: self, labels: Vec::new() }
    }

    /// Counts a span. Allocates for the first span of each operation and code.
    pub(crate) fn count(&self, finished: &Finished<'_>, exemplar: impl FnOnce() -> Option<Exemplar>) {
        let Finished { kind, mut name, failed, duration, code } = *finished;
        let Some(kind) = KINDS.iter().position(|known| *known == kind) else { return };
        let mut operations = lock(&self.0.operations);
        let names = &mut operations[kind];
        if names.len() >= self.0.limit && !names.contains_key(name) {
            name = OTHER;
        }
        if !names.contains_key(name) {
            let duration = Histogram::new(self.0.bounds.clone());
            names.insert(name.into(), Red { requests: 0, errors: 0, duration, codes: BTreeMap::new() });
        }
        if let Some(red) = names.get_mut(name) {
            red.requests += 1;
            red.errors += u64::from(failed);
            red.duration.record(duration, exemplar());
            if let Some(code) = code {
                red.count_code(code);
            }
        }
    }
}

impl Red {
    fn count_code(&mut self, code: Value<'_>) {
        let mut text = Text::new();
        // Writing to the buffer never fails.
        let _ = write!(text, "{code}");
        let mut code = text.as_str();
        let is_known = self.codes.contains_key(code);
        if !is_known && (self.codes.len() >= MAX_CODES || code.len() > MAX_CODE_BYTES) {
            code = OTHER;
        }
        match self.codes.get_mut(code) {
            Some(count) => *count += 1,
            None => {
                self.codes.insert(code.into(), 1);
            }
        }
    }
}

impl RedFiguresBuilder {
    /// Sets the maximum number of operations of each kind. 1,000 by default. Further operations share the name `_OTHER`, so that names
    /// that contain ids cannot create unbounded series.
    pub fn operations(mut self, operations: usize) -> Self {
        self.operations = operations;
        self
    }

    /// Sets the upper bounds of the histogram buckets, in any order. Zeros and duplicates are ignored. By default these are the 11 bounds
    /// of Prometheus clients, from 5 milliseconds to 10 seconds. Each operation has one counter for each bound, so use a few dozen at most.
    pub fn buckets(mut self, bounds: impl IntoIterator<Item = Duration>) -> Self {
        self.buckets = bounds.into_iter().filter(|bound| !bound.is_zero()).collect();
        self.buckets.sort();
        self.buckets.dedup();
        self
    }

    /// Sets up to which moment durations are measured: [`RedDuration::Whole`] by default.
    pub fn duration(mut self, duration: RedDuration) -> Self {
        self.duration = duration;
        self
    }

    /// Builds the figures, with all counters at zero.
    pub fn build(self) -> RedFigures {
        RedFigures(Arc::new(Shared {
            limit: self.operations,
            duration: self.duration,
            bounds: self.buckets.into(),
            operations: Mutex::default(),
            missed: AtomicU64::new(0),
        }))
    }
}

/// The same as [`RedFigures::new`].
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
        if operations.iter().any(|(_, _, red)| !red.codes.is_empty()) {
            out.head("requests_by_code_total", "counter", "Requests that ended with a status code.")?;
        }
        for (kind, name, red) in &operations {
            for (code, count) in &red.codes {
                out.sample("requests_by_code_total", &[("kind", kind), ("operation", name), ("code", code)], count)?;
            }
        }
        out.counter("requests_missed_total", "Requests that ended and are in no other figure.", self.missed())
    }
}
