//! Which traces are kept, by rule.

use std::time::Duration;

use opentracing_core::{ConstSampler, Decision, Rule, Sampling, SpanContext, SpanId, SpanKind, TraceId, Tracer};
use opentracing_reporter::{TailRule, TailSampling};

use super::{Shop, strict};

const MS: Duration = Duration::from_millis(1);

/// The spans of a trace with a root, two children and one grandchild; `change` gets each span before it finishes.
fn trace(shop: &Shop, change: impl Fn(&Shop, &mut opentracing_core::Span)) {
    let mut root = shop.tracer.span("GET /cart").kind(SpanKind::Server).start();
    let mut select = shop.tracer.span("select").kind(SpanKind::Client).child_of(&root).start();
    let mut row = shop.tracer.span("row").child_of(&select).start();
    change(shop, &mut row);
    row.finish();
    change(shop, &mut select);
    select.finish();
    let mut render = shop.tracer.span("render").child_of(&root).start();
    change(shop, &mut render);
    render.finish();
    change(shop, &mut root);
    root.finish();
}

#[track_caller]
fn check(name: &str, tail: TailSampling, change: impl Fn(&Shop, &mut opentracing_core::Span), expected: &str) {
    let shop = Shop::new(tail);
    trace(&shop, change);
    assert_eq!(shop.outcome(4), expected, "{name}");
}

#[test]
fn the_first_rule_that_applies_decides_about_the_whole_trace() {
    let plain = |_: &Shop, _: &mut opentracing_core::Span| {};
    let failing = |name: &'static str| {
        move |_: &Shop, span: &mut opentracing_core::Span| {
            if span.is_named(name) {
                span.set_tag("error", true);
            }
        }
    };
    let lasting = |name: &'static str, time: Duration| {
        move |shop: &Shop, span: &mut opentracing_core::Span| {
            if span.is_named(name) {
                shop.advance(time);
            }
        }
    };
    let tagged = |name: &'static str, key: &'static str, value: i64| {
        move |_: &Shop, span: &mut opentracing_core::Span| {
            if span.is_named(name) {
                span.set_tag(key, value);
            }
        }
    };
    check("nothing", strict(), plain, "dropped by share");
    check("everything", strict().share(1.0), plain, "share 1");
    check("root failed", strict(), failing("GET /cart"), "error 1");
    check("grandchild failed", strict(), failing("row"), "error 1");
    check("errors without preference", strict().without_errors(), failing("row"), "dropped by share");
    check("slow root", strict().slow(100 * MS), lasting("GET /cart", 101 * MS), "slow 1");
    // The root lasts as long as its child.
    check("slow child", strict().slow(100 * MS), lasting("row", 101 * MS), "slow 1");
    check("not slow", strict().slow(100 * MS), lasting("row", 90 * MS), "dropped by share");
    check("slow root only", strict().slow_root(100 * MS), lasting("row", 101 * MS), "slow 1");
    check("root within its limit", strict().slow_root(200 * MS), lasting("row", 101 * MS), "dropped by share");
    check(
        "failed and slow",
        strict().slow(100 * MS),
        |shop, span| {
            span.set_tag("error", true);
            shop.advance(101 * MS);
        },
        "error 1",
    );

    let priority = |priority: i64| tagged("row", "sampling.priority", priority);
    check("priority of a child", strict(), priority(1), "priority 1");
    check("no priority", strict().share(1.0), priority(0), "dropped by priority");

    let drops = || TailRule::drop("health", Rule::new().operation("GET /*").kind(SpanKind::Server));
    let keeps = || TailRule::keep("rows", Rule::new().operation("row"));
    check("rule drops errors", strict().rule(drops()), failing("row"), "dropped by health");
    check("rule keeps", strict().rule(keeps()), plain, "rows 1");
    check("first rule wins", strict().rule(keeps()).rule(drops()), plain, "rows 1");
    check("first rule wins", strict().rule(drops()).rule(keeps()), plain, "dropped by health");
    check(
        "other operation",
        strict().rule(TailRule::keep("no", Rule::new().operation("r"))),
        plain,
        "dropped by share",
    );
    check("tag", strict().rule(TailRule::keep("big", Rule::new().tag("size"))), tagged("row", "size", 7), "big 1");
    let seven = || TailRule::keep("seven", Rule::new().tag_value("size", "7"));
    check("value", strict().rule(seven()), tagged("row", "size", 7), "seven 1");
    check("other value", strict().rule(seven()), tagged("row", "size", 8), "dropped by share");
    let denied = || strict().rule(TailRule::keep("denied", Rule::new()).statuses(401..=403));
    check("status", denied(), tagged("GET /cart", "http.status_code", 403), "denied 1");
    check("other status", denied(), tagged("GET /cart", "http.status_code", 404), "dropped by share");
    let rows = || TailRule::keep("slow rows", Rule::new().operation("row")).at_least(50 * MS);
    check("duration", strict().rule(rows()), lasting("row", 51 * MS), "slow rows 1");
    check("other span", strict().rule(rows()), lasting("render", 51 * MS), "dropped by share");
    let failed_rows = || TailRule::drop("failed rows", Rule::new().operation("row")).failed();
    check("failed", strict().rule(failed_rows()), failing("row"), "dropped by failed rows");
    check("another failed", strict().rule(failed_rows()), failing("select"), "error 1");
    let root = || TailRule::keep("root", Rule::new().operation("row")).local_root();
    check("local root", strict().rule(root()), plain, "dropped by share");
    let all = || TailRule::share("some", Rule::new(), 1.0);
    check("share of a rule", strict().rule(all()), plain, "some 1");
    let none = || TailRule::share("few", Rule::new(), 0.0);
    check("no share of a rule", strict().share(1.0).rule(none()), failing("row"), "dropped by few");
}

