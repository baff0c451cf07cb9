//! Reporters that hold spans, and decisions that are deferred to them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentracing_core::mock::MockClock;
use opentracing_core::{
    Batch, ConstSampler, Decision, HeldSpans, Hold, HoldOccasion, OwnedSpan, Reporter, Sampling, SamplingThreshold,
    SpanContext, SpanId, TraceId, Tracer, TracerBuilder, Value,
};

/// Holds every span until the tracer is flushed or closed.
#[derive(Clone, Default)]
struct Holder(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    spans: HeldSpans,
    /// What was held at each flush, as `name decision`.
    flushed: Vec<String>,
    copies: Vec<OwnedSpan>,
    occasions: Vec<HoldOccasion>,
    idle: Vec<bool>,
    panics: bool,
}

impl Reporter for Holder {
    fn report(&mut self, _: Batch<'_>) {
        panic!("a reporter that holds spans gets none otherwise");
    }

    fn holds(&self) -> bool {
        true
    }

    fn hold(&mut self, hold: &mut Hold<'_>) {
        let mut held = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        held.occasions.push(hold.occasion());
        assert!(hold.now() > Duration::ZERO);
        if hold.occasion() == HoldOccasion::Pass {
            held.idle.push(hold.is_idle());
        }
        assert!(!held.panics || hold.is_empty(), "as it was told");
        while let Some(span) = hold.take() {
            assert!(span.size() > 0 && hold.span(&span).context().same_span(span.context()));
            held.spans.push(span);
        }
        if matches!(hold.occasion(), HoldOccasion::Flush | HoldOccasion::Close) {
            let mut spans = std::mem::take(&mut held.spans);
            let lines: Vec<_> = hold
                .batch(&spans)
                .iter()
                .map(|span| {
                    let context = span.context();
                    let deferred = if context.is_deferred() { " deferred" } else { "" };
                    format!("{} {:?}{deferred}", span.operation_name(), context.sampling())
                })
                .collect();
            held.flushed.extend(lines);
            held.copies.extend(hold.batch(&spans).iter().map(OwnedSpan::from));
            hold.release(&mut spans);
            assert!(spans.is_empty());
        }
    }
}

fn tracer(change: impl FnOnce(TracerBuilder) -> TracerBuilder) -> (Tracer, Holder, MockClock) {
    let (holder, clock) = (Holder::default(), MockClock::default());
    let builder = Tracer::builder("shop").clock(clock.clone()).default_sampler(ConstSampler::new(Decision::Record));
    (change(builder).build_inline(holder.clone()), holder, clock)
}

impl Holder {
    fn flushed(&self, tracer: &Tracer) -> Vec<String> {
        tracer.flush(Duration::from_secs(20)).unwrap();
        std::mem::take(&mut self.0.lock().unwrap().flushed)
    }
}

#[test]
fn a_reporter_that_holds_spans_gets_those_that_are_not_sampled() {
    #[track_caller]
    fn check(change: impl FnOnce(TracerBuilder) -> TracerBuilder, work: impl FnOnce(&Tracer), expected: &[&str]) {
        let (tracer, holder, _) = tracer(change);
        work(&tracer);
        assert_eq!(holder.flushed(&tracer), expected);
        let stats = tracer.stats();
        assert_eq!((stats.finished(), stats.lost(), stats.open()), (stats.started, 0, 0));
    }
    let nested = |tracer: &Tracer| {
        let _root = tracer.span("root").start_active();
        tracer.span("child").start().finish();
    };
    check(|builder| builder, nested, &["child NotSampled deferred", "root NotSampled deferred"]);
    check(TracerBuilder::deferred_as_sampled, nested, &["child Sampled deferred", "root Sampled deferred"]);
    check(|builder| builder.sampler(ConstSampler::on()), nested, &["child Sampled", "root Sampled"]);
    check(|builder| builder.sampler(ConstSampler::off()), nested, &[]);
    let priority = |priority: i64| {
        move |tracer: &Tracer| {
            let mut root = tracer.span("root").start();
            tracer.span("before").child_of(&root).start().finish();
            root.set_tag("sampling.priority", priority);
            tracer.span("after").child_of(&root).start().finish();
        }
    };
    check(|builder| builder, priority(0), &["before NotSampled deferred", "root NotSampled"]);
    check(|builder| builder, priority(1), &["before NotSampled deferred", "after Debug", "root Debug"]);
    let remote = |sampling: Sampling| {
        move |tracer: &Tracer| {
            let parent = SpanContext::new(TraceId::from_parts(0, 7), SpanId::new(9)).with_sampling(sampling);
            tracer.span("entry").child_of(&parent).start().finish();
        }
    };
    check(|builder| builder, remote(Sampling::Undecided), &["entry NotSampled deferred"]);
    check(|builder| builder, remote(Sampling::NotSampled), &[]);
    check(|builder| builder, remote(Sampling::Sampled), &["entry Sampled"]);
}

