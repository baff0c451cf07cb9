//! A tracer for a single test, with deterministic ids and clock. Failed assertions print the tree of spans.
//!
//! ```
//! use opentracing_core::mock::MockTracer;
//!
//! let mock = MockTracer::new();
//! {
//!     let _scope = mock.tracer().span("checkout").start_active();
//!     mock.tracer().span("charge").start().finish();
//! }
//! mock.assert_tree("
//!     checkout
//!       charge
//! ");
//! ```

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::model::ids::{SpanId, TraceId};
use crate::model::kind::SpanKind;
use crate::recorder::id_generator::IdGenerator;
use crate::reporter::finished::Batch;
use crate::reporter::owned::OwnedSpan;
use crate::reporter::reporter::Reporter;
use crate::tracer::builder::TracerBuilder;
use crate::tracer::tracer::Tracer;

/// A tracer for a single test. Several can be used in parallel, on one thread or on many.
///
/// ```
/// use std::time::Duration;
///
/// use opentracing_core::mock::MockTracer;
///
/// let mock = MockTracer::new();
/// let span = mock.tracer().span("charge").tag("amount", 42).start();
/// mock.clock().advance(Duration::from_secs(2));
/// span.finish();
/// let span = mock.span("charge");
/// assert!(span.duration() >= Duration::from_secs(2) && span.tag("amount").is_some());
/// ```
#[derive(Debug)]
pub struct MockTracer {
    tracer: Tracer,
    clock: MockClock,
    finished: Finished,
}

#[derive(Clone, Debug, Default)]
struct Finished(Arc<Mutex<Vec<OwnedSpan>>>);

impl Finished {
    fn lock(&self) -> MutexGuard<'_, Vec<OwnedSpan>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reporter for Finished {
    fn report(&mut self, batch: Batch<'_>) {
        self.lock().extend(batch.iter().map(OwnedSpan::from));
    }
}

/// The time-out of [`MockTracer::wait_for`] and [`MockTracer::finished`].
const PATIENCE: Duration = Duration::from_secs(20);

impl MockTracer {
    /// Creates a tracer of the service `mock` that keeps every trace.
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// Creates a tracer with further settings.
    pub fn with(settings: impl FnOnce(TracerBuilder) -> TracerBuilder) -> Self {
        let (clock, finished) = (MockClock::default(), Finished::default());
        let builder = Tracer::builder("mock").clock(clock.clone()).id_generator(SequentialIds::default());
        let tracer = settings(builder).build_inline(finished.clone());
        MockTracer { tracer, clock, finished }
    }

    /// The tracer.
    pub fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// The clock of the tracer.
    pub fn clock(&self) -> &MockClock {
        &self.clock
    }

    /// All spans that have finished so far. The spans of each thread are in the order in which they finished.
    pub fn finished_spans(&self) -> Vec<OwnedSpan> {
        self.drain();
        self.finished.lock().clone()
    }

    /// Removes all spans that have finished so far.
    pub fn reset(&self) {
        self.drain();
        self.finished.lock().clear();
    }

