//! A request that keeps failing while others are accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use opentracing_core::{Tracer, TransportStats};
use opentracing_reporter::Spool;

use crate::export::faults::tracer;
use crate::otlp::spans::{TestResult, names_in};
use crate::support::collector::{Collector, Got, Hand, Reply};
use crate::support::transports::{PATIENCE, finish_spans, names};

const BUSY: &str = "503 Service Unavailable";

fn is_bad(got: &Got) -> bool {
    names_in(got).iter().any(|name| name.starts_with("bad"))
}

/// A span every quarter of a second, until the statistics are as expected. Returns the number of these spans.
pub(crate) fn go_on(tracer: &Tracer, hand: &Hand, is_there: impl Fn(&TransportStats) -> bool) -> usize {
    let end = Instant::now() + PATIENCE;
    for spans in 0.. {
        let _ = tracer.flush(Duration::from_millis(2));
        let stats = tracer.stats().transports.remove(0);
        if is_there(&stats) {
            return spans;
        }
        assert!(Instant::now() < end, "it should have happened by now: {stats:?}");
        hand.advance(Duration::from_millis(250));
        tracer.span("more").start().finish();
    }
    unreachable!("there are enough numbers")
}

/// The names in all requests that were accepted.
fn accepted(collector: &Collector) -> Vec<String> {
    collector.all().iter().filter(|got| !is_bad(got)).flat_map(names_in).collect()
}

#[track_caller]
fn check(status: &'static str, bad: usize, spool: Option<Spool>) -> TestResult {
    let collector = Collector::deciding(move |got| if is_bad(got) { Reply::status(status) } else { Reply::ok() })?;
    let (tracer, hand) = tracer(&collector.url(), |otlp| match spool {
        None => otlp,
        Some(spool) => otlp.spool(spool).expect("the folder is there"),
    })?;
    finish_spans(&tracer, 20);
    for number in 0..bad {
        tracer.span(format!("bad {number}")).start().finish();
    }
    let more = go_on(&tracer, &hand, |stats| stats.dropped_failed == bad as u64);
    assert_eq!(tracer.flush(PATIENCE), Ok(()), "{status}: an earlier flush has reported the bad ones");
    let stats = tracer.stats().transports.remove(0);
    let counts = (stats.sent, stats.retries_exhausted, stats.rejected, stats.queued, stats.spooled);
    assert_eq!(counts, ((20 + more) as u64, bad as u64, 0, 0, 0), "{status}");
    let error = stats.last_error.ok_or("it has failed")?;
    assert!(error.contains("\"bad ") && error.contains(status), "{error}");
    let mut arrived = accepted(&collector);
    arrived.retain(|name| name != "more");
    arrived.sort_by_key(|name| name.parse::<usize>().ok());
    assert_eq!(arrived, names(20), "{status}: each once");
    Ok(())
}

#[test]
fn gives_up_the_span_that_the_server_cannot_take_and_sends_the_rest() -> TestResult {
    for status in ["502 Bad Gateway", BUSY, "504 Gateway Timeout"] {
        check(status, 1, None)?;
    }
    check(BUSY, 3, None)
}

#[test]
fn gives_up_a_span_in_the_spool_too() -> TestResult {
    let folder = tempfile::tempdir()?;
    check(BUSY, 1, Some(Spool::new(folder.path())))?;
    check(BUSY, 3, Some(Spool::new(folder.path())))
}

#[test]
fn gives_up_nothing_while_nothing_is_accepted() -> TestResult {
    let is_down = Arc::new(AtomicBool::new(true));
    let down = is_down.clone();
    let collector = Collector::deciding(move |_| match down.load(Ordering::Relaxed) {
        true => Reply::status(BUSY),
        false => Reply::ok(),
    })?;
    let (tracer, hand) = tracer(&collector.url(), |otlp| otlp)?;
    let more = go_on(&tracer, &hand, |stats| stats.failed_requests == 40);
    assert_eq!((tracer.stats().lost(), tracer.stats().reporter.sent), (0, 0));
    is_down.store(false, Ordering::Relaxed);
    let end = Instant::now() + PATIENCE;
    while tracer.stats().reporter.sent < more as u64 {
        let _ = tracer.flush(Duration::from_millis(2));
        hand.advance(Duration::from_millis(250));
        assert!(Instant::now() < end, "all arrive: {:?}", tracer.stats().transports);
    }
    let stats = tracer.stats().transports.remove(0);
    assert_eq!((stats.sent, stats.dropped_failed, stats.queued), (more as u64, 0, 0));
    Ok(())
}

#[test]
fn a_failure_for_everything_splits_nothing() -> TestResult {
    let collector = Collector::deciding(|_| Reply::status(BUSY))?;
    let (tracer, hand) = tracer(&collector.url(), |otlp| otlp)?;
    finish_spans(&tracer, 8);
    go_on(&tracer, &hand, |stats| stats.failed_requests == 40);
    let first =
        collector.all().iter().map(names_in).filter(|names| names.contains(&"0".to_owned())).collect::<Vec<_>>();
    assert!(first.len() > 3 && first.iter().all(|request| request.len() >= 8), "{first:?}");
    assert_eq!(tracer.stats().lost(), 0);
    tracer.close(Duration::ZERO).unwrap_err();
    Ok(())
}
