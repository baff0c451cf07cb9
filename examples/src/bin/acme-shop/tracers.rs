//! One tracer per service, with a shared destination for all spans.

use std::time::Duration;

use examples::{BoxError, Deliveries, Report};
use opentracing_core::{FlushError, Metrics, RedFigures, TailStats, Tracer};
use opentracing_reporter::{FlushGuard, TailSampling};
use opentracing_viewer::ViewerHandle;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::in_flight::InFlight;
use crate::trace_check::TraceCheck;

/// Kept until the end, because dropping the guard of a tracer closes it.
pub(crate) struct Tracers {
    pub(crate) report: Report,
    pub(crate) trace_check: TraceCheck,
    pub(crate) in_flight: InFlight,
    /// The page that shows what the tracers say of themselves.
    view: Option<ViewerHandle>,
    /// The figures of each service.
    pub(crate) metrics: Vec<Metrics>,
    /// The services decide at the end of their traces whether they are kept.
    tail: bool,
    running: Vec<(Tracer, FlushGuard)>,
    /// The time limit of a flush.
    flush_timeout: Duration,
}

/// How the spans were reported.
pub(crate) struct SpanReport {
    /// Spans that a tracer or reporter lost.
    pub(crate) lost: u64,
    /// What tail sampling decided, by service.
    pub(crate) tail: Vec<(String, TailStats)>,
    pub(crate) deliveries: Deliveries,
}

/// Slower traces are kept.
const SLOW: Duration = Duration::from_millis(250);
/// Longer than a flush to a reachable backend takes.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// After a flush has timed out. Long enough to print the trees.
const SHORT_FLUSH_TIMEOUT: Duration = Duration::from_millis(400);

impl Tracers {
    pub(crate) fn new(report: Report, view: Option<ViewerHandle>, tail: bool) -> Self {
        Tracers {
            report,
            trace_check: TraceCheck::default(),
            in_flight: InFlight::new(),
            view,
            metrics: Vec::new(),
            tail,
            running: Vec::new(),
            flush_timeout: FLUSH_TIMEOUT,
        }
    }

    /// Starts the tracer of a service. As separate processes, each service would do this itself.
    pub(crate) fn start(&mut self, service: &str) -> Result<Tracer, BoxError> {
        let mut reporter = self.report.reporter()?.transport(self.trace_check.clone());
        let figures = RedFigures::builder().build();
        let mut builder = Tracer::builder(service).tag("shop", "acme").red(&figures);
        if self.tail {
            // Each service decides about its own part of a trace. What the share keeps, it keeps in all of them.
            reporter = reporter.tail_sampling(TailSampling::new().slow(SLOW).share(0.1).decide_sampled());
            builder = builder.deferred_as_sampled();
        }
        let (tracer, guard) = reporter.start(builder)?;
        self.metrics.push(Metrics::new(tracer.clone()).red(&figures).label("service", service));
        if let Some(view) = &self.view {
            view.watch(&tracer);
        }
        self.running.push((tracer.clone(), guard));
        Ok(tracer)
    }

    /// Waits until the traces of this number of requests are printed, so that the next output follows them.
    pub(crate) async fn flush(&mut self, requests: usize) {
        // The response arrives shortly before its span finishes. The summary reports missing spans.
        if !self.tail {
            let _ = timeout(Duration::from_secs(2), self.trace_check.wait_for_requests(requests)).await;
        }
        let _ = timeout(Duration::from_secs(2), self.in_flight.wait_until_empty()).await;
        if !self.report.has_console() {
            return;
        }
        let mut flushing = JoinSet::new();
        for (tracer, _) in &self.running {
            let (tracer, flush_timeout) = (tracer.clone(), self.flush_timeout);
            flushing.spawn_blocking(move || tracer.flush(flush_timeout));
        }
        // Spans that cannot be sent are counted and retried.
        if flushing.join_all().await.contains(&Err(FlushError::Timeout)) {
            self.flush_timeout = SHORT_FLUSH_TIMEOUT;
        }
    }

    /// From here on, a signal sends the remaining spans and ends the program at once.
    pub(crate) fn flush_on_terminate(&self) -> Result<(), BoxError> {
        #[cfg(unix)]
        for (_, guard) in &self.running {
            guard.flush_on_terminate(SHORT_FLUSH_TIMEOUT)?;
        }
        Ok(())
    }

    /// Sends the remaining spans and returns the result. Blocks.
    pub(crate) fn close(self) -> SpanReport {
        let tracers: Vec<Tracer> = self.running.iter().map(|(tracer, _)| tracer.clone()).collect();
        std::thread::scope(|threads| {
            for (_, guard) in self.running {
                // Spans that are not sent in time are counted as lost.
                threads.spawn(move || guard.close(Duration::from_secs(5)));
            }
        });
        let stats: Vec<_> = tracers.iter().map(Tracer::stats).collect();
        let lost = stats.iter().map(|stats| stats.lost()).sum();
        let name = |tracer: &Tracer| tracer.process().map_or_else(String::new, |process| process.service().to_owned());
        let decided =
            tracers.iter().zip(&stats).filter_map(|(tracer, stats)| Some((name(tracer), stats.tail.clone()?)));
        SpanReport { lost, tail: decided.collect(), deliveries: self.report.deliveries(&stats) }
    }
}