#[test]
fn a_decision_of_the_sampler_or_the_caller_is_kept_unless_tail_sampling_decides_about_it_too() {
    #[track_caller]
    fn check(tail: TailSampling, work: impl Fn(&Tracer), sampled: bool, expected: &str, spans: usize) {
        let shop = Shop::with(tail, |builder| if sampled { builder.sampler(ConstSampler::on()) } else { builder });
        work(&shop.tracer);
        assert_eq!(shop.outcome(spans), expected);
    }
    let root = |tracer: &Tracer| {
        let _root = tracer.span("root").start_active();
        tracer.span("child").start().finish();
    };
    let entry = |sampling: Sampling| {
        move |tracer: &Tracer| {
            let parent = SpanContext::new(TraceId::from_parts(0, 1), SpanId::new(9)).with_sampling(sampling);
            tracer.span("entry").child_of(&parent).start().finish();
        }
    };
    check(strict(), root, false, "dropped by share", 2);
    check(strict(), root, true, "kept", 2);
    check(strict().decide_sampled(), root, true, "dropped by share", 2);
    check(strict(), entry(Sampling::Undecided), false, "dropped by share", 1);
    check(strict(), entry(Sampling::Sampled), false, "kept", 1);
    check(strict(), entry(Sampling::NotSampled), false, "dropped by none", 0);
    check(strict().decide_sampled(), entry(Sampling::Sampled), false, "dropped by share", 1);
    check(strict().decide_sampled(), entry(Sampling::Debug), false, "priority 1", 1);
}

/// A child that is sampled by a late priority finishes first.
#[test]
fn a_kept_span_is_marked_as_sampled() {
    for as_sampled in [false, true] {
        let shop = Shop::with(strict(), |builder| if as_sampled { builder.deferred_as_sampled() } else { builder });
        trace(&shop, |_, span| {
            assert_eq!(span.context().map(|context| context.is_sampled()), Some(as_sampled));
            span.set_tag("error", true);
        });
        shop.flush();
        let spans = shop.spans();
        assert_eq!(spans.len(), 4);
        for span in spans {
            assert!(span.context.is_sampled() && !span.context.is_deferred() && !span.context.is_debug());
            assert_eq!(span.tag("sampling.rule").is_some(), span.is_local_root);
        }
    }
}

#[test]
fn the_reporter_makes_the_tracer_record_everything_unless_it_has_a_sampler() {
    let start = |builder| {
        let sent = super::Sent::default();
        let reporter = opentracing_reporter::BatchReporter::new(sent.clone()).tail_sampling(strict());
        let (tracer, guard) = reporter.start(builder).unwrap();
        tracer.span("work").tag("error", true).start().finish();
        drop(guard);
        let spans = sent.0.lock().unwrap().len();
        (spans, tracer.stats().started)
    };
    assert_eq!(start(Tracer::builder("shop")), (1, 1));
    assert_eq!(start(Tracer::builder("shop").sampler(ConstSampler::off())), (0, 0));
    assert_eq!(start(Tracer::builder("shop").sampler(ConstSampler::new(Decision::Record))), (1, 1));
}
