//! Where spans and headers went.

use std::sync::atomic::AtomicU64;

use crate::propagation::FormatStats;
use crate::stats::prometheus::Prometheus;
use crate::stats::sampler_stats::SamplerStats;
use crate::stats::transport_stats::TransportStats;

/// What became of the spans of a tracer, and what it met on the way. A snapshot: each number is exact once the threads rest.
///
/// `delivered` and the numbers that begin with `dropped` add up to the spans that were recorded and finished.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Spans whose recording began. Those of traces that are not sampled do not count.
    pub started: u64,
    /// Handed to the reporter.
    pub delivered: u64,
    /// Lost because a thread finished spans faster than they were drained.
    pub dropped_full: u64,
    /// Finished after the tracer was closed.
    pub dropped_shutdown: u64,
    /// Recorded, then decided against: by a late `sampling.priority`, or recorded without being sampled.
    pub dropped_unsampled: u64,
    /// Lost because the reporter panicked.
    pub dropped_reporter_panic: u64,
    /// Tags, logs and values left out or cut because of [`Limits`](crate::Limits).
    pub truncated: u64,
    /// Baggage items left out because of [`Limits`](crate::Limits), or by a propagator because of its limits.
    pub baggage_dropped: u64,
    /// Spans whose operation name was beyond [`Limits::operation_names`](crate::Limits::operation_names).
    pub excess_names: u64,
    /// Samplers that panicked; their span was not sampled.
    pub sampler_panics: u64,
    /// Uses of a span after it had finished; they did nothing.
    pub write_after_finish: u64,
    /// Spans with an explicit finish time before their start; their duration is zero.
    pub finished_before_start: u64,
    /// Logs with an explicit time more than a millisecond before the start of their span or after its end; they stay as they are.
    pub logs_out_of_range: u64,
    /// Scopes that were closed while a later one was open.
    pub scopes_out_of_order: u64,
    /// Carriers with a context that could not be read.
    pub extract_corrupted: u64,
    /// Headers and properties that could not be read and counted as absent, whether or not another format made up for them.
    pub fields_malformed: u64,
    /// Formats that are read, and what of them did not count.
    pub formats: Vec<FormatStats>,
    /// Server spans that ended without a route template, so that their name is the method alone.
    pub missing_route: u64,
    /// Whether the [`Drain`](crate::Drain) was dropped before it ran, so that every span is lost.
    pub drain_dropped: bool,
    /// Distinct operation names so far, up to [`Limits::operation_names`](crate::Limits::operation_names). Those that stand in the
    /// program as literals do not count.
    pub operation_names: u64,
    /// Traces that the sampler was asked about and kept, recorded without being sampled included. A sampler that
    /// [always decides the same](crate::Sampler::constant) is not asked.
    pub sampled: u64,
    /// Traces that the sampler was asked about and did not keep.
    pub not_sampled: u64,
    /// How it went with what the sampler is told from elsewhere.
    pub sampler: SamplerStats,
    /// What the reporter did with the delivered spans.
    pub reporter: ReporterStats,
    /// The same by transport, in the order in which the reporter was given them, with what went over the network.
    pub transports: Vec<TransportStats>,
}

/// What became of the spans that a [`Reporter`](crate::Reporter) was given.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ReporterStats {
    /// Accepted by the other side, or written.
    pub sent: u64,
    /// Lost because too many were waiting.
    pub dropped_queue_full: u64,
    /// Lost because they could not be sent.
    pub dropped_failed: u64,
}

impl ReporterStats {
    /// Whether any span was lost.
    pub fn is_lossless(&self) -> bool {
        self.dropped_queue_full == 0 && self.dropped_failed == 0
    }
}

impl Stats {
    /// Spans that were recorded, have finished, and came to the reporter or were lost before.
    pub fn finished(&self) -> u64 {
        self.delivered
            + self.dropped_full
            + self.dropped_shutdown
            + self.dropped_unsampled
            + self.dropped_reporter_panic
    }

    /// Spans that are being recorded: started and not [finished](Stats::finished). A span that finishes counts until it is drained, 50
    /// milliseconds or so later, or after a [`flush`](crate::Tracer::flush).
    pub fn open(&self) -> u64 {
        self.started.saturating_sub(self.finished())
    }

    /// The share of the traces that the sampler was asked about and kept; `None` if it was never asked.
    pub fn sampling_rate(&self) -> Option<f64> {
        let asked = self.sampled + self.not_sampled;
        (asked > 0).then(|| self.sampled as f64 / asked as f64)
    }

    /// The numbers in the text format that Prometheus reads, version 0.0.4, for an endpoint such as `/metrics`. Times are in seconds,
    /// sizes in bytes. [`Prometheus`] has the table of metrics.
    pub fn prometheus(&self) -> Prometheus<'_> {
        Prometheus::new(self)
    }

    /// Spans that were recorded and finished, and did not reach their end on purpose or by mishap.
    ///
    /// Those of [`dropped_unsampled`](Stats::dropped_unsampled) do not count: somebody asked for that.
    pub fn lost(&self) -> u64 {
        self.dropped_full
            + self.dropped_shutdown
            + self.dropped_reporter_panic
            + self.reporter.dropped_queue_full
            + self.reporter.dropped_failed
    }
}

/// Counters written by one thread only: a load and a store, no locked instruction. A line of their own, since another thread reads.
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
    pub(crate) baggage_dropped: AtomicU64,
    pub(crate) sampler_panics: AtomicU64,
    pub(crate) write_after_finish: AtomicU64,
    pub(crate) scopes_out_of_order: AtomicU64,
    pub(crate) extract_corrupted: AtomicU64,
    pub(crate) missing_route: AtomicU64,
}

/// Written by the draining thread only.
#[derive(Default)]
pub(crate) struct DrainStats {
    pub(crate) delivered: AtomicU64,
    pub(crate) dropped_unsampled: AtomicU64,
    pub(crate) dropped_reporter_panic: AtomicU64,
    pub(crate) truncated: AtomicU64,
    pub(crate) excess_names: AtomicU64,
    pub(crate) operation_names: AtomicU64,
    pub(crate) finished_before_start: AtomicU64,
    pub(crate) logs_out_of_range: AtomicU64,
}
