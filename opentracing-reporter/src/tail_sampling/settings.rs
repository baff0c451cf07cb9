//! The settings.

use std::time::Duration;

use opentracing_core::SamplingThreshold;

use super::rule::TailRule;

/// Decides at the end of a trace whether it is kept: all that failed or were slow, and a share of the rest.
///
/// Give it to [`BatchReporter::tail_sampling`](crate::BatchReporter::tail_sampling). The tracer then records every trace, unless it has a
/// sampler of its own, and the reporter's thread holds the spans of a trace until its local root has finished: the span without a parent in
/// this process. A trace is kept or dropped as a whole, as far as it is in this process.
///
/// ```
/// use std::time::Duration;
///
/// use opentracing_core::{Rule, Tracer};
/// use opentracing_reporter::{BatchReporter, Console, TailRule, TailSampling};
///
/// let tail = TailSampling::new()
///     .rule(TailRule::drop("health", Rule::new().operation("GET /health*")))
///     .slow(Duration::from_secs(1))
///     .share(0.05);
/// let reporter = BatchReporter::new(Console::stderr()).tail_sampling(tail);
/// let (tracer, guard) = reporter.start(Tracer::builder("shop"))?;
/// tracer.span("GET /healthz").start().finish();
/// tracer.span("GET /cart").tag("error", true).start().finish();
/// drop(guard);
/// let tail = tracer.stats().tail.expect("there is tail sampling");
/// assert_eq!((tail.kept_traces(), tail.dropped_traces()), (1, 1));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Rules
///
/// The first of these that applies decides. Its name is the tag `sampling.rule` of the local root.
///
/// | rule | traces | decision |
/// |---|---|---|
/// | `priority` | with `sampling.priority` above zero, or a debug id | kept |
/// | `sampled` | that the sampler or the caller keeps; see [`decide_sampled`](TailSampling::decide_sampled) | kept |
/// | `priority` | with a late `sampling.priority` of zero | dropped |
/// | the name of a [`TailRule`] | with a span that meets its conditions | by the rule |
/// | `error` | with a failed span | kept |
/// | `slow` | with a span slower than a [fixed limit](TailSampling::slow) | kept |
/// | `slower_than_usual` | whose local root was slower than [usual](TailSampling::slower_than_usual) for its operation | kept |
/// | `rate` | up to a number of [traces per second](TailSampling::traces_per_second), rare operations first | kept |
/// | `share` | all others | a [share](TailSampling::share) is kept |
///
/// A share is consistent: it depends on the trace id, or on the random value in `tracestate`, by OpenTelemetry's rule. So two services with
/// the same share keep the same traces.
///
/// The tag `sampling.weight` of the local root is the number of traces that it stands for, by which a backend extrapolates: 1 for an error,
/// 20 for a trace of a share of 0.05. It is also written as `ot=th:…` to the `tracestate` of the spans, which OpenTelemetry's tools read, and
/// as `_dd.rule_psr` and `_sample_rate` for Datadog.
///
/// # Limits
///
/// | limit | default | when it is reached |
/// |---|---|---|
/// | [`max_spans`](TailSampling::max_spans), [`max_bytes`](TailSampling::max_bytes) | 50,000; 64 MiB | the oldest traces are decided early |
/// | [`max_age`](TailSampling::max_age) | 60 seconds | a trace whose local root is still open is decided early |
/// | [`remember`](TailSampling::remember) | 32,768 traces, 60 seconds | spans that finish later begin to be held again |
///
/// An early decision uses what is known so far. Spans that finish after a decision follow it. All of this is counted in
/// [`TailStats`](opentracing_core::TailStats), in `report()`, and among the metrics. Dropped spans do not count as lost.
///
/// A flush decides about all traces whose local root has finished, and keeps those of the others that have a reason to be kept by then.
/// Closing the tracer, also by dropping the guard, decides about all of them.
///
/// # What a process cannot know
///
/// The outcome in other services. A trace is propagated as not sampled, so that services that are called do not record fragments, unless
/// [`deferred_as_sampled`](opentracing_core::TracerBuilder::deferred_as_sampled) is set on the tracer. To decide about whole traces across
/// processes, send all spans to an OpenTelemetry Collector with its `tail_sampling` processor.
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is given to a reporter"]
pub struct TailSampling {
    pub(super) rules: Vec<TailRule>,
    pub(super) errors: bool,
    pub(super) slow: Option<Duration>,
    pub(super) slow_root: Option<Duration>,
    pub(super) quantile: Option<f64>,
    pub(super) min_count: u64,
    pub(super) compared: ComparedSpans,
    pub(super) per_second: Option<f64>,
    pub(super) share: SamplingThreshold,
    pub(super) decide_sampled: bool,
    pub(super) grace: Duration,
    pub(super) max_age: Duration,
    pub(super) max_spans: usize,
    pub(super) max_bytes: usize,
    pub(super) remembered: usize,
    pub(super) remembered_for: Duration,
    pub(super) max_operations: usize,
}

