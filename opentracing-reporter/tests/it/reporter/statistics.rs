//! The statistics of each transport.

use std::time::{Duration, Instant};

use opentracing_core::{FinishedSpan, FlushError, Latency, Tracer, TransportStats};
use opentracing_reporter::{BatchReporter, SendOutcome, SendReason, Transport};

use crate::support::transports::{PATIENCE, finish_spans, scripted};

/// Sends one span per request, and counts the requests.
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

    fn send(&mut self, _: SendReason, _: Instant) -> SendOutcome {
        self.waiting -= 1;
        self.stats.requests += 1;
        self.stats.latency.record(Duration::from_millis(20));
        SendOutcome::sent(1)
    }

    fn stats(&self) -> TransportStats {
        // The reporter replaces what only it knows.
        let mut stats = self.stats.clone();
        (stats.name, stats.sent, stats.queued) = ("someone else", 1_000, 1_000);
        stats
    }
}

#[test]
fn each_transport_has_its_own_statistics() {
    let failing = scripted(|_, names| {
        let lost = std::mem::take(names).len();
        SendOutcome::dropped(lost, "on purpose")
    });
    let reporter = BatchReporter::new(Counting::default()).transport(failing);
    let (tracer, guard) = reporter.start(Tracer::builder("shop")).unwrap();
    finish_spans(&tracer, 3);
    assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed));

    let numbers = |tracer: &Tracer| -> Vec<_> {
        let of = |stats: &TransportStats| (stats.name, stats.sent, stats.dropped_failed, stats.queued, stats.requests);
        tracer.stats().transports.iter().map(of).collect()
    };
    assert_eq!(numbers(&tracer), [("counting", 3, 0, 0, 3), ("scripted", 0, 3, 0, 0)]);
    let TransportStats { bytes, latency, last_error, .. } = tracer.stats().transports.remove(0);
    assert_eq!(last_error, None);
    assert_eq!(tracer.stats().transports[1].last_error.as_deref(), Some("on purpose"));
    assert_eq!((bytes, latency.count(), latency.sum()), (3, 3, Duration::from_millis(60)));

    // They remain when the transports are dropped.
    finish_spans(&tracer, 1);
    assert_eq!(guard.close(PATIENCE), Err(FlushError::Failed));
    assert_eq!(numbers(&tracer), [("counting", 4, 0, 0, 4), ("scripted", 0, 4, 0, 0)]);
}

#[test]
fn counts_queued_spans_and_spans_dropped_by_a_full_queue() {
    let (tracer, guard) =
        BatchReporter::new(scripted(|_, _| SendOutcome::none())).queue_size(3).start(Tracer::builder("shop")).unwrap();
    finish_spans(&tracer, 4);
    let begun = Instant::now();
    let stats = loop {
        if let Some(stats) = tracer.stats().transports.pop()
            && stats.queued + stats.dropped_queue_full == 4
        {
            break stats;
        }
        assert!(begun.elapsed() < PATIENCE, "{:?}", tracer.stats());
        std::thread::yield_now();
    };
    assert_eq!((stats.queued, stats.dropped_queue_full, stats.sent), (3, 1, 0));
    guard.close(Duration::from_secs(1)).unwrap_err();
    let stats = tracer.stats().transports.remove(0);
    assert_eq!(
        (stats.dropped_failed, stats.last_error.as_deref()),
        (3, Some("the tracer was closed before an answer arrived"))
    );
}

#[test]
fn latency_buckets_are_cumulative() {
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