#[test]
fn deferred_spans_are_kept_without_a_reporter_that_decides_only_if_others_keep_theirs() {
    for (as_sampled, expected) in [(false, 0), (true, 1)] {
        let mock = opentracing_core::mock::MockTracer::with(|builder| {
            let builder = builder.sampler(ConstSampler::new(Decision::Record));
            if as_sampled { builder.deferred_as_sampled() } else { builder }
        });
        mock.tracer().span("work").start().finish();
        assert_eq!(mock.finished_spans().len(), expected, "{as_sampled}");
        assert_eq!(mock.tracer().stats().dropped_unsampled, 1 - expected as u64);
    }
}

#[test]
fn a_sampler_wins_over_the_default_one_in_any_order() {
    let off = || ConstSampler::off();
    let on = || ConstSampler::on();
    let tracers = [
        Tracer::builder("a").sampler(off()).default_sampler(on()).build(),
        Tracer::builder("b").default_sampler(on()).sampler(off()).build(),
    ];
    for (tracer, _drain) in &tracers {
        assert!(!tracer.span("work").start().is_recording());
    }
}

#[test]
fn held_spans_keep_times_tags_and_logs() {
    let (tracer, holder, clock) = tracer(|builder| builder);
    let mut span = tracer.span("work").tag("order", 7).start();
    clock.advance(Duration::from_millis(20));
    span.log("half");
    clock.advance(Duration::from_millis(10));
    span.finish();
    holder.flushed(&tracer);
    let span = holder.0.lock().unwrap().copies.remove(0);
    let (start, log) = (span.start_unix_ns, span.logs[0].unix_ns);
    assert!(span.duration() >= Duration::from_millis(30), "{:?}", span.duration());
    assert!((start + 20_000_000..=span.end_unix_ns() - 10_000_000).contains(&log), "{span:?}");
    assert_eq!(span.tag("order"), Some(Value::I64(7)));
}

#[test]
fn a_pass_says_whether_a_span_is_open() {
    let (tracer, holder, _) = tracer(|builder| builder);
    let open = tracer.span("open").start();
    holder.flushed(&tracer);
    drop(open);
    holder.flushed(&tracer);
    assert_eq!(holder.0.lock().unwrap().idle, [false, true]);
}

#[test]
fn spans_that_a_panicking_reporter_has_not_taken_are_counted() {
    let (tracer, holder, _) = tracer(|builder| builder);
    holder.0.lock().unwrap().panics = true;
    tracer.span("work").start().finish();
    tracer.flush(Duration::from_secs(20)).unwrap();
    let stats = tracer.stats();
    assert_eq!((stats.dropped_reporter_panic, stats.delivered, stats.open()), (1, 0, 0));
}

#[test]
fn a_reporter_that_holds_spans_gets_the_unfinished_ones_at_the_close() {
    let (holder, builder) = (Holder::default(), Tracer::builder("shop"));
    let (tracer, drain) = builder.sampler(ConstSampler::new(Decision::Record)).build();
    let drains = std::thread::spawn({
        let holder = holder.clone();
        move || drain.run(holder)
    });
    let open = tracer.span("open").start();
    tracer.close(Duration::from_secs(20)).unwrap();
    drains.join().unwrap();
    let held = holder.0.lock().unwrap();
    assert!(held.flushed.iter().any(|line| line.starts_with("open NotSampled deferred")), "{:?}", held.flushed);
    assert_eq!(held.occasions.last(), Some(&HoldOccasion::Close));
    assert_eq!(tracer.stats().unfinished, 1);
    drop(open);
}

#[test]
fn a_threshold_is_read_from_and_written_to_tracestate() {
    let with = |list: &str| SpanContext::new(TraceId::from_parts(0, 7), SpanId::new(9)).with_tracestate(list);
    for (probability, text) in [(1.0, "ot=th:0"), (0.5, "ot=th:8"), (0.25, "ot=th:c"), (0.1, "ot=th:e666")] {
        let threshold = SamplingThreshold::new(probability);
        let list = threshold.write_to("").unwrap();
        assert_eq!(list.as_str(), text);
        assert_eq!(SamplingThreshold::of(&with(text)), Some(threshold));
        assert!((threshold.adjusted_count() * probability - 1.0).abs() < 1e-3);
    }
    for invalid in ["", "ot=rv:1", "ot=th:", "ot=th:G", "ot=th:123456789abcdef", "other=th:8"] {
        assert_eq!(SamplingThreshold::of(&with(invalid)), None, "{invalid}");
    }
    let quarter = SamplingThreshold::new(0.25);
    assert_eq!(quarter.write_to("a=b,ot=rv:ffffffffffffff;th:8").unwrap().as_str(), "ot=th:c;rv:ffffffffffffff,a=b");
    assert!(quarter.keeps(&with("ot=rv:ffffffffffffff")) && !quarter.keeps(&with("")));
    assert!(!SamplingThreshold::new(0.0).keeps(&with("ot=rv:ffffffffffffff")));
}
