//! One tracer for each service, and one place where all their spans go.

use std::time::Duration;

use examples::{BoxError, Ledger, Report};
use opentracing_core::{FlushError, Tracer};
use opentracing_reporter::FlushGuard;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::tally::Tally;
use crate::under_way::UnderWay;

/// Kept until the end: dropping a tracer's guard closes it.
pub(crate) struct Tracers {
    report: Report,
    pub(crate) tally: Tally,
    pub(crate) under_way: UnderWay,
    running: Vec<(Tracer, FlushGuard)>,
    /// How long a flush may take.
    patience: Duration,
}

/// What became of the spans.
pub(crate) struct Fate {
    /// Those that a tracer or a reporter lost.
    pub(crate) lost: u64,
    pub(crate) ledger: Ledger,
}

/// Longer than a flush takes to a backend that is there.
const PATIENCE: Duration = Duration::from_secs(2);
/// Enough to draw, once it is known that a backend is not there.
const IMPATIENCE: Duration = Duration::from_millis(400);

impl Tracers {
    pub(crate) fn new(report: Report) -> Self {
        Tracers { report, tally: Tally::default(), under_way: UnderWay::new(), running: Vec::new(), patience: PATIENCE }
    }

    /// Starts the tracer of that service. In a shop of six processes, each would do so for itself.
    pub(crate) fn start(&mut self, service: &str) -> Result<Tracer, BoxError> {
        let reporter = self.report.reporter()?.transport(self.tally.clone());
        let (tracer, guard) = reporter.start(Tracer::builder(service).tag("shop", "acme"))?;
        self.running.push((tracer.clone(), guard));
        Ok(tracer)
    }

    /// Returns once the spans of that many requests are drawn, so that what is printed next stands below them.
    pub(crate) async fn flush(&mut self, requests: usize) {
        // The customer has the answer a moment before its span has its end. A span that never comes is found in the summary.
        let _ = timeout(Duration::from_secs(2), self.tally.arrived(requests)).await;
        let _ = timeout(Duration::from_secs(2), self.under_way.none()).await;
        if !self.report.draws() {
            return;
        }
        let mut flushing = JoinSet::new();
        for (tracer, _) in &self.running {
            let (tracer, patience) = (tracer.clone(), self.patience);
            flushing.spawn_blocking(move || tracer.flush(patience));
        }
        // Spans that cannot be sent are counted, and tried again.
        if flushing.join_all().await.contains(&Err(FlushError::Timeout)) {
            self.patience = IMPATIENCE;
        }
    }

    /// Sends what is left, and tells what became of all spans. Blocks for as long as that takes.
    pub(crate) fn close(self) -> Fate {
        let tracers: Vec<Tracer> = self.running.iter().map(|(tracer, _)| tracer.clone()).collect();
        std::thread::scope(|threads| {
            for (_, guard) in self.running {
                // What is not through in time is lost, and counted as such.
                threads.spawn(move || guard.close(Duration::from_secs(5)));
            }
        });
        let stats: Vec<_> = tracers.iter().map(Tracer::stats).collect();
        let lost = stats.iter().map(|stats| stats.lost()).sum();
        Fate { lost, ledger: self.report.ledger(&stats) }
    }
}
