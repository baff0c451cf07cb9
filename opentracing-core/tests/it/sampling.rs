//! Which spans are kept.

use std::sync::Mutex;

use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::TraceState;
use opentracing_core::{
    ConstSampler, Decision, ParentBased, ProbabilisticSampler, Sampler, Sampling, SamplingDetails, SamplingParams,
    SpanContext, SpanId, SpanKind, TraceId, TraceIdRatioSampler, Value,
};

fn remote(sampling: Sampling) -> SpanContext {
    SpanContext::new(TraceId::from_parts(1, 2), SpanId::new(3)).with_sampling(sampling)
}

#[test]
fn a_dropped_span_keeps_ids_decision_and_baggage() {
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::off()));
    let mut span = mock.tracer().span("dropped").tag("a", 1).start();
    span.set_tag("b", 2).log("c").set_baggage_item("tenant", "acme");
    let mut made = false;
    span.set_tag_with("d", || {
        made = true;
        1
    });
    assert!(!made && !span.is_recording());
    let child = mock.tracer().span("child").child_of(&span).start();
    let (parent, context) = (span.context().unwrap(), child.context().unwrap());
    assert_eq!(context.trace_id(), parent.trace_id());
    assert_eq!(context.parent_id(), Some(parent.span_id()));
    assert_eq!(context.sampling(), Sampling::NotSampled);
    assert_eq!(context.baggage_item("tenant"), Some("acme"));
    drop((span, child));
    assert!(mock.finished_spans().is_empty());
    assert_eq!(mock.tracer().stats().lost(), 0);
}

#[test]
fn the_decision_of_a_remote_parent_holds() {
    #[track_caller]
    fn check(sampler: ConstSampler, sampling: Sampling, expected: Sampling) {
        let mock = MockTracer::with(|builder| builder.sampler(sampler));
        let span = mock.tracer().span("work").child_of(&remote(sampling)).start();
        assert_eq!(span.context().unwrap().sampling(), expected);
        assert_eq!(span.is_recording(), expected.is_sampled());
        assert_eq!(span.context().unwrap().trace_id(), TraceId::from_parts(1, 2));
    }
    use Sampling::{Debug, NotSampled, Sampled, Undecided};
    check(ConstSampler::on(), NotSampled, NotSampled);
    check(ConstSampler::off(), Sampled, Sampled);
    check(ConstSampler::off(), Debug, Debug);
    check(ConstSampler::on(), Undecided, Sampled);
    check(ConstSampler::off(), Undecided, NotSampled);
}

#[test]
fn parent_based_asks_another_sampler_where_a_remote_parent_decided() {
    #[track_caller]
    fn check(sampler: ParentBased, sampling: Sampling, expected: bool) {
        let mock = MockTracer::with(|builder| builder.sampler(sampler));
        let span = mock.tracer().span("work").child_of(&remote(sampling)).start();
        assert_eq!(span.context().unwrap().is_sampled(), expected);
        // A local parent always holds.
        let child = mock.tracer().span("child").child_of(&span).start();
        assert_eq!(child.context().unwrap().is_sampled(), expected);
    }
    let plain = || ParentBased::new(ConstSampler::on());
    check(plain(), Sampling::NotSampled, false);
    check(plain(), Sampling::Undecided, true);
    check(plain().remote_not_sampled(ConstSampler::on()), Sampling::NotSampled, true);
    check(plain().remote_not_sampled(ConstSampler::on()), Sampling::Sampled, true);
    check(plain().remote_sampled(ConstSampler::off()), Sampling::Sampled, false);
    check(plain().remote_sampled(ConstSampler::off()), Sampling::Undecided, true);
    check(ParentBased::new(ConstSampler::off()), Sampling::Undecided, false);
}

#[test]
fn probabilistic_compares_the_lower_63_bits_as_jaeger_does() {
    #[track_caller]
    fn check(rate: f64, low: u64, expected: bool) {
        let params = SamplingParams::root(TraceId::from_parts(0, low), "work");
        let decision = ProbabilisticSampler::new(rate).decide(&params);
        assert_eq!(decision == Decision::RecordAndSample, expected, "{rate} {low:x}");
    }
    let half = 1u64 << 62;
    check(0.5, half - 1, true);
    check(0.5, half, true); // the boundary itself is kept
    check(0.5, half + 1024, false);
    check(0.5, half | 1 << 63, true); // the top bit does not count
    check(1.0, u64::MAX, true);
    check(0.0, 0, false);
    check(-1.0, 0, false);
    check(2.0, u64::MAX, true);
    check(f64::NAN, 1, false);
}

