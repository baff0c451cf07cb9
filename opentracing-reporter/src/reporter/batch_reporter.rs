//! The reporter: one thread that hands batches to one or several transports.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use opentracing_core::{
    Batch, ConstSampler, Decision, FlushError, Hold, Reporter, ReporterStats, TailStats, Tracer, TracerBuilder,
    TransportStats,
};

use super::check;
use super::guard::{FlushGuard, Unguarded};
use super::managed_transport::{Limits, ManagedTransport, OwnLimits, flush_result};
use crate::tail_sampling::{Tail, TailSampling};
use crate::transport::{CheckResult, Transport, TransportCheck};

/// Sends finished spans in batches, through one or several transports, on a thread of its own.
///
/// Each transport has its own queue, so one that fails, panics or is slow does not affect the others. Dropped spans are counted in
/// [`Tracer::stats`]. With several transports a span counts once for each of them.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, Console};
///
/// let (tracer, guard) = BatchReporter::new(Console::stderr()).start(Tracer::builder("shop"))?;
/// tracer.span("checkout").start().finish();
/// drop(guard); // flushes
/// assert_eq!(tracer.stats().reporter.sent, 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "does nothing until it is started"]
pub struct BatchReporter {
    transports: Vec<ManagedTransport>,
    limits: Limits,
    close_timeout: Duration,
    /// The time-out of the check at the start.
    check_timeout: Option<Duration>,
    dropped_at_flush: u64,
    unguarded: Unguarded,
    has_warned_unguarded: bool,
    tail: Option<Tail>,
}

impl BatchReporter {
    /// Sends through `transport`.
    pub fn new(transport: impl Transport) -> Self {
        Self::with_limits([(Box::new(transport) as Box<dyn Transport>, OwnLimits::default())])
    }

    /// Sends through transports with limits of their own, which later settings of the reporter replace.
    pub(crate) fn with_limits(transports: impl IntoIterator<Item = (Box<dyn Transport>, OwnLimits)>) -> Self {
        BatchReporter {
            transports: transports.into_iter().map(|(transport, own)| ManagedTransport::new(transport, own)).collect(),
            limits: Limits { queue_size: 2048, batch_size: 512, batch_delay: Duration::from_secs(1) },
            close_timeout: Duration::from_secs(5),
            check_timeout: None,
            dropped_at_flush: 0,
            unguarded: Unguarded::default(),
            has_warned_unguarded: false,
            tail: None,
        }
    }

    /// Adds another transport. Each transport receives every span.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transports.push(ManagedTransport::new(Box::new(transport), OwnLimits::default()));
        self
    }

    /// Sets how many spans may be pending in one transport. Further spans are dropped and counted in
    /// [`ReporterStats::dropped_queue_full`]. 2,048 by default, at least 1.
    pub fn queue_size(mut self, spans: usize) -> Self {
        self.limits.queue_size = spans.max(1);
        self.transports.iter_mut().for_each(|transport| transport.own.queue_size = None);
        self
    }

    /// Sets how many spans make a batch that is sent without waiting for more. 512 by default, at most the
    /// [`queue_size`](BatchReporter::queue_size).
    pub fn batch_size(mut self, spans: usize) -> Self {
        self.limits.batch_size = spans.max(1);
        self.transports.iter_mut().for_each(|transport| transport.own.batch_size = None);
        self
    }

    /// Sets how long a span waits for a batch to fill, to within 50 milliseconds. One second by default. A transport can
    /// [override it](Transport::batch_delay), as the console does.
    pub fn batch_delay(mut self, delay: Duration) -> Self {
        self.limits.batch_delay = delay;
        self.transports.iter_mut().for_each(|transport| transport.own.batch_delay = None);
        self
    }

    /// Sets how long dropping the [`FlushGuard`] may take. 5 seconds by default.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Decides at the end of each trace whether it is kept. Without it, every sampled span is sent.
    ///
    /// [`start`](BatchReporter::start) then makes the tracer record all traces, unless it has a
    /// [sampler](opentracing_core::TracerBuilder::sampler) of its own. Such a sampler returns
    /// [`Decision::Record`](opentracing_core::Decision::Record) for traces that are to be decided at their end.
    pub fn tail_sampling(mut self, tail: TailSampling) -> Self {
        self.tail = Some(Tail::new(tail));
        self
    }

    /// Writes a line to `log` for each transport once the reporter has started: whether its server answers, or what is wrong. At level
    /// `warn` if spans would not arrive, else at `info`. Off by default.
    ///
    /// The [check](BatchReporter::check) runs on threads of its own and delays nothing.
    pub fn check_at_start(mut self, timeout: Duration) -> Self {
        self.check_timeout = Some(timeout);
        self
    }

    /// Checks whether spans would arrive, and returns one line for each transport: address, TLS, answer, and what is probably wrong.
    ///
    /// A network transport opens a connection of its own and sends a request without spans, with its headers and certificates. UDP
    /// cannot be checked, since nothing comes back. Blocks until all transports are checked, for at most `timeout`. Call it before
    /// [`start`](BatchReporter::start), in a program with an asynchronous runtime on a thread that may block.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use opentracing_reporter::{BatchReporter, Otlp};
    ///
    /// let reporter = BatchReporter::new(Otlp::http("http://127.0.0.1:9")?);
    /// for result in reporter.check(Duration::from_secs(2)) {
    ///     // otlp: failed: no connection to http://127.0.0.1:9/v1/traces: Connection refused (os error 111)
    ///     println!("{result}");
    ///     assert!(result.has_failed());
    /// }
    /// # Ok::<(), opentracing_reporter::InvalidEndpoint>(())
    /// ```
    pub fn check(&self, timeout: Duration) -> Vec<CheckResult> {
        check::run(self.checks(), timeout)
    }

    fn checks(&self) -> Vec<(&'static str, TransportCheck)> {
        self.transports.iter().map(ManagedTransport::check).collect()
    }

    /// Builds the tracer and starts the thread that reports its spans. It neither needs nor uses an asynchronous runtime.
    ///
    /// Keep the guard until the end of `main`, in a variable such as `_guard`: dropping it flushes the remaining spans and closes the
    /// tracer.
    ///
    /// # Errors
    ///
    /// If the operating system cannot start a thread.
    pub fn start(self, tracer: TracerBuilder) -> io::Result<(Tracer, FlushGuard)> {
        let (close_timeout, unguarded) = (self.close_timeout, self.unguarded.clone());
        if let Some(timeout) = self.check_timeout {
            let checks = self.checks();
            let work = move || check::log(&check::run(checks, timeout));
            std::thread::Builder::new().name("opentracing-check".into()).spawn(work)?;
        }
        let names = self.transports.iter().map(|transport| transport.name);
        let backends = names.map(|name| name.split_once('-').map_or(name, |(backend, _)| backend));
        let mut tracer = backends.fold(tracer, TracerBuilder::backend);
        if self.tail.is_some() {
            tracer = tracer.default_sampler(ConstSampler::new(Decision::Record));
        }
        let (tracer, drain) = tracer.build();
        std::thread::Builder::new().name("opentracing-reporter".into()).spawn(move || drain.run(self))?;
        Ok((tracer.clone(), FlushGuard::new(tracer, close_timeout, unguarded)))
    }

    /// Warns once, with the first span, if nothing will flush the last ones.
    fn warn_if_unguarded(&mut self, batch: Batch<'_>) {
        if self.has_warned_unguarded || self.unguarded.get().is_none() {
            return;
        }
        if let Some(span) = batch.iter().next() {
            self.has_warned_unguarded = true;
            log::warn!(
                "the FlushGuard of {:?} was dropped before the first span, so nothing flushes the last spans when the program ends: \
                 bind it to a name such as `_guard` and keep it until the end of `main`",
                span.process().service()
            );
        }
    }

    /// Flushes the transports in turn, each within its share of the time, until all are empty or the time is over. Time that one does not
    /// need goes to the others.
    fn flush_transports(&mut self, deadline: Instant) -> bool {
        let mut open: Vec<&mut ManagedTransport> = self.transports.iter_mut().collect();
        loop {
            let mut remaining = open.len() as u32;
            open.retain_mut(|transport| {
                let now = Instant::now();
                let share = deadline.saturating_duration_since(now) / remaining;
                remaining -= 1;
                !transport.flush(now + share)
            });
            if open.is_empty() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
        }
    }

    fn dropped(&self) -> u64 {
        self.transports.iter().map(ManagedTransport::dropped).sum()
    }
}

