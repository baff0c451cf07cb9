//! Shares and rates, and the weight of what they keep.

use std::collections::BTreeMap;
use std::time::Duration;

use opentracing_core::{OwnedSpan, Rule, Sampling, SamplingThreshold, SpanContext, SpanId, TraceId, Tracer, Value};
use opentracing_reporter::{TailRule, TailSampling};

use super::{Shop, strict};

/// Random enough for a test, and the same in each run.
fn number(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn context(seed: u64) -> SpanContext {
    SpanContext::new(TraceId::from_parts(number(seed), number(seed + 1_000_000)), SpanId::new(1))
}

fn entry(tracer: &Tracer, parent: &SpanContext) {
    let entry = tracer.span("entry").child_of(parent).start();
    tracer.span("child").child_of(&entry).start().finish();
    entry.finish();
}

/// How many spans of each trace were sent.
fn kept(shop: &Shop) -> BTreeMap<TraceId, usize> {
    let mut kept = BTreeMap::new();
    for span in shop.spans() {
        *kept.entry(span.context.trace_id()).or_default() += 1;
    }
    kept
}

#[test]
fn a_share_keeps_the_same_traces_in_every_service_by_the_rule_of_opentelemetry() {
    let shares = [0.5, 0.1, 0.02];
    let shops: Vec<_> = shares.iter().map(|share| Shop::new(strict().share(*share))).collect();
    for seed in 0..2_000 {
        let parent = context(seed);
        shops.iter().for_each(|shop| entry(&shop.tracer, &parent));
    }
    shops.iter().for_each(Shop::flush);
    for (shop, share) in shops.iter().zip(shares) {
        let threshold = SamplingThreshold::new(share);
        let expected: BTreeMap<_, _> = (0..2_000)
            .map(context)
            .filter(|parent| threshold.keeps(parent))
            .map(|parent| (parent.trace_id(), 2))
            .collect();
        assert_eq!(kept(shop), expected, "{share}");
        let found = expected.len() as f64 / 2_000.0;
        assert!((found / share - 1.0).abs() < 0.3, "{found} instead of {share}");
    }
}

#[test]
fn the_weight_is_written_as_a_tag_and_to_tracestate() {
    // The lower 56 bits of the trace id are all ones, so every share keeps it.
    let last = |tracestate: &str| {
        SpanContext::new(TraceId::from_parts(1, u64::MAX), SpanId::new(9)).with_tracestate(tracestate)
    };
    #[track_caller]
    fn check(tail: TailSampling, parent: &SpanContext, failed: bool, expected: (&str, f64, Option<&str>)) {
        let shop = Shop::new(tail.decide_sampled());
        let mut entry = shop.tracer.span("entry").child_of(parent).start();
        shop.tracer.span("child").child_of(&entry).start().finish();
        if failed {
            entry.set_tag("error", true);
        }
        entry.finish();
        shop.flush();
        let spans = shop.spans();
        let [child, root] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!(root.tag("sampling.rule").map(|rule| rule.to_string()).as_deref(), Some(expected.0));
        let Some(Value::F64(weight)) = root.tag("sampling.weight") else { panic!("{root:?}") };
        assert!((weight / expected.1 - 1.0).abs() < 1e-3, "{weight}");
        for span in [child, root] {
            assert_eq!(span.context.tracestate(), expected.2);
        }
        assert!(child.tag("sampling.rule").is_none() && child.tag("sampling.weight").is_none());
    }
    let quarter = || strict().share(0.25);
    check(quarter(), &last(""), false, ("share", 4.0, Some("ot=th:c")));
    check(quarter(), &last(""), true, ("error", 1.0, None));
    check(quarter(), &last("a=b"), false, ("share", 4.0, Some("ot=th:c,a=b")));
    check(quarter(), &last("a=b"), true, ("error", 1.0, Some("a=b")));
    let sampled = |tracestate| last(tracestate).with_sampling(Sampling::Sampled);
    // The caller has kept a half, or an eighth: a share of that is a share of all.
    check(quarter(), &sampled("ot=th:8"), false, ("share", 4.0, Some("ot=th:c")));
    check(quarter(), &sampled("ot=th:e"), false, ("share", 8.0, Some("ot=th:e")));
    check(quarter(), &sampled("ot=th:e"), true, ("error", 8.0, Some("ot=th:e")));
    check(quarter(), &last("ot=rv:ffffffffffffff"), false, ("share", 4.0, Some("ot=th:c;rv:ffffffffffffff")));
    let rule = || strict().rule(TailRule::share("entries", Rule::new().operation("entry"), 0.5));
    check(rule(), &last(""), true, ("entries", 2.0, Some("ot=th:8")));
}

/// The random value of the caller decides, not the trace id.
#[test]
fn a_share_follows_the_random_value_in_tracestate() {
    let shop = Shop::new(strict().share(0.5));
    for (id, value) in [(u64::MAX, "00000000000000"), (1, "ffffffffffffff")] {
        let list = format!("ot=rv:{value}");
        entry(&shop.tracer, &SpanContext::new(TraceId::from_parts(0, id), SpanId::new(9)).with_tracestate(&list));
    }
    shop.flush();
    assert_eq!(kept(&shop), BTreeMap::from([(TraceId::from_parts(0, 1), 2)]));
}

#[test]
fn a_rate_keeps_rare_operations_first() {
    let shop = Shop::with(strict().traces_per_second(20.0), |builder| builder);
    let second = |shop: &Shop| {
        let before = shop.spans().len();
        for round in 0..500 {
            shop.tracer.span("frequent").start().finish();
            if round % 100 == 0 {
                shop.tracer.span("rare").start().finish();
            }
        }
        shop.flush();
        shop.advance(Duration::from_secs(1));
        let mut counts = BTreeMap::new();
        for span in &shop.spans()[before..] {
            *counts.entry(span.operation_name.to_string()).or_insert(0) += 1;
        }
        counts
    };
    // How rare an operation is, is known after the first second.
    second(&shop);
    let mut sum = BTreeMap::new();
    for _ in 0..20 {
        for (name, number) in second(&shop) {
            *sum.entry(name).or_insert(0) += number;
        }
    }
    assert_eq!(sum["rare"], 100, "{sum:?}");
    assert!((150..=320).contains(&sum["frequent"]), "{sum:?}");
    let weight = |span: &OwnedSpan| match span.tag("sampling.weight") {
        Some(Value::F64(weight)) => weight,
        other => panic!("{other:?}"),
    };
    // A new operation counts as rare for a second.
    let weights: Vec<_> = shop.spans().iter().map(weight).filter(|weight| *weight != 1.0).collect();
    assert!(!weights.is_empty() && weights.iter().all(|weight| (25.0..45.0).contains(weight)), "{weights:?}");
    let tail = shop.tail();
    assert_eq!(tail.kept_traces() + tail.dropped_traces(), 21 * 505);
    assert_eq!(tail.rule("rate").map(|rule| rule.dropped), Some(0));
}

#[test]
fn a_trace_is_kept_whole_or_dropped_whole() {
    for seed in 0..40_u64 {
        let tail = TailSampling::new()
            .share(0.3)
            .grace(Duration::from_millis(number(seed) % 50))
            .max_spans((number(seed + 1) % 40) as usize + 1)
            .slow(Duration::from_millis(40));
        let shop = Shop::with(tail, |builder| builder);
        let mut expected = BTreeMap::new();
        let mut open = Vec::new();
        for step in 0..300_u64 {
            let random = number(seed * 1_000 + step);
            match random % 5 {
                0 | 1 => open.push(shop.tracer.span("root").start()),
                2 if !open.is_empty() => {
                    let at = (random >> 8) as usize % open.len();
                    let child = shop.tracer.span("child").child_of(&open[at]).start();
                    open.push(child);
                }
                3 if !open.is_empty() => {
                    let mut span = open.swap_remove((random >> 8) as usize % open.len());
                    if random >> 20 & 7 == 0 {
                        span.set_tag("error", true);
                    }
                    *expected.entry(span.context().unwrap().trace_id()).or_insert(0) += 1;
                    span.finish();
                }
                _ => {
                    shop.advance(Duration::from_millis(random >> 8 & 15));
                    shop.flush();
                }
            }
        }
        for span in open {
            *expected.entry(span.context().unwrap().trace_id()).or_insert(0) += 1;
            span.finish();
        }
        shop.close();
        for (id, spans) in kept(&shop) {
            assert_eq!(spans, expected[&id], "of trace {id} with seed {seed}");
        }
        let (stats, tail) = (shop.tracer.stats(), shop.tail());
        assert_eq!((stats.lost(), stats.dropped_unsampled, tail.held_spans, tail.held_bytes), (0, 0, 0, 0));
        assert_eq!(tail.kept_spans + tail.dropped_spans, expected.values().sum::<usize>() as u64);
    }
}