#[test]
fn trace_id_ratio_compares_the_upper_63_of_the_lower_64_bits() {
    #[track_caller]
    fn check(ratio: f64, low: u64, expected: bool) {
        let params = SamplingParams::root(TraceId::from_parts(0, low), "work");
        let decision = TraceIdRatioSampler::new(ratio).decide(&params);
        assert_eq!(decision == Decision::RecordAndSample, expected, "{ratio} {low:x}");
    }
    check(0.5, (1 << 63) - 1, true);
    check(0.5, 1 << 63, false);
    check(1.0, u64::MAX, true);
    check(0.0, 0, false);
    check(f64::NAN, 1, false);
}

#[test]
fn samplers_of_a_share_keep_about_that_share() {
    for sampler in [&ProbabilisticSampler::new(0.25) as &dyn Sampler, &TraceIdRatioSampler::new(0.25)] {
        let kept = (1..=4000u64)
            .filter(|n| {
                let low = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                sampler.decide(&SamplingParams::root(TraceId::from_parts(0, low), "work")) != Decision::Drop
            })
            .count();
        assert!((900..1100).contains(&kept), "{sampler:?} kept {kept} of 4000");
    }
}

#[test]
fn sampling_priority_at_the_start_goes_before_the_sampler_and_the_parent() {
    #[track_caller]
    fn check(sampler: ConstSampler, priority: i64, expected: Sampling) {
        let mock = MockTracer::with(|builder| builder.sampler(sampler));
        let span = mock.tracer().span("work").tag("sampling.priority", priority).start();
        assert_eq!(span.context().unwrap().sampling(), expected);
        let span =
            mock.tracer().span("work").child_of(&remote(Sampling::Sampled)).tag("sampling.priority", priority).start();
        assert_eq!(span.context().unwrap().sampling(), expected);
    }
    check(ConstSampler::off(), 1, Sampling::Debug);
    check(ConstSampler::off(), 5, Sampling::Debug);
    check(ConstSampler::on(), 0, Sampling::NotSampled);
}

#[test]
fn a_late_sampling_priority_begins_recording_or_drops_the_span() {
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::off()));
    let mut span = mock.tracer().span("kept after all").start();
    span.set_tag("too early", 1).set_tag("sampling.priority", 1).set_tag("kept", 2);
    mock.tracer().span("child").child_of(&span).start().finish();
    span.finish();
    mock.assert_tree("kept after all\n  child");
    assert_eq!(mock.span("kept after all").tag("too early"), None);
    assert_eq!(mock.span("kept after all").tag("kept"), Some(Value::I64(2)));

    let mock = MockTracer::new();
    let mut span = mock.tracer().span("dropped after all").start();
    span.set_tag("sampling.priority", 0);
    assert!(!span.context().unwrap().is_sampled());
    span.finish();
    assert!(mock.finished_spans().is_empty());
    assert_eq!(mock.tracer().stats().dropped_unsampled, 1);
}

#[test]
fn a_recorded_span_is_not_sampled_as_far_as_others_are_told() {
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::new(Decision::Record)));
    let span = mock.tracer().span("work").start();
    assert!(span.is_recording() && !span.context().unwrap().is_sampled());
    let child = mock.tracer().span("child").child_of(&span).start();
    assert!(child.is_recording());
    drop((span, child));
    assert_eq!(mock.tracer().stats().dropped_unsampled, 0);
    assert!(mock.finished_spans().is_empty());
    assert_eq!(mock.tracer().stats().dropped_unsampled, 2);
}

/// Notes what it is shown, and keeps what has a tag `keep`.
#[derive(Debug)]
struct Asking {
    seen: &'static Mutex<Vec<String>>,
}

impl Sampler for Asking {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        let tags: Vec<_> = params.tags.iter().map(|(key, value)| format!("{}={value}", key.as_str())).collect();
        self.seen.lock().unwrap().push(format!("{} {} {}", params.operation_name, params.kind, tags.join(" ")));
        if params.tags.iter().any(|(key, _)| key.as_str() == "keep") {
            Decision::RecordAndSample
        } else {
            Decision::Drop
        }
    }

    fn reads_tags(&self) -> bool {
        true
    }
}

#[test]
fn t4_a_sampler_sees_name_kind_and_tags_of_roots_only() {
    let seen: &'static Mutex<Vec<String>> = Box::leak(Box::default());
    let mock = MockTracer::with(|builder| builder.sampler(Asking { seen }));
    let kept = mock.tracer().span("a").kind(SpanKind::Server).tag("keep", true).tag("n", 1).start();
    mock.tracer().span("b").child_of(&kept).tag("x", 1).start().finish();
    kept.finish();
    mock.tracer().span("c").tag("span.kind", "client").start().finish();
    assert_eq!(*seen.lock().unwrap(), ["a server keep=true n=1", "c client "]);
    mock.assert_tree("a (server)\n  b");
    assert_eq!(mock.span("a").tag("n"), Some(Value::I64(1)));
}

