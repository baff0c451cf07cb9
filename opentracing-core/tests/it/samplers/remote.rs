//! Strategies that come while the tracer runs.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Scope;
use std::time::Duration;

use opentracing_core::mock::{MockClock, MockTracer};
use opentracing_core::{
    ConstSampler, ParentBased, PerOperationStrategies, RemoteSampler, Rule, RuleSampler, Sampler, SamplerStats,
    SamplingStrategy, Value,
};

use super::{keeps, noted, root};

/// Kept by any share above zero, and by none but a share of one.
const LUCKY: u64 = 0;
const UNLUCKY: u64 = u64::MAX;

fn sampler() -> (RemoteSampler, MockClock) {
    let clock = MockClock::default();
    (RemoteSampler::new(ConstSampler::off()).clock(clock.clone()), clock)
}

fn probabilistic(sampling_rate: f64) -> SamplingStrategy {
    SamplingStrategy::Probabilistic { sampling_rate }
}

fn rate_limiting(max_traces_per_second: f64) -> SamplingStrategy {
    SamplingStrategy::RateLimiting { max_traces_per_second }
}

/// The default share, the two bounds, and the shares of operations.
fn per_operation(share: f64, lower: f64, upper: f64, named: &[(&str, f64)]) -> SamplingStrategy {
    let mut strategies = PerOperationStrategies::default();
    strategies.default_sampling_probability = share;
    strategies.default_lower_bound_traces_per_second = lower;
    strategies.default_upper_bound_traces_per_second = upper;
    strategies.per_operation = named.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect();
    SamplingStrategy::PerOperation(strategies)
}

/// How many of so many traces of an operation are kept, all of them unlucky.
fn kept(sampler: &RemoteSampler, name: &str, traces: usize) -> usize {
    (0..traces).filter(|_| keeps(sampler, &root(UNLUCKY, name))).count()
}

#[test]
fn the_initial_sampler_decides_until_the_first_strategy() {
    let sampler = RemoteSampler::new(ConstSampler::on());
    assert_eq!(noted(&sampler, &root(UNLUCKY, "work")), (true, "const true".to_owned()));
    assert_eq!((sampler.strategy(), sampler.constant()), (None, None));
    sampler.update(probabilistic(0.25)).unwrap();
    assert_eq!(noted(&sampler, &root(UNLUCKY, "work")), (false, "probabilistic 0.25".to_owned()));
    assert_eq!(sampler.strategy(), Some(probabilistic(0.25)));
    assert_eq!(noted(&RemoteSampler::default(), &root(UNLUCKY, "work")).1, "probabilistic 0.001");
}

#[test]
fn each_strategy_decides_and_says_so() {
    #[track_caller]
    fn check(strategy: SamplingStrategy, low: u64, name: &str, expected: (bool, &str)) {
        let (sampler, _clock) = sampler();
        sampler.update(strategy.clone()).unwrap();
        let (kept, rule) = noted(&sampler, &root(low, name));
        assert_eq!((kept, &*rule), expected, "{strategy:?}");
    }
    check(probabilistic(1.0), UNLUCKY, "a", (true, "probabilistic 1"));
    check(probabilistic(0.5), LUCKY, "a", (true, "probabilistic 0.5"));
    check(probabilistic(0.0), LUCKY, "a", (false, "probabilistic 0"));
    check(rate_limiting(2.0), UNLUCKY, "a", (true, "ratelimiting 2"));
    check(rate_limiting(0.0), LUCKY, "a", (false, "ratelimiting 0"));
    let strategy = || per_operation(0.5, 1.0, 0.0, &[("a", 0.25), ("b", 1.0), ("a", 0.75)]);
    check(strategy(), LUCKY, "a", (true, "probabilistic 0.75"));
    check(strategy(), UNLUCKY, "a", (true, "lowerbound 0.75"));
    check(strategy(), UNLUCKY, "b", (true, "probabilistic 1"));
    check(strategy(), LUCKY, "other", (true, "probabilistic 0.5"));
    check(strategy(), UNLUCKY, "other", (true, "lowerbound 0.5"));
    check(per_operation(0.5, 0.0, 0.0, &[]), UNLUCKY, "other", (false, "probabilistic 0.5"));
}

