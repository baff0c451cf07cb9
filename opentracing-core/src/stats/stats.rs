//! The counters of a tracer.

use std::sync::atomic::AtomicU64;

use crate::propagation::{FormatStats, RestartStats};
use crate::stats::message_stats::{MessageCounters, MessageStats};
use crate::stats::pool::PoolStats;
use crate::stats::prometheus::Prometheus;
use crate::stats::sampler_stats::SamplerStats;
use crate::stats::tail_stats::TailStats;
use crate::stats::transport_stats::TransportStats;

/// The counters of a tracer: spans, losses by cause, sampling, headers, transports. A snapshot; the numbers are exact once no thread traces.
///
/// `delivered` and the counters whose names begin with `dropped` add up to the recorded spans that have finished.
///
/// ```
/// use opentracing_core::mock::MockTracer;
///
/// let mock = MockTracer::new();
/// mock.tracer().span("work").start().finish();
/// mock.finished_spans();
/// let stats = mock.tracer().stats();
/// assert_eq!((stats.started, stats.delivered, stats.lost()), (1, 1, 0));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Recorded spans that were started. Spans of traces that are not sampled do not count.
    pub started: u64,
    /// Spans delivered to the reporter.
    pub delivered: u64,
    /// Spans dropped because the buffer of their thread was full: it finished spans faster than they were drained.
    pub dropped_full: u64,
    /// Spans dropped because they finished after the tracer was closed.
    pub dropped_shutdown: u64,
    /// Recorded spans of traces that are not sampled: because of a late `sampling.priority`, or of
    /// [`Decision::Record`](crate::Decision::Record).
    pub dropped_unsampled: u64,
    /// Spans dropped because the reporter panicked.
    pub dropped_reporter_panic: u64,
    /// Spans that finished in a forked process, which has no thread that reports them.
    pub dropped_fork: u64,
    /// Spans that were open when the tracer was closed, and were reported as unfinished. They do not count as finished.
    pub unfinished: u64,
    /// Tags, logs and values that were truncated or dropped because of [`Limits`](crate::Limits).
    pub truncated: u64,
    /// Baggage items that were dropped because of [`Limits`](crate::Limits) or of the limits of a propagator.
    pub baggage_dropped: u64,
    /// Spans whose operation name exceeded [`Limits::operation_names`](crate::Limits::operation_names).
    pub excess_names: u64,
    /// Panics of the sampler; the span was not sampled.
    pub sampler_panics: u64,
    /// Writes to a finished span, which had no effect.
    pub write_after_finish: u64,
    /// Spans with an explicit finish time before their start; their duration is zero.
    pub finished_before_start: u64,
    /// Logs with an explicit time more than a millisecond before the start of their span or after its end. Their time is not changed.
    pub logs_out_of_range: u64,
    /// Scopes that were closed while a later scope was open.
    pub scopes_out_of_order: u64,
    /// Carriers whose context was malformed.
    pub extract_corrupted: u64,
    /// Malformed headers and properties, which count as absent, whether or not another format had a valid context.
    pub fields_malformed: u64,
    /// The formats that are read, with their malformed and ignored carriers.
    pub formats: Vec<FormatStats>,
    /// How many new traces were started because a header was invalid, by header and reason.
    pub restarts: Vec<RestartStats>,
    /// Server spans that finished without a route template, so that their name is the method alone.
    pub missing_route: u64,
    /// Requests whose peer address is unknown, while a server trusts some proxies: their `Forwarded` and `X-Forwarded-*` headers were
    /// ignored.
    pub missing_peer: u64,
    /// Messages that traced clients of brokers received, and what became of their contexts.
    pub messages: MessageStats,
    /// Requests that reached a second server layer of this tracer. They have one server span, of the outer layer.
    pub server_layers_nested: u64,
    /// Whether the [`Drain`](crate::Drain) was dropped before it ran, so that every span is lost.
    pub drain_dropped: bool,
    /// Distinct operation names so far, up to [`Limits::operation_names`](crate::Limits::operation_names). Those that stand in the
    /// program as literals do not count.
    pub operation_names: u64,
    /// Decisions of the sampler to record a trace. A sampler with a [constant](crate::Sampler::constant) decision is not asked.
    pub sampled: u64,
    /// Decisions of the sampler to drop a trace.
    pub not_sampled: u64,
    /// Queries and updates of a sampler with a remote strategy.
    pub sampler: SamplerStats,
    /// What the reporter did with the delivered spans, in total.
    pub reporter: ReporterStats,
    /// The same for each transport, in the order of the reporter, with requests and latency.
    pub transports: Vec<TransportStats>,
    /// What tail sampling has decided, and what it holds. `None` without tail sampling.
    pub tail: Option<TailStats>,
    /// The pools that adapters watch, such as those of database connections, in the order in which they were made.
    pub pools: Vec<PoolStats>,
}

