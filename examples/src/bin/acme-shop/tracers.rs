//! One tracer for each service, and one place where all their spans go.

use std::io;
use std::time::Duration;

use examples::Report;
use opentracing_core::Tracer;
use opentracing_reporter::FlushGuard;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::tally::Tally;

/// Kept until the end: dropping a tracer's guard closes it.
pub(crate) struct Tracers {
    report: Report,
    pub(crate) tally: Tally,
    running: Vec<(Tracer, FlushGuard)>,
}

impl Tracers {
    pub(crate) fn new(report: Report) -> Self {
        Tracers { report, tally: Tally::default(), running: Vec::new() }
    }

    /// Starts the tracer of that service. In a shop of six processes, each would do so for itself.
    pub(crate) fn start(&mut self, service: &str) -> io::Result<Tracer> {
        let reporter = self.report.clone().reporter().transport(self.tally.clone());
        let (tracer, guard) = reporter.start(Tracer::builder(service).tag("shop", "acme"))?;
        self.running.push((tracer.clone(), guard));
        Ok(tracer)
    }

    /// Returns once the spans of that many requests are out, so that what is printed next stands below them.
    pub(crate) async fn flush(&self, requests: usize) {
        // The customer has the answer a moment before its span has its end. A span that never comes is found in the summary.
        let _ = timeout(Duration::from_secs(2), self.tally.arrived(requests)).await;
        for (tracer, _) in &self.running {
            let tracer = tracer.clone();
            // Spans that cannot be sent are counted.
            let _ = spawn_blocking(move || tracer.flush(Duration::from_secs(5))).await;
        }
    }

    /// Sends what is left, and tells how many spans never arrived.
    pub(crate) fn close(self) -> u64 {
        let mut lost = 0;
        for (tracer, guard) in self.running {
            // What is not through in time is lost, and counted as such.
            let _ = guard.close(Duration::from_secs(5));
            lost += tracer.stats().lost();
        }
        lost
    }
}