#[test]
fn a_strategy_that_cannot_be_changes_nothing_and_is_counted() {
    #[track_caller]
    fn check(strategy: SamplingStrategy, expected: &str) {
        let sampler = RemoteSampler::new(ConstSampler::off());
        sampler.update(probabilistic(0.5)).unwrap();
        assert_eq!(sampler.update(strategy).unwrap_err().to_string(), expected);
        assert_eq!(sampler.strategy(), Some(probabilistic(0.5)));
        assert_eq!(noted(&sampler, &root(LUCKY, "a")), (true, "probabilistic 0.5".to_owned()));
        let stats = sampler.stats();
        assert_eq!((stats.queries_ok, stats.updates_ok, stats.updates_failed), (2, 1, 1));
    }
    check(probabilistic(1.5), "sampling rate 1.5 of a sampling strategy is not within 0 to 1");
    check(probabilistic(-0.1), "sampling rate -0.1 of a sampling strategy is not within 0 to 1");
    check(probabilistic(f64::NAN), "sampling rate NaN of a sampling strategy is not within 0 to 1");
    check(rate_limiting(-1.0), "maximum of traces per second -1 of a sampling strategy is not within 0 and above");
    check(
        rate_limiting(f64::INFINITY),
        "maximum of traces per second inf of a sampling strategy is not within 0 and above",
    );
    check(
        per_operation(2.0, 0.0, 0.0, &[]),
        "default sampling probability 2 of a sampling strategy is not within 0 to 1",
    );
    check(
        per_operation(0.5, -1.0, 0.0, &[]),
        "lower bound of traces per second -1 of a sampling strategy is not within 0 and above",
    );
    check(
        per_operation(0.5, 0.0, f64::NAN, &[]),
        "upper bound of traces per second NaN of a sampling strategy is not within 0 and above",
    );
    check(
        per_operation(0.5, 0.0, 0.0, &[("a", 0.5), ("b", 1.01)]),
        "sampling rate 1.01 of a sampling strategy is not within 0 to 1",
    );
}

/// What an update makes of a rate limit of which so much was spent.
#[test]
fn a_rate_limit_stays_as_full_as_it_was() {
    #[track_caller]
    fn check(before: f64, spent: usize, after: SamplingStrategy, expected: usize) {
        let (sampler, _clock) = sampler();
        sampler.update(rate_limiting(before)).unwrap();
        assert_eq!(kept(&sampler, "a", spent), spent);
        sampler.update(after.clone()).unwrap();
        assert_eq!(kept(&sampler, "a", 100), expected, "{before} a second, {spent} spent, then {after:?}");
    }
    check(10.0, 10, rate_limiting(20.0), 0);
    check(10.0, 5, rate_limiting(20.0), 10);
    check(10.0, 5, rate_limiting(4.0), 2);
    check(10.0, 0, rate_limiting(4.0), 4);
    check(10.0, 5, rate_limiting(10.0), 5);
    // A bucket holds one trace at least.
    check(0.1, 0, rate_limiting(10.0), 10);
    check(0.1, 1, rate_limiting(10.0), 0);
    // What admitted nothing is not empty.
    check(0.0, 0, rate_limiting(3.0), 3);
    check(3.0, 3, rate_limiting(0.0), 0);
}

#[test]
fn a_rate_limit_fills_up_at_the_new_rate() {
    let (sampler, clock) = sampler();
    sampler.update(rate_limiting(1.0)).unwrap();
    assert_eq!(kept(&sampler, "a", 10), 1);
    sampler.update(rate_limiting(10.0)).unwrap();
    clock.advance(Duration::from_millis(500));
    assert_eq!(kept(&sampler, "a", 10), 5);
}

#[test]
fn the_lower_bounds_of_operations_stay_as_full_as_they_were() {
    // A named operation and another one, whose bounds are spent before the update, and the same two untouched.
    #[track_caller]
    fn check(before: SamplingStrategy, after: SamplingStrategy, expected: [usize; 4]) {
        let (sampler, _clock) = sampler();
        sampler.update(before).unwrap();
        assert_eq!((kept(&sampler, "named", 10), kept(&sampler, "other", 10)), (4, 4));
        sampler.update(after.clone()).unwrap();
        let after_that = ["named", "other", "named fresh", "fresh"].map(|name| kept(&sampler, name, 10));
        assert_eq!(after_that, expected, "{after:?}");
    }
    let named: &[_] = &[("named", 0.1), ("named fresh", 0.1)];
    let before = || per_operation(0.1, 4.0, 0.0, named);
    check(before(), per_operation(0.2, 4.0, 0.0, named), [0, 0, 4, 4]);
    check(before(), per_operation(0.1, 8.0, 0.0, named), [0, 0, 8, 8]);
    check(before(), per_operation(0.1, 2.0, 0.0, named), [0, 0, 2, 2]);
    // No longer named, and named only now.
    check(before(), per_operation(0.1, 4.0, 0.0, &[("other", 0.3)]), [0, 0, 4, 4]);
    check(before(), per_operation(0.1, 4.0, 0.0, &[]), [0, 0, 4, 4]);
    // A share of all needs no bound.
    check(before(), per_operation(0.1, 4.0, 0.0, &[("named", 1.0), ("other", 1.0)]), [10, 10, 4, 4]);
}