/// What a [`Reporter`](crate::Reporter) did with its spans.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ReporterStats {
    /// Spans that the backend accepted, or that were written.
    pub sent: u64,
    /// Spans dropped because a queue was full.
    pub dropped_queue_full: u64,
    /// Spans dropped because sending failed.
    pub dropped_failed: u64,
}

impl ReporterStats {
    /// Whether no span was dropped.
    pub fn is_lossless(&self) -> bool {
        self.dropped_queue_full == 0 && self.dropped_failed == 0
    }
}

impl Stats {
    /// Recorded spans that have finished: delivered or dropped.
    pub fn finished(&self) -> u64 {
        self.delivered
            + self.dropped_full
            + self.dropped_shutdown
            + self.dropped_unsampled
            + self.dropped_reporter_panic
            + self.dropped_fork
    }

    /// Spans that are being recorded: started and not [finished](Stats::finished). A span that finishes counts until it is drained, 50
    /// milliseconds or so later, or after a [`flush`](crate::Tracer::flush).
    pub fn open(&self) -> u64 {
        self.started.saturating_sub(self.finished())
    }

    /// The fraction of the sampler's decisions to record the trace; `None` if it made no decisions.
    pub fn sampling_rate(&self) -> Option<f64> {
        let asked = self.sampled + self.not_sampled;
        (asked > 0).then(|| self.sampled as f64 / asked as f64)
    }

    /// The counters in the text format of Prometheus, version 0.0.4, for an endpoint such as `/metrics`. Times are in seconds,
    /// sizes in bytes. [`Prometheus`] has the table of metrics.
    pub fn prometheus(&self) -> Prometheus<'_> {
        Prometheus::new(self)
    }

    /// Recorded spans that were dropped before the backend accepted them, by any cause but
    /// [`dropped_unsampled`](Stats::dropped_unsampled), which is intended.
    pub fn lost(&self) -> u64 {
        self.dropped_full
            + self.dropped_shutdown
            + self.dropped_reporter_panic
            + self.dropped_fork
            + self.reporter.dropped_queue_full
            + self.reporter.dropped_failed
    }
}

/// Counters that only one thread writes, so an increment is a load and a store without a locked instruction. Aligned to a cache line, since
/// another thread reads them.
#[derive(Default)]
#[repr(align(64))]
pub(crate) struct PortStats {
    pub(crate) started: AtomicU64,
    pub(crate) dropped_full: AtomicU64,
    pub(crate) dropped_shutdown: AtomicU64,
}

/// Events that are rare on every thread.
#[derive(Default)]
pub(crate) struct RareStats {
    pub(crate) dropped_fork: AtomicU64,
    pub(crate) baggage_dropped: AtomicU64,
    pub(crate) sampler_panics: AtomicU64,
    pub(crate) write_after_finish: AtomicU64,
    pub(crate) scopes_out_of_order: AtomicU64,
    pub(crate) extract_corrupted: AtomicU64,
    pub(crate) missing_route: AtomicU64,
    pub(crate) server_layers_nested: AtomicU64,
    pub(crate) missing_peer: AtomicU64,
    pub(crate) messages: MessageCounters,
}

/// Counters that only the draining thread writes.
#[derive(Default)]
pub(crate) struct DrainStats {
    pub(crate) delivered: AtomicU64,
    pub(crate) unfinished: AtomicU64,
    pub(crate) dropped_unsampled: AtomicU64,
    pub(crate) dropped_reporter_panic: AtomicU64,
    pub(crate) truncated: AtomicU64,
    pub(crate) excess_names: AtomicU64,
    pub(crate) operation_names: AtomicU64,
    pub(crate) finished_before_start: AtomicU64,
    pub(crate) logs_out_of_range: AtomicU64,
}