/// Tail sampling as the environment or the configuration file asks for it.
#[cfg(feature = "env")]
#[derive(Debug)]
pub(crate) struct TailSettings {
    pub(crate) tail: TailSampling,
    /// Traces that are decided later are propagated as sampled.
    pub(crate) deferred_as_sampled: bool,
}

/// Which spans are compared with the usual duration of their operation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum ComparedSpans {
    /// The spans without a parent in this process.
    #[default]
    LocalRoots,
    /// All spans. At the 99th percentile, a trace of 20 spans is then kept in almost one of five cases.
    All,
}

impl TailSampling {
    /// Keeps traces that failed, those whose local root was slower than the 99th percentile of its operation, and a tenth of the others.
    pub fn new() -> Self {
        TailSampling {
            rules: Vec::new(),
            errors: true,
            slow: None,
            slow_root: None,
            quantile: Some(0.99),
            min_count: 100,
            compared: ComparedSpans::LocalRoots,
            per_second: None,
            share: SamplingThreshold::new(0.1),
            decide_sampled: false,
            grace: Duration::from_millis(200),
            max_age: Duration::from_secs(60),
            max_spans: 50_000,
            max_bytes: 64 << 20,
            remembered: 1 << 15,
            remembered_for: Duration::from_secs(60),
            max_operations: 1_000,
        }
    }

    /// Adds a rule, which is tried after the rules that were added before it, and before everything else. None by default.
    pub fn rule(mut self, rule: TailRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Gives failed traces no preference. By default, a trace with a failed span is kept.
    pub fn without_errors(mut self) -> Self {
        self.errors = false;
        self
    }

    /// Keeps traces with a span that took longer than this. No limit by default.
    pub fn slow(mut self, limit: Duration) -> Self {
        self.slow = Some(limit);
        self
    }

    /// Keeps traces whose local root took longer than this. No limit by default.
    pub fn slow_root(mut self, limit: Duration) -> Self {
        self.slow_root = Some(limit);
        self
    }

    /// Keeps traces that were slower than this quantile of the durations of the operation, 0 to 1. 0.99 by default.
    ///
    /// The durations of the last 5 to 10 minutes count, of sampled and dropped traces alike, to within a sixteenth.
    pub fn slower_than_usual(mut self, quantile: f64) -> Self {
        self.quantile = Some(if quantile.is_nan() { 1.0 } else { quantile.clamp(0.0, 1.0) });
        self
    }

    /// Compares no durations with those of the operation.
    pub fn without_slower_than_usual(mut self) -> Self {
        self.quantile = None;
        self
    }

    /// Sets how many durations of an operation must be known before others are compared with them. 100 by default.
    pub fn usual_from(mut self, durations: u64) -> Self {
        self.min_count = durations;
        self
    }

    /// Sets which spans are compared with the usual duration of their operation. Only local roots by default.
    pub fn compared_spans(mut self, spans: ComparedSpans) -> Self {
        self.compared = spans;
        self
    }

    /// Keeps this number of traces per second beyond those that have a reason of their own. None by default.
    ///
    /// Each operation of a local root gets the same number at most, and what rare operations do not need is left to frequent ones. The share
    /// of an operation follows the number of its traces in the second before.
    pub fn traces_per_second(mut self, traces: f64) -> Self {
        self.per_second = (traces > 0.0).then_some(traces);
        self
    }

    /// Sets the share of the traces, 0 to 1, that are kept although nothing else keeps them. 0.1 by default.
    pub fn share(mut self, share: f64) -> Self {
        self.share = SamplingThreshold::new(share);
        self
    }

    /// Also decides about traces that the sampler or the caller has sampled, rather than keeping all of them. Debug traces are kept in any
    /// case.
    ///
    /// If all services of a fleet do so, with the same share and with
    /// [`deferred_as_sampled`](opentracing_core::TracerBuilder::deferred_as_sampled), each keeps its own errors, and the share consists of
    /// whole traces.
    pub fn decide_sampled(mut self) -> Self {
        self.decide_sampled = true;
        self
    }

    /// Sets how long a trace is held after its local root has finished, for children that finish later. 200 milliseconds by default, to
    /// within 50. A trace is decided at once if no span of the tracer is open.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Sets how long a trace is held while its local root is open, from its first finished span on. 60 seconds by default.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets how many spans are held. 50,000 by default.
    pub fn max_spans(mut self, spans: usize) -> Self {
        self.max_spans = spans;
        self
    }

    /// Sets how much memory held spans take, in bytes. 64 MiB by default.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets how many decisions are remembered for spans that finish later, and for how long. 32,768 by default, rounded up to a power of two,
    /// for 60 seconds. Each takes 40 bytes.
    pub fn remember(mut self, traces: usize, lasting: Duration) -> Self {
        (self.remembered, self.remembered_for) = (traces, lasting);
        self
    }

    /// Sets for how many operations durations and rates are known. 1,000 by default, which take up to 5 MiB.
    pub fn max_operations(mut self, operations: usize) -> Self {
        self.max_operations = operations;
        self
    }
}

impl Default for TailSampling {
    fn default() -> Self {
        TailSampling::new()
    }
}