#[test]
fn a_sampler_that_panics_drops_the_span_and_is_counted() {
    #[derive(Debug)]
    struct Panicking;
    impl Sampler for Panicking {
        fn decide(&self, _: &SamplingParams<'_>) -> Decision {
            panic!("on purpose")
        }
    }
    let mock = MockTracer::with(|builder| builder.sampler(Panicking));
    assert!(!mock.tracer().span("work").start().is_recording());
    assert_eq!(mock.tracer().stats().sampler_panics, 1);
}

#[test]
fn a_sampler_may_trace() {
    #[derive(Debug)]
    struct Tracing(opentracing_core::Tracer);
    impl Sampler for Tracing {
        fn decide(&self, _: &SamplingParams<'_>) -> Decision {
            self.0.span("deciding").start().finish();
            Decision::RecordAndSample
        }
    }
    let other = MockTracer::new();
    let mock = MockTracer::with(|builder| builder.sampler(Tracing(other.tracer().clone())));
    mock.tracer().span("work").start().finish();
    mock.assert_tree("work");
    other.assert_tree("deciding");
}

/// Notes a rule and a tracestate, and keeps what is named `kept`.
#[derive(Debug)]
struct Noting;

impl Sampler for Noting {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        if params.operation_name == "kept" { Decision::RecordAndSample } else { Decision::Drop }
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, notes: &mut SamplingDetails) -> Decision {
        notes.set_rule("noting", 0.5);
        let mut tracestate: TraceState = params.parent.and_then(SpanContext::tracestate).unwrap_or("").parse().unwrap();
        if params.operation_name == "erased" {
            tracestate.remove("ot");
        } else {
            tracestate.insert("ot", "th:8").unwrap();
        }
        notes.set_tracestate(tracestate);
        self.decide(params)
    }
}

#[test]
fn the_rule_that_decided_is_a_tag_of_the_span_it_decided_about() {
    let mock = MockTracer::with(|builder| builder.sampler(ParentBased::new(Noting)));
    let root = mock.tracer().span("kept").start();
    mock.tracer().span("child").child_of(&root).start().finish();
    mock.tracer().span("decided elsewhere").child_of(&remote(Sampling::Sampled)).start().finish();
    mock.tracer().span("forced").tag("sampling.priority", 1).start().finish();
    root.finish();
    let tag = |name, key| mock.span(name).tag(key).map(|value| value.to_string());
    assert_eq!(tag("kept", "sampler.type").as_deref(), Some("noting"));
    assert_eq!(tag("kept", "sampler.param").as_deref(), Some("0.5"));
    for name in ["child", "decided elsewhere", "forced"] {
        assert_eq!((tag(name, "sampler.type"), tag(name, "sampler.param")), (None, None), "{name}");
    }
}

#[test]
fn the_samplers_of_jaeger_are_tagged_as_there() {
    #[track_caller]
    fn check(sampler: impl Sampler, expected: &[(&str, &str)]) {
        let mock = MockTracer::with(|builder| builder.sampler(sampler));
        mock.tracer().span("work").start().finish();
        let tags: Vec<_> =
            mock.span("work").tags.iter().map(|(key, v)| (key.to_string(), v.as_value().to_string())).collect();
        let tags: Vec<_> = tags.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(tags, expected);
    }
    check(ProbabilisticSampler::new(1.0), &[("sampler.type", "probabilistic"), ("sampler.param", "1")]);
    // What never changes is not asked, so it says nothing.
    check(ConstSampler::on(), &[]);
}

#[test]
fn a_sampler_changes_the_tracestate_of_kept_and_dropped_spans() {
    #[track_caller]
    fn check(name: &'static str, parent: &str, expected: Option<&str>) {
        let mock = MockTracer::with(|builder| builder.sampler(Noting));
        let parent = remote(Sampling::Undecided).with_tracestate(parent).with_baggage_item("a", "b");
        let span = mock.tracer().span(name).child_of(&parent).start();
        let child = mock.tracer().span("child").child_of(&span).start();
        for context in [span.context().unwrap(), child.context().unwrap()] {
            assert_eq!(context.tracestate(), expected, "{name}");
            assert_eq!(context.baggage_item("a"), Some("b"));
        }
        assert_eq!(parent.tracestate(), Some("a=1,ot=th:c"));
    }
    check("kept", "a=1,ot=th:c", Some("ot=th:8,a=1"));
    check("dropped", "a=1,ot=th:c", Some("ot=th:8,a=1"));
    check("erased", "a=1,ot=th:c", Some("a=1"));

    let mock = MockTracer::with(|builder| builder.sampler(Noting));
    let root = mock.tracer().span("kept").start().context().unwrap();
    assert_eq!(root.tracestate(), Some("ot=th:8"));
    assert_eq!(mock.tracer().span("erased").start().context().unwrap().tracestate(), None);
}
