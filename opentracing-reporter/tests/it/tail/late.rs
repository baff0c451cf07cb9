//! Spans that finish after their root, flushes and the close.

use std::time::Duration;

use opentracing_core::{Span, Tracer, UnfinishedSpans};
use opentracing_reporter::{BatchReporter, TailSampling};

use super::{PATIENCE, Sent, Shop, strict};

const MS: Duration = Duration::from_millis(1);

/// A trace whose child outlives its root, and another span, so that the tracer is not idle.
fn outlived(shop: &Shop, failed: bool) -> (Span, Span) {
    let other = shop.tracer.span("other").start();
    let mut root = shop.tracer.span("root").start();
    let child = shop.tracer.span("child").child_of(&root).start();
    root.set_tag("error", failed);
    root.finish();
    (child, other)
}

/// A pass of the drain that is no flush: with the tracer's thread, that is every 50 milliseconds.
fn pass(shop: &Shop) -> (u64, usize) {
    (shop.tail().held_spans, shop.names().len())
}

#[test]
fn late_spans_follow_the_decision_for_a_bounded_time() {
    #[track_caller]
    fn check(failed: bool, error_in_child: bool, later: Duration, expected: &[&str], late: (u64, u64)) {
        let tail = strict().grace(Duration::ZERO).remember(16, Duration::from_secs(10));
        let shop = Shop::new(tail);
        let (mut child, other) = outlived(&shop, failed);
        shop.flush();
        shop.advance(later);
        child.set_tag("error", error_in_child);
        child.finish();
        shop.flush();
        shop.close();
        assert_eq!(shop.names(), expected);
        let tail = shop.tail();
        assert_eq!((tail.late_kept, tail.late_dropped), late);
        drop(other);
    }
    let second = Duration::from_secs(1);
    check(true, false, second, &["root", "child"], (1, 0));
    check(false, false, second, &[], (0, 1));
    check(false, true, second, &[], (0, 1));
    // The decision is forgotten, so the child is held on its own, until the close.
    check(true, false, 11 * second, &["root"], (0, 0));
    check(false, true, 11 * second, &["child"], (0, 0));
}

#[test]
fn a_late_local_root_says_why_its_trace_is_kept() {
    let shop = Shop::new(strict().share(1.0).max_age(Duration::from_secs(5)));
    let root = shop.tracer.span("root").start();
    let mut child = shop.tracer.span("child").child_of(&root).start();
    child.set_tag("error", true);
    child.finish();
    shop.flush();
    assert_eq!(shop.names(), ["child"], "a flush keeps what is kept already");
    assert_eq!(shop.reason(), None);
    root.finish();
    shop.flush();
    assert_eq!((shop.names().len(), shop.reason().as_deref()), (2, Some("error 1")));
}

#[test]
fn a_flush_never_drops_a_trace_whose_root_is_open() {
    let shop = Shop::new(strict());
    let mut root = shop.tracer.span("root").start();
    shop.tracer.span("child").child_of(&root).start().finish();
    shop.flush();
    assert_eq!(pass(&shop), (1, 0));
    root.set_tag("error", true);
    root.finish();
    shop.flush();
    assert_eq!(shop.names(), ["child", "root"]);
    assert_eq!(shop.tail().late_kept, 0);
}

/// With a thread, since only a flush drains otherwise. The tracer's clock stands still between the steps.
#[test]
fn children_have_a_grace_unless_no_span_is_open() {
    let start = |tail: TailSampling| {
        let (clock, sent) = (opentracing_core::mock::MockClock::default(), Sent::default());
        let builder = Tracer::builder("shop").clock(clock.clone());
        let reporter = BatchReporter::new(sent.clone()).tail_sampling(tail);
        let (tracer, guard) = reporter.start(builder).unwrap();
        (Shop { tracer, clock, sent }, guard)
    };
    let until = |shop: &Shop, is_there: &dyn Fn(&Shop) -> bool| {
        let begun = std::time::Instant::now();
        while !is_there(shop) {
            assert!(begun.elapsed() < PATIENCE, "{:?} {:?}", shop.names(), shop.tail());
            std::thread::park_timeout(MS);
        }
    };
    let (shop, guard) = start(strict().grace(100 * MS));
    let (child, other) = outlived(&shop, true);
    until(&shop, &|shop| shop.tracer.stats().tail.is_some_and(|tail| tail.held_spans == 1));
    child.finish();
    until(&shop, &|shop| shop.tail().held_spans == 2);
    shop.advance(200 * MS);
    until(&shop, &|shop| shop.names() == ["root", "child"]);
    assert_eq!(shop.tail().late_kept, 0);
    drop((other, guard));

    let (shop, guard) = start(strict().grace(Duration::from_secs(3600)));
    let (child, other) = outlived(&shop, true);
    child.finish();
    until(&shop, &|shop| shop.tracer.stats().tail.is_some_and(|tail| tail.held_spans == 2));
    assert!(shop.names().is_empty());
    drop(other);
    until(&shop, &|shop| shop.names() == ["root", "child"]);
    drop(guard);
}

#[test]
fn closing_decides_about_everything() {
    let shop = Shop::new(strict().slow(50 * MS));
    let plain = shop.tracer.span("plain").start();
    shop.tracer.span("of plain").child_of(&plain).start().finish();
    let failing = shop.tracer.span("failing").start();
    let mut child = shop.tracer.span("of failing").child_of(&failing).start();
    child.set_tag("error", true);
    child.finish();
    shop.tracer.span("done").start().finish();
    shop.close();
    assert_eq!(shop.names(), ["of failing"]);
    let (tail, stats) = (shop.tail(), shop.tracer.stats());
    assert_eq!((tail.held_spans, tail.kept_spans, tail.dropped_spans), (0, 1, 2));
    assert_eq!((stats.lost(), stats.delivered), (0, 3));
    drop((plain, failing));
}

#[test]
fn dropping_the_guard_decides_and_sends() {
    let sent = Sent::default();
    let forever = strict().grace(Duration::MAX).max_age(Duration::MAX).remember(0, Duration::ZERO);
    let reporter = BatchReporter::new(sent.clone()).tail_sampling(forever);
    let builder = Tracer::builder("shop").unfinished_spans(UnfinishedSpans::Drop);
    let (tracer, guard) = reporter.start(builder).unwrap();
    let open = tracer.span("open").start();
    let mut failed = tracer.span("failed").child_of(&open).start();
    failed.set_tag("error", true);
    failed.finish();
    tracer.span("done").start().finish();
    drop(guard);
    let names: Vec<_> = sent.0.lock().unwrap().iter().map(|span| span.operation_name.clone()).collect();
    assert_eq!(names, ["failed".into()]);
    assert_eq!(tracer.stats().lost(), 0);
    drop(open);
}

/// The spans that are open at the close belong to their traces.
#[test]
fn an_unfinished_root_is_kept_with_its_trace() {
    let sent = Sent::default();
    let reporter = BatchReporter::new(sent.clone()).tail_sampling(strict());
    let (tracer, guard) = reporter.start(Tracer::builder("shop")).unwrap();
    let mut open = tracer.span("open").start();
    open.share();
    let mut failed = tracer.span("failed").child_of(&open).start();
    failed.set_tag("error", true);
    failed.finish();
    drop(guard);
    let names: Vec<_> = sent.0.lock().unwrap().iter().map(|span| span.operation_name.to_string()).collect();
    assert_eq!(names, ["failed", "open"]);
    drop(open);
}
