//! So many traces a second.

use std::time::Duration;

use opentracing_core::mock::{MockClock, MockTracer};
use opentracing_core::{Decision, RateLimitingSampler, Sampler};

use super::{keeps, noted, root};

/// How many of ten roots are kept, at once and after each of the pauses.
#[track_caller]
fn check(per_second: f64, pauses_ms: &[u64], expected: &[usize]) {
    let clock = MockClock::default();
    let sampler = RateLimitingSampler::new(per_second).clock(clock.clone());
    let kept: Vec<_> = [0]
        .iter()
        .chain(pauses_ms)
        .map(|pause| {
            clock.advance(Duration::from_millis(*pause));
            (0..10).filter(|_| keeps(&sampler, &root(1, "work"))).count()
        })
        .collect();
    assert_eq!(kept, expected, "{per_second} a second");
}

#[test]
fn keeps_so_many_a_second() {
    check(2.0, &[0, 500, 499, 10, 60_000], &[2, 0, 1, 0, 1, 2]);
    check(1.0, &[999, 1, 3_000], &[1, 0, 1, 1]);
    check(5.0, &[400, 200, 1_000], &[5, 2, 1, 5]);
    // Below one a second the burst is one trace.
    check(0.1, &[9_000, 1_000, 60_000], &[1, 0, 1, 1]);
    check(1e12, &[0], &[10, 10]);
}

#[test]
fn keeps_none_at_a_rate_that_is_none() {
    for rate in [0.0, -1.0, f64::NAN] {
        let sampler = RateLimitingSampler::new(rate);
        assert_eq!(sampler.constant(), Some(Decision::Drop), "{rate}");
        assert!(!keeps(&sampler, &root(1, "work")), "{rate}");
    }
    check(f64::MIN_POSITIVE, &[1_000_000], &[1, 0]);
    check(f64::INFINITY, &[0], &[10, 10]);
}

#[test]
fn tells_its_rule() {
    let sampler = RateLimitingSampler::new(1.0);
    assert_eq!(noted(&sampler, &root(1, "work")), (true, "ratelimiting 1".to_owned()));
    assert_eq!(sampler.traces_per_second(), 1.0);
}

#[test]
fn threads_share_one_limit() {
    let clock = MockClock::default();
    let sampler = RateLimitingSampler::new(100.0).clock(clock.clone());
    let kept: usize = std::thread::scope(|threads| {
        let count = || (0..1_000).filter(|_| keeps(&sampler, &root(1, "work"))).count();
        let all: Vec<_> = (0..4).map(|_| threads.spawn(count)).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // The clock moves on by a microsecond with each look: 4 milliseconds at most.
    assert_eq!(kept, 100);
}

#[test]
fn limits_the_traces_of_a_tracer_and_not_their_spans() {
    let mock = MockTracer::with(|builder| builder.sampler(RateLimitingSampler::new(1.0).clock(MockClock::default())));
    for _ in 0..3 {
        let _scope = mock.tracer().span("root").start_active();
        mock.tracer().span("child").start().finish();
    }
    mock.assert_tree("root\n  child");
}
