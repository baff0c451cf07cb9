//! Traces that are slower than usual.

use std::time::Duration;

use opentracing_reporter::{ComparedSpans, TailSampling};

use super::Shop;

const MS: Duration = Duration::from_millis(1);

fn usual() -> TailSampling {
    TailSampling::new().share(0.0)
}

fn work(shop: &Shop, name: &'static str, lasting: Duration) {
    let span = shop.tracer.span(name).start();
    shop.advance(lasting);
    span.finish();
}

fn kept(shop: &Shop) -> u64 {
    shop.flush();
    shop.tail().rule("slower_than_usual").map_or(0, |rule| rule.kept)
}

#[test]
fn a_trace_is_compared_with_the_quantile_of_its_operation() {
    let shop = Shop::new(usual());
    // From 10 to 20 ms, so the 99th percentile is about 20.
    for round in 0..200 {
        work(&shop, "fast", 10 * MS + round % 10 * MS);
        work(&shop, "slow", 500 * MS);
    }
    assert_eq!(kept(&shop), 0);
    for (name, lasting, expected) in
        [("fast", 15, 0), ("slow", 500, 0), ("fast", 40, 1), ("slow", 40, 1), ("slow", 700, 2), ("new", 9_000, 2)]
    {
        work(&shop, name, lasting * MS);
        assert_eq!(kept(&shop), expected, "{name} {lasting}");
    }
    assert_eq!(shop.reason().as_deref(), Some("slower_than_usual 1"));
}

#[test]
fn about_one_of_a_hundred_is_slower_than_the_99th_percentile() {
    let shop = Shop::new(usual());
    for round in 0..5_000_u32 {
        // Spread evenly over 100 to 200 ms.
        work(&shop, "work", 100 * MS + (round * 7_919 % 1_000) * MS / 10);
    }
    let kept = kept(&shop);
    assert!(kept <= 150, "{kept} of 5000");
}

#[test]
fn durations_count_only_from_a_minimum_on_and_are_forgotten() {
    let shop = Shop::new(usual().usual_from(50));
    (0..49).for_each(|_| work(&shop, "work", 10 * MS));
    work(&shop, "work", 900 * MS);
    assert_eq!(kept(&shop), 0);
    work(&shop, "work", 2_000 * MS);
    assert_eq!(kept(&shop), 1);
    // Two periods of five minutes later nothing is known.
    shop.advance(Duration::from_secs(1_200));
    work(&shop, "work", 9_000 * MS);
    assert_eq!(kept(&shop), 1);
}

#[test]
fn all_spans_are_compared_on_request() {
    for (spans, expected) in [(ComparedSpans::LocalRoots, 0), (ComparedSpans::All, 1)] {
        let shop = Shop::new(usual().compared_spans(spans));
        let trace = |child: Duration| {
            let root = shop.tracer.span("root").start();
            let span = shop.tracer.span("child").child_of(&root).start();
            shop.advance(child);
            span.finish();
            shop.advance(1_000 * MS - child);
            root.finish();
        };
        (0..200).for_each(|_| trace(10 * MS));
        trace(400 * MS);
        assert_eq!(kept(&shop), expected, "{spans:?}");
    }
}

#[test]
fn comparisons_can_be_turned_off_and_use_another_quantile() {
    let run = |tail: TailSampling| {
        let shop = Shop::new(tail);
        (0..400_u32).for_each(|round| work(&shop, "work", (100 + round * 7_919 % 100) * MS));
        work(&shop, "work", 190 * MS);
        kept(&shop)
    };
    assert_eq!(run(usual().without_slower_than_usual()), 0);
    assert!(run(usual().slower_than_usual(0.5)) > 100);
    assert!(run(usual().slower_than_usual(0.9)) < 100);
}