    /// Blocks until at least this many spans have finished, and returns all finished spans.
    ///
    /// # Panics
    ///
    /// If they do not come within 20 seconds.
    #[track_caller]
    pub fn wait_for(&self, spans: usize) -> Vec<OwnedSpan> {
        let begun = Instant::now();
        loop {
            if let Some(all) = self.at_least(spans, begun) {
                return all;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Waits until at least this many spans have finished, and returns all finished spans. Other tasks can run in the meantime.
    ///
    /// # Panics
    ///
    /// If they do not come within 20 seconds.
    pub async fn finished(&self, spans: usize) -> Vec<OwnedSpan> {
        let begun = Instant::now();
        std::future::poll_fn(|cx| match self.at_least(spans, begun) {
            Some(all) => Poll::Ready(all),
            None => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await
    }

    #[track_caller]
    fn at_least(&self, spans: usize, begun: Instant) -> Option<Vec<OwnedSpan>> {
        let all = self.finished_spans();
        assert!(
            all.len() >= spans || begun.elapsed() < PATIENCE,
            "{spans} spans should have finished, but there are {}:\n{}",
            all.len(),
            details(&all)
        );
        (all.len() >= spans).then_some(all)
    }

    /// The finished span with this operation name.
    ///
    /// # Panics
    ///
    /// If there is no such span, or more than one.
    #[track_caller]
    pub fn span(&self, operation_name: &str) -> OwnedSpan {
        let all = self.finished_spans();
        let mut found = all.iter().filter(|span| *span.operation_name == *operation_name);
        match (found.next(), found.next()) {
            (Some(span), None) => span.clone(),
            _ => panic!("there should be one span {operation_name:?} among\n{}", details(&all)),
        }
    }

    /// The tree of finished spans, with one line for each span. Children follow their parent, indented by two spaces, in the order of their
    /// start times. The kind of a span is in parentheses unless it is internal, and the line of a failed span ends in ` !`.
    pub fn tree(&self) -> String {
        render(&self.finished_spans(), |span, line| {
            line.push_str(&span.operation_name);
            if span.kind != SpanKind::Internal {
                let _ = write!(line, " ({})", span.kind);
            }
            if span.is_failed {
                line.push_str(" !");
            }
        })
    }

    /// Asserts that the [tree](MockTracer::tree) equals the expected one. Common indentation and empty lines of the latter are ignored.
    ///
    /// # Panics
    ///
    /// If they differ. The message contains both trees, and all spans with their tags and logs.
    #[track_caller]
    pub fn assert_tree(&self, expected: &str) {
        let (actual, expected) = (self.tree(), unindent(expected));
        assert!(
            actual == expected,
            "the spans should be\n{expected}\nbut they are\n{actual}\nin detail\n{}",
            details(&self.finished_spans())
        );
    }

    fn drain(&self) {
        // Flushing cannot fail, since this tracer's reporter does not.
        let _ = self.tracer.flush(PATIENCE);
    }
}

impl Default for MockTracer {
    fn default() -> Self {
        Self::new()
    }
}

/// A clock that starts at 1,000 seconds after the Unix epoch and advances by a microsecond on each reading.
#[derive(Clone, Debug)]
pub struct MockClock {
    unix_ns: Arc<AtomicU64>,
}

impl MockClock {
    /// Advances the clock.
    pub fn advance(&self, by: Duration) {
        self.unix_ns.fetch_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Default for MockClock {
    fn default() -> Self {
        MockClock { unix_ns: Arc::new(AtomicU64::new(1_000_000_000_000)) }
    }
}

impl Clock for MockClock {
    fn unix_ns(&self) -> u64 {
        self.unix_ns.fetch_add(1_000, Ordering::Relaxed)
    }
}

/// Generates the ids 1, 2, 3 and so on, separately for traces and spans.
#[derive(Debug, Default)]
pub struct SequentialIds {
    traces: AtomicU64,
    spans: AtomicU64,
}

impl IdGenerator for SequentialIds {
    fn trace_id(&self) -> TraceId {
        TraceId::from_parts(0, self.traces.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn span_id(&self) -> SpanId {
        SpanId::new(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// The tree of spans with their kinds, tags and logs.
fn details(spans: &[OwnedSpan]) -> String {
    render(spans, |span, line| {
        let _ = write!(line, "{} ({})", span.operation_name, span.kind);
        for (key, value) in &span.tags {
            let _ = write!(line, " {key}={value}");
        }
        for log in &span.logs {
            let fields: Vec<_> = log.fields.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let _ = write!(line, " [{}]", fields.join(" "));
        }
    })
}

fn render(spans: &[OwnedSpan], describe: impl Fn(&OwnedSpan, &mut String)) -> String {
    let is_parent = |parent: &OwnedSpan, child: &OwnedSpan| {
        child.parent_id == Some(parent.context.span_id()) && parent.context.trace_id() == child.context.trace_id()
    };
    let mut order: Vec<&OwnedSpan> = spans.iter().collect();
    order.sort_by_key(|span| span.start_unix_ns);
    let mut open: Vec<(usize, &OwnedSpan)> = order
        .iter()
        .rev()
        .filter(|span| !spans.iter().any(|other| is_parent(other, span)))
        .map(|span| (0, *span))
        .collect();
    let mut out = String::new();
    while let Some((depth, span)) = open.pop() {
        let mut line = String::new();
        describe(span, &mut line);
        let _ = writeln!(out, "{:indent$}{line}", "", indent = depth * 2);
        open.extend(order.iter().rev().filter(|child| is_parent(span, child)).map(|child| (depth + 1, *child)));
    }
    out
}

fn unindent(text: &str) -> String {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let common = lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    lines().map(|line| format!("{}\n", line[common..].trim_end())).collect()
}
