//! The reporter: batches, several transports, one thread.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use opentracing_core::{Batch, FlushError, Reporter, ReporterStats, Tracer, TracerBuilder, TransportStats};

use super::guard::FlushGuard;
use super::lane::{Lane, Limits, verdict};
use crate::transport::Transport;

/// Collects finished spans into batches and sends them by one transport or by several, on a thread of its own.
///
/// A transport that fails, panics or is slow takes nothing from the others: each has its own queue. What is lost is counted in
/// [`Tracer::stats`], where with several transports a span counts once for each of them.
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
#[must_use = "a reporter does nothing until it is started"]
pub struct BatchReporter {
    lanes: Vec<Lane>,
    limits: Limits,
    close_timeout: Duration,
    lost_at_flush: u64,
}

impl BatchReporter {
    /// Sends by that transport.
    pub fn new(transport: impl Transport) -> Self {
        BatchReporter {
            lanes: vec![Lane::new(Box::new(transport))],
            limits: Limits { queue: 2048, batch: 512, delay: Duration::from_secs(1) },
            close_timeout: Duration::from_secs(5),
            lost_at_flush: 0,
        }
    }

    /// Sends by that transport as well.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.lanes.push(Lane::new(Box::new(transport)));
        self
    }

    /// Spans that may wait for one transport or be under way in it; what is over is lost and counted in
    /// [`ReporterStats::dropped_queue_full`]. 2,048 by default, at least 1.
    pub fn queue(mut self, spans: usize) -> Self {
        self.limits.queue = spans.max(1);
        self
    }

    /// Spans that are sent at once, without waiting for more. 512 by default; what is beyond the [`queue`](BatchReporter::queue) counts
    /// as a whole queue.
    pub fn batch(mut self, spans: usize) -> Self {
        self.limits.batch = spans.max(1);
        self
    }

    /// How long a span waits for a batch to fill, to within 50 milliseconds. One second by default. Not for transports that
    /// [know better](Transport::delay), as the console does.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.limits.delay = delay;
        self
    }

    /// How long the [`FlushGuard`] waits when it is dropped. 5 seconds by default.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Builds the tracer, and starts the thread that reports its spans. Needs no runtime, nor cares for one.
    ///
    /// The tracer is closed when the guard is dropped: keep it until the end of `main`.
    ///
    /// # Errors
    ///
    /// If the operating system cannot start a thread.
    pub fn start(self, tracer: TracerBuilder) -> io::Result<(Tracer, FlushGuard)> {
        let close_timeout = self.close_timeout;
        let (tracer, drain) = tracer.build();
        std::thread::Builder::new().name("opentracing-reporter".into()).spawn(move || drain.run(self))?;
        Ok((tracer.clone(), FlushGuard::new(tracer, close_timeout)))
    }

    fn limits(&self) -> Limits {
        Limits { batch: self.limits.batch.min(self.limits.queue), ..self.limits }
    }

    /// Gives each transport its share of the time in turn, until all are through or the time is over. Who needs less leaves the rest to
    /// the others.
    fn flush_lanes(&mut self, deadline: Instant) -> bool {
        let mut open: Vec<&mut Lane> = self.lanes.iter_mut().collect();
        loop {
            let mut to_come = open.len() as u32;
            open.retain_mut(|lane| {
                let now = Instant::now();
                let share = deadline.saturating_duration_since(now) / to_come;
                to_come -= 1;
                !lane.flush(now + share)
            });
            if open.is_empty() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
        }
    }

    fn lost(&self) -> u64 {
        self.lanes.iter().map(Lane::lost).sum()
    }
}

impl Reporter for BatchReporter {
    fn report(&mut self, batch: Batch<'_>) {
        let limits = self.limits();
        self.lanes.iter_mut().for_each(|lane| lane.report(batch, limits));
    }

    fn tick(&mut self) {
        let limits = self.limits();
        self.lanes.iter_mut().for_each(|lane| lane.tick(limits));
    }

    fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        let all_through = self.flush_lanes(deadline);
        let lost = self.lost();
        let before = std::mem::replace(&mut self.lost_at_flush, lost);
        verdict(all_through, lost > before)
    }

    fn close(&mut self, deadline: Instant) -> Result<(), FlushError> {
        // A little before who waits gives up, so that the losses are there to be read.
        let now = Instant::now();
        let margin = (deadline.saturating_duration_since(now) / 10).min(Duration::from_millis(50));
        let flushed = self.flush(deadline.checked_sub(margin).unwrap_or(deadline));
        self.lanes.iter_mut().for_each(Lane::abandon);
        flushed
    }

    fn stats(&self) -> ReporterStats {
        let mut sum = ReporterStats::default();
        for Lane { stats, .. } in &self.lanes {
            sum.sent += stats.sent;
            sum.dropped_queue_full += stats.dropped_queue_full;
            sum.dropped_failed += stats.dropped_failed;
        }
        sum
    }

    fn transport_stats(&self, stats: &mut Vec<TransportStats>) {
        stats.extend(self.lanes.iter().map(Lane::transport_stats));
    }
}

impl fmt::Debug for BatchReporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transports: Vec<_> = self.lanes.iter().map(|lane| lane.name).collect();
        f.debug_struct("BatchReporter")
            .field("transports", &transports)
            .field("limits", &self.limits)
            .field("close_timeout", &self.close_timeout)
            .finish_non_exhaustive()
    }
}