impl Reporter for BatchReporter {
    fn report(&mut self, batch: Batch<'_>) {
        self.warn_if_unguarded(batch);
        let limits = self.limits;
        self.transports.iter_mut().for_each(|transport| transport.report(batch, limits));
    }

    fn holds(&self) -> bool {
        self.tail.is_some()
    }

    fn hold(&mut self, hold: &mut Hold<'_>) {
        // Taken out, so that it can call the transports.
        let Some(mut tail) = self.tail.take() else { return };
        tail.hold(hold, |batch| self.report(batch));
        self.tail = Some(tail);
    }

    fn tick(&mut self) {
        let limits = self.limits;
        self.transports.iter_mut().for_each(|transport| transport.tick(limits));
    }

    fn max_pause(&self) -> Duration {
        let limits = self.limits;
        let tail = self.tail.as_ref().and_then(Tail::pause);
        self.transports.iter().map(|transport| transport.max_pause(limits)).chain(tail).min().unwrap_or(Duration::MAX)
    }

    fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        let is_empty = self.flush_transports(deadline);
        let dropped = self.dropped();
        let before = std::mem::replace(&mut self.dropped_at_flush, dropped);
        flush_result(is_empty, dropped > before)
    }

    fn close(&mut self, deadline: Instant) -> Result<(), FlushError> {
        // Stops a little early, so that the caller finds the dropped spans in the statistics.
        let now = Instant::now();
        let margin = (deadline.saturating_duration_since(now) / 10).min(Duration::from_millis(50));
        let flushed = self.flush(deadline.checked_sub(margin).unwrap_or(deadline));
        self.transports.iter_mut().for_each(ManagedTransport::abandon);
        flushed
    }

    fn stats(&self) -> ReporterStats {
        let mut sum = ReporterStats::default();
        for ManagedTransport { stats, .. } in &self.transports {
            sum.sent += stats.sent;
            sum.dropped_queue_full += stats.dropped_queue_full;
            sum.dropped_failed += stats.dropped_failed;
        }
        sum
    }

    fn tail_stats(&self, stats: &mut Option<TailStats>) {
        if let Some(tail) = &self.tail {
            tail.stats(stats);
        }
    }

    fn transport_stats(&self, stats: &mut Vec<TransportStats>) {
        stats.extend(self.transports.iter().map(ManagedTransport::transport_stats));
    }
}

impl fmt::Debug for BatchReporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transports: Vec<_> = self.transports.iter().map(|transport| transport.name).collect();
        f.debug_struct("BatchReporter")
            .field("transports", &transports)
            .field("limits", &self.limits)
            .field("close_timeout", &self.close_timeout)
            .finish_non_exhaustive()
    }
}
