//! What each transport did, as the tracer tells it.

use std::time::{Duration, Instant};

use opentracing_core::{FinishedSpan, Latency, Tracer, TransportStats};
use opentracing_reporter::{BatchReporter, Outcome, Reason, Transport};

use crate::transports::{PATIENCE, finish_spans, scripted};

/// Sends one span a request, and counts that.
#[derive(Default)]
struct Counting {
    waiting: usize,
    stats: TransportStats,
}

impl Transport for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        self.waiting += 1;
        self.stats.bytes += span.operation_name().len() as u64;
    }

    fn pending(&self) -> usize {
        self.waiting
    }

    fn send(&mut self, _: Reason, _: Instant) -> Outcome {
        self.waiting -= 1;
        self.stats.requests += 1;
        self.stats.latency.record(Duration::from_millis(20));
        Outcome::sent(1)
    }

    fn stats(&self) -> TransportStats {
        // What only the reporter knows is not taken from here.
        let mut stats = self.stats;
        (stats.name, stats.sent, stats.queued) = ("someone else", 1_000, 1_000);
        stats
    }
}

#[test]
fn each_transport_has_its_numbers() {
    let failing = scripted(|_, names| {
        let lost = std::mem::take(names).len();
        Outcome::lost(lost, "on purpose")
    });
    let stuck = scripted(|_, _| Outcome::none());
    let reporter = BatchReporter::new(Counting::default()).transport(failing).transport(stuck).queue(3);
    let (tracer, guard) = reporter.start(Tracer::builder("shop")).unwrap();
    finish_spans(&tracer, 3);
    // The one that is stuck keeps the flush from its end.
    tracer.flush(Duration::from_millis(200)).unwrap_err();
    finish_spans(&tracer, 1);
    tracer.flush(Duration::from_millis(200)).unwrap_err();

    let transports = tracer.stats().transports;
    let numbers: Vec<_> = transports
        .iter()
        .map(|stats| (stats.name, stats.sent, stats.dropped_failed, stats.dropped_queue_full, stats.queued))
        .collect();
    assert_eq!(numbers, [("counting", 4, 0, 0, 0), ("scripted", 0, 4, 0, 0), ("scripted", 0, 0, 1, 3)]);
    let TransportStats { requests, bytes, latency, .. } = transports[0];
    assert_eq!((requests, bytes, latency.count(), latency.sum()), (4, 4, 4, Duration::from_millis(80)));

    guard.close(PATIENCE / 20).unwrap_err();
    let closed = tracer.stats().transports;
    let left: Vec<_> = closed.iter().map(|stats| (stats.requests, stats.dropped_failed, stats.queued)).collect();
    assert_eq!(left, [(4, 0, 0), (0, 4, 0), (0, 3, 0)]);
}

#[test]
fn a_latency_counts_up_to_each_bound() {
    let mut latency = Latency::default();
    for ms in [0, 5, 6, 100, 10_000, 10_001, 60_000] {
        latency.record(Duration::from_millis(ms));
    }
    assert_eq!((latency.count(), latency.sum()), (7, Duration::from_millis(80_112)));
    let cumulative: Vec<_> = latency.cumulative().map(|(bound, count)| (bound.as_millis(), count)).collect();
    let expected = [
        (5, 2),
        (10, 3),
        (25, 3),
        (50, 3),
        (100, 4),
        (250, 4),
        (500, 4),
        (1_000, 4),
        (2_500, 4),
        (5_000, 4),
        (10_000, 5),
    ];
    assert_eq!(cumulative, expected);
    latency.record(Duration::MAX);
    assert_eq!(latency.sum(), Duration::MAX);
}