#[test]
fn an_operation_has_the_share_of_the_last_strategy() {
    let (sampler, _clock) = sampler();
    let rule = |name| noted(&sampler, &root(LUCKY, name)).1;
    sampler.update(per_operation(0.1, 0.0, 0.0, &[("a", 0.2), ("b", 0.3)])).unwrap();
    assert_eq!(["a", "b", "c"].map(rule), ["probabilistic 0.2", "probabilistic 0.3", "probabilistic 0.1"]);
    sampler.update(per_operation(0.4, 0.0, 0.0, &[("b", 0.5), ("c", 0.6)])).unwrap();
    assert_eq!(["a", "b", "c"].map(rule), ["probabilistic 0.4", "probabilistic 0.5", "probabilistic 0.6"]);
}

#[test]
fn an_upper_bound_limits_what_the_share_keeps() {
    let (sampler, clock) = sampler();
    sampler.update(per_operation(1.0, 0.0, 2.0, &[("a", 1.0)])).unwrap();
    assert_eq!(["a", "b"].map(|name| kept(&sampler, name, 10)), [2, 2]);
    clock.advance(Duration::from_millis(500));
    assert_eq!(kept(&sampler, "a", 10), 1);
    // As full as it was, then as wide as it is, then gone.
    sampler.update(per_operation(1.0, 0.0, 4.0, &[("a", 1.0)])).unwrap();
    assert_eq!(["a", "c"].map(|name| kept(&sampler, name, 10)), [0, 4]);
    clock.advance(Duration::from_secs(1));
    assert_eq!(kept(&sampler, "a", 10), 4);
    sampler.update(per_operation(1.0, 0.0, 0.0, &[("a", 1.0)])).unwrap();
    assert_eq!(kept(&sampler, "a", 10), 10);
    // A lower bound above it is guaranteed all the same.
    sampler.update(per_operation(1.0, 3.0, 1.0, &[])).unwrap();
    assert_eq!(kept(&sampler, "fresh", 10), 3);
}

#[test]
fn operations_beyond_the_maximum_have_the_default_share_alone() {
    let (sampler, _clock) = sampler();
    let sampler = sampler.max_operations(3);
    sampler.update(per_operation(0.1, 1.0, 0.0, &[("a", 0.1)])).unwrap();
    assert_eq!(["a", "b", "c", "d", "b"].map(|name| kept(&sampler, name, 2)), [1, 1, 1, 0, 0]);
    // What is named always has a place, and takes it from what came up before.
    sampler.update(per_operation(0.1, 1.0, 0.0, &[("e", 0.1), ("f", 0.1), ("g", 0.1), ("h", 0.1)])).unwrap();
    assert_eq!(["e", "f", "g", "h", "a", "b", "i"].map(|name| kept(&sampler, name, 2)), [1, 1, 1, 1, 0, 0, 0]);
}

#[test]
fn another_kind_of_strategy_begins_anew() {
    let (sampler, _clock) = sampler();
    let strategies = [rate_limiting(1.0), per_operation(0.0, 2.0, 0.0, &[]), probabilistic(0.0)];
    for _ in 0..2 {
        let kept = strategies.clone().map(|strategy| {
            sampler.update(strategy).unwrap();
            kept(&sampler, "a", 10)
        });
        assert_eq!(kept, [1, 2, 0]);
    }
    assert_eq!(sampler.stats().updates_ok, 6);
}

#[test]
fn the_same_strategy_again_changes_nothing() {
    let (sampler, _clock) = sampler();
    for _ in 0..3 {
        sampler.update(per_operation(0.0, 2.0, 0.0, &[("a", 0.0)])).unwrap();
        kept(&sampler, "a", 10);
    }
    assert_eq!(kept(&sampler, "a", 10), 0);
    let stats = sampler.stats();
    assert_eq!((stats.queries_ok, stats.updates_ok, stats.updates_failed), (3, 1, 0));
}

#[test]
fn counts_what_a_poller_tells() {
    let (sampler, _clock) = sampler();
    let mock = MockTracer::with(|builder| {
        let rules = RuleSampler::new(ConstSampler::off()).rule(Rule::new().operation("a"), sampler.clone());
        builder.sampler(ParentBased::new(rules))
    });
    sampler.count_query_failed();
    sampler.count_query_failed();
    sampler.count_update_failed();
    sampler.update(probabilistic(1.0)).unwrap();
    assert!(mock.tracer().span("a").start().is_recording());
    assert!(!mock.tracer().span("b").start().is_recording());
    let SamplerStats { queries_ok, queries_failed, updates_ok, updates_failed, .. } = mock.tracer().stats().sampler;
    assert_eq!((queries_ok, queries_failed, updates_ok, updates_failed), (2, 2, 1, 1));
}

