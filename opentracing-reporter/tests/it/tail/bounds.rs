//! The limits of what is held, and what is counted when one is reached.

use std::time::Duration;

use opentracing_core::TailStats;
use opentracing_reporter::TailSampling;

use super::{Shop, strict};

/// Traces with a child, whose roots stay open, so that all of them are held.
fn hold(shop: &Shop, traces: usize) -> Vec<opentracing_core::Span> {
    let roots: Vec<_> = (0..traces).map(|_| shop.tracer.span("root").start()).collect();
    for root in &roots {
        shop.tracer.span("child").child_of(root).tag("text", "x".repeat(1_000)).start().finish();
    }
    shop.flush();
    roots
}

#[test]
fn each_limit_decides_about_the_oldest_traces_early_and_is_counted() {
    #[track_caller]
    fn check(
        tail: TailSampling,
        after: Duration,
        expected: impl Fn(&TailStats) -> [u64; 3],
        numbers: [u64; 3],
        held: u64,
    ) {
        let shop = Shop::new(tail);
        let roots = hold(&shop, 20);
        shop.advance(after);
        shop.flush();
        let tail = shop.tail();
        assert_eq!(expected(&tail), numbers, "{tail:?}");
        assert_eq!((tail.held_spans, tail.held_traces), (held, held));
        let (stats, report) = (shop.tracer.stats(), shop.tracer.report().to_string());
        assert_eq!(stats.lost(), 0);
        for (cause, number, text) in [
            ("spans", numbers[0], "decided early, too many spans held"),
            ("bytes", numbers[1], "decided early, too much memory held"),
            ("age", numbers[2], "decided early, held for too long"),
        ] {
            assert_eq!(report.contains(text), number > 0, "{report}");
            let line = format!("opentracing_tail_early_decisions_total{{cause=\"{cause}\"}} {number}\n");
            assert!(stats.prometheus().to_string().contains(&line), "{}", stats.prometheus());
        }
        // The roots follow the decisions.
        drop(roots);
        shop.close();
        assert!(shop.names().is_empty());
        assert_eq!(shop.tail().dropped_spans, 40);
    }
    let early = |tail: &TailStats| [tail.early_by_spans, tail.early_by_bytes, tail.early_by_age];
    check(strict(), Duration::ZERO, early, [0, 0, 0], 20);
    check(strict().max_spans(8), Duration::ZERO, early, [12, 0, 0], 8);
    let minute = Duration::from_secs(60);
    check(strict().max_age(minute), minute, early, [0, 0, 20], 0);
    check(strict().max_age(minute), minute / 2, early, [0, 0, 0], 20);
    // A record of such a span takes between one and four kilobytes.
    let held = |tail: TailSampling| {
        let shop = Shop::new(tail);
        let roots = hold(&shop, 1);
        let bytes = shop.tail().held_bytes;
        drop(roots);
        bytes
    };
    let one = held(strict()) as usize;
    assert!((1_000..4_000).contains(&one), "{one}");
    check(strict().max_bytes(10 * one), Duration::ZERO, early, [0, 10, 0], 10);
}

#[test]
fn an_early_decision_uses_what_is_known() {
    let shop = Shop::new(strict().max_spans(1));
    let root = shop.tracer.span("root").start();
    let mut child = shop.tracer.span("failed").child_of(&root).start();
    child.set_tag("error", true);
    child.finish();
    shop.tracer.span("next").start().finish();
    root.finish();
    shop.flush();
    // The complete trace is decided first.
    assert_eq!((shop.names(), shop.tail().early_by_spans), (vec!["failed".to_owned(), "root".to_owned()], 2));
}

/// Traces whose root has finished are decided before those that are incomplete.
#[test]
fn complete_traces_are_decided_first() {
    let shop = Shop::new(strict().max_spans(3));
    let mut first = shop.tracer.span("first").start();
    shop.tracer.span("of first").child_of(&first).start().finish();
    (0..10).for_each(|_| shop.tracer.span("complete").start().finish());
    first.set_tag("error", true);
    first.finish();
    shop.flush();
    assert_eq!(shop.names(), ["of first", "first"]);
    assert_eq!(shop.tail().late_kept, 0);
}

#[test]
fn a_flood_holds_no_more_than_the_limits_at_any_time() {
    let (spans, bytes) = (500, 300_000);
    let shop = Shop::with(strict().max_spans(spans).max_bytes(bytes), |builder| builder.ring_capacity(1 << 14));
    for _ in 0..20 {
        let roots: Vec<_> = (0..1_000).map(|_| shop.tracer.span("root").start()).collect();
        for root in &roots {
            shop.tracer.span("child").child_of(root).start().finish();
        }
        shop.flush();
        let tail = shop.tail();
        assert!(tail.held_spans <= spans as u64 && tail.held_bytes <= bytes as u64, "{tail:?}");
    }
    shop.close();
    let (stats, tail) = (shop.tracer.stats(), shop.tail());
    assert_eq!((stats.lost(), tail.dropped_spans, tail.held_bytes), (0, 40_000, 0));
    assert!(tail.early_by_spans + tail.early_by_bytes > 0);
}

#[test]
fn operations_beyond_the_limit_are_counted_and_not_compared() {
    let shop = Shop::new(TailSampling::new().share(0.0).max_operations(3));
    for number in 0..10 {
        shop.tracer.span(format!("operation {number}")).start().finish();
    }
    shop.flush();
    let tail = shop.tail();
    assert_eq!((tail.operations, tail.excess_operations), (3, 7));
    let text = shop.tracer.stats().prometheus().to_string();
    assert!(
        text.contains("opentracing_tail_operations 3\n")
            && text.contains("opentracing_tail_excess_operations_total 7\n")
    );
}

#[test]
fn report_and_metrics_show_the_decisions() {
    let shop = Shop::new(strict());
    for number in 0..10 {
        shop.tracer.span("work").tag("error", number == 7).start().finish();
    }
    let open = shop.tracer.span("open").start();
    shop.tracer.span("child").child_of(&open).start().finish();
    shop.flush();
    let report = shop.tracer.report().to_string();
    assert!(report.contains("  tail       1 of 10 traces kept; 1 span kept, 9 dropped, 1 held ("), "{report}");
    for line in ["error: 1 kept\n", "share: 9 dropped\n", "sampling   all traces, decided at the end\n"] {
        assert!(report.contains(line), "{report}");
    }
    let text = shop.tracer.stats().prometheus().label("service", "shop").to_string();
    for sample in [
        r#"tail_traces_total{service="shop",decision="kept",rule="error"} 1"#,
        r#"tail_traces_total{service="shop",decision="dropped",rule="share"} 9"#,
        r#"tail_spans_total{service="shop",decision="kept"} 1"#,
        r#"tail_spans_total{service="shop",decision="dropped"} 9"#,
        r#"tail_held_spans{service="shop"} 1"#,
        r#"tail_held_traces{service="shop"} 1"#,
    ] {
        assert!(text.contains(&format!("\nopentracing_{sample}\n")), "{sample} in {text}");
    }
    drop(open);
}
