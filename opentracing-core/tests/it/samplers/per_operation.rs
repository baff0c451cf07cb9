//! A share of each operation, with guaranteed throughput.

use std::time::Duration;

use opentracing_core::PerOperationSampler;
use opentracing_core::mock::{MockClock, MockTracer};

use super::{keeps, noted, root};

/// Kept by any share above zero, and by none but a share of one.
const LUCKY: u64 = 0;
const UNLUCKY: u64 = u64::MAX;

fn sampler(probability: f64, lower_bound: f64) -> (PerOperationSampler, MockClock) {
    let clock = MockClock::default();
    (PerOperationSampler::new(probability, lower_bound).clock(clock.clone()), clock)
}

#[test]
fn guarantees_each_operation_its_lower_bound() {
    let (sampler, clock) = sampler(0.1, 0.5);
    for name in ["a", "b"] {
        assert_eq!(noted(&sampler, &root(UNLUCKY, name)), (true, "lowerbound 0.1".to_owned()));
        assert!(!keeps(&sampler, &root(UNLUCKY, name)));
    }
    clock.advance(Duration::from_secs(1));
    assert!(!keeps(&sampler, &root(UNLUCKY, "a")));
    clock.advance(Duration::from_secs(1));
    assert!(keeps(&sampler, &root(UNLUCKY, "a")));
    assert!(!keeps(&sampler, &root(UNLUCKY, "a")));
}

#[test]
fn what_the_share_keeps_counts_for_the_lower_bound() {
    let (sampler, clock) = sampler(0.1, 0.5);
    assert_eq!(noted(&sampler, &root(LUCKY, "a")), (true, "probabilistic 0.1".to_owned()));
    assert!(!keeps(&sampler, &root(UNLUCKY, "a")));
    // The share does not need the lower bound.
    assert!(keeps(&sampler, &root(LUCKY, "a")));
    clock.advance(Duration::from_secs(2));
    assert_eq!(noted(&sampler, &root(UNLUCKY, "a")), (true, "lowerbound 0.1".to_owned()));
}

#[test]
fn named_operations_have_shares_of_their_own() {
    let clock = MockClock::default();
    let sampler = PerOperationSampler::new(0.0, 0.0).operation("a", 1.0).clock(clock).operation("b", 0.5);
    assert_eq!(noted(&sampler, &root(UNLUCKY, "a")), (true, "probabilistic 1".to_owned()));
    assert!(!keeps(&sampler, &root(UNLUCKY, "b")));
    assert_eq!(noted(&sampler, &root(1, "b")), (true, "probabilistic 0.5".to_owned()));
    assert!(!keeps(&sampler, &root(1, "c")));
}

#[test]
fn beyond_so_many_operations_the_default_share_is_all() {
    let (sampler, clock) = sampler(0.1, 1.0);
    let sampler = sampler.max_operations(2).operation("named", 0.1);
    assert!(keeps(&sampler, &root(UNLUCKY, "first")));
    assert!(keeps(&sampler, &root(UNLUCKY, "named")));
    for n in 0..100 {
        assert!(!keeps(&sampler, &root(UNLUCKY, &format!("made of data {n}"))));
    }
    assert_eq!(noted(&sampler, &root(LUCKY, "one more")), (true, "probabilistic 0.1".to_owned()));
    clock.advance(Duration::from_secs(1));
    assert!(keeps(&sampler, &root(UNLUCKY, "first")));
}

#[test]
fn threads_share_the_lower_bound_of_an_operation() {
    let (sampler, _clock) = sampler(0.0, 1.0);
    let kept: usize = std::thread::scope(|threads| {
        let count = || (0..100).filter(|_| keeps(&sampler, &root(UNLUCKY, "a"))).count();
        let all: Vec<_> = (0..4).map(|_| threads.spawn(count)).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(kept, 1);
}

#[test]
fn tells_the_backend_by_which_rule_a_trace_was_kept() {
    let (sampler, _clock) = sampler(0.0, 1.0);
    let mock = MockTracer::with(|builder| builder.sampler(sampler));
    {
        let _scope = mock.tracer().span("root").start_active();
        mock.tracer().span("child").start().finish();
    }
    mock.assert_tree("root\n  child");
    let tag = |name, key| mock.span(name).tag(key).map(|value| value.to_string());
    assert_eq!(tag("root", "sampler.type").as_deref(), Some("lowerbound"));
    assert_eq!(tag("root", "sampler.param").as_deref(), Some("0"));
    assert_eq!(tag("child", "sampler.type"), None);
}