#[test]
fn reads_tags_if_the_initial_sampler_does() {
    let rules = || RuleSampler::new(ConstSampler::off()).rule(Rule::new().tag("debug"), ConstSampler::on());
    assert!(!sampler().0.reads_tags());
    let sampler = RemoteSampler::new(rules());
    let mock = MockTracer::with(|builder| builder.sampler(sampler));
    assert!(mock.tracer().span("a").tag("debug", Value::Bool(true)).start().is_recording());
}

/// Two samplers that one thread asks in turn, and handles of them.
#[test]
fn samplers_do_not_mistake_each_others_strategies() {
    let (first, second) = (sampler().0, sampler().0);
    first.update(probabilistic(1.0)).unwrap();
    second.update(probabilistic(0.0)).unwrap();
    for _ in 0..3 {
        assert_eq!((kept(&first, "a", 1), kept(&second.clone(), "a", 1)), (1, 0));
    }
    drop(first);
    let third = sampler().0;
    third.update(probabilistic(0.0)).unwrap();
    assert_eq!(kept(&third, "a", 1), 0);
}

#[test]
fn threads_see_the_next_strategy_at_their_next_decision() {
    fn asks<'s>(scope: &'s Scope<'s, '_>, sampler: &RemoteSampler) -> (Sender<()>, Receiver<bool>) {
        let (ask, asked) = channel();
        let (answer, answered) = channel();
        let sampler = sampler.clone();
        scope.spawn(move || {
            for () in asked {
                let _ = answer.send(keeps(&sampler, &root(UNLUCKY, "a")));
            }
        });
        (ask, answered)
    }
    let (sampler, _clock) = sampler();
    std::thread::scope(|scope| {
        let threads = [asks(scope, &sampler), asks(scope, &sampler)];
        for sampling_rate in [1.0, 0.0, 1.0, 0.5, 1.0] {
            sampler.update(probabilistic(sampling_rate)).unwrap();
            for (ask, answered) in &threads {
                ask.send(()).unwrap();
                assert_eq!(answered.recv().unwrap(), sampling_rate == 1.0, "{sampling_rate}");
            }
        }
    });
}

#[test]
fn threads_share_the_limits_while_strategies_change() {
    let (sampler, _clock) = sampler();
    sampler.update(per_operation(0.0, 50.0, 0.0, &[])).unwrap();
    let total: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| kept(&sampler, "a", 500))).collect();
        // The bound stays the same; so do its buckets.
        for n in 0..50 {
            sampler.update(per_operation(0.0, 50.0, 0.0, &[("b", f64::from(n) / 50.0), ("a", 0.0)])).unwrap();
        }
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // An operation that came up while its strategy was replaced may begin twice. The clock moves by a microsecond with each look.
    assert!((50..=100).contains(&total), "{total}");
    assert_eq!(kept(&sampler, "a", 10), 0);
}

#[test]
fn a_clock_may_sample_while_it_is_asked() {
    #[derive(Debug)]
    struct Sampling(RemoteSampler, MockClock);
    impl opentracing_core::Clock for Sampling {
        fn unix_ns(&self) -> u64 {
            keeps(&self.0, &root(UNLUCKY, "nested"));
            self.1.unix_ns()
        }
    }
    let inner = sampler().0;
    inner.update(probabilistic(0.5)).unwrap();
    let outer = RemoteSampler::new(ConstSampler::off()).clock(Sampling(inner, MockClock::default()));
    outer.update(rate_limiting(1.0)).unwrap();
    assert_eq!(kept(&outer, "a", 10), 1);
}

#[test]
fn what_a_thread_has_kept_of_a_strategy_goes_with_the_thread() {
    #[derive(Debug)]
    struct Witness(#[expect(dead_code, reason = "counted by its holders")] Arc<()>);
    impl opentracing_core::Clock for Witness {
        fn unix_ns(&self) -> u64 {
            0
        }
    }
    let alive = Arc::new(());
    let sampler = RemoteSampler::new(ConstSampler::off()).clock(Witness(alive.clone()));
    sampler.update(rate_limiting(1.0)).unwrap();
    let asked = sampler.clone();
    std::thread::spawn(move || kept(&asked, "a", 1)).join().unwrap();
    drop(sampler);
    assert_eq!(Arc::strong_count(&alive), 1);
}
