//! OpenTelemetry's consistent probability, with the numbers of its specification.

use opentracing_core::mock::MockTracer;
use opentracing_core::{
    ConsistentProbabilitySampler, Decision, Sampler, Sampling, SamplingDetails, SpanContext, SpanId, TraceId,
};

use super::{keeps, root};

#[test]
fn writes_the_threshold_of_each_share() {
    #[track_caller]
    fn check(probability: f64, expected: &str) {
        let sampler = ConsistentProbabilitySampler::new(probability);
        let mut notes = SamplingDetails::default();
        // The greatest randomness of all is kept at any share.
        let decision = sampler.decide_with_details(&root((1 << 56) - 1, "work"), &mut notes);
        assert_eq!(decision, Decision::RecordAndSample, "{probability}");
        assert_eq!(notes.tracestate().map(ToString::to_string).as_deref(), Some(expected), "{probability}");
    }
    check(1.0, "ot=th:0");
    check(0.5, "ot=th:8");
    check(1.0 / 3.0, "ot=th:aaab");
    check(0.25, "ot=th:c");
    check(0.1, "ot=th:e666");
    check(0.01, "ot=th:fd70a");
    check(0.001, "ot=th:ffbe77");
    check(1e-6, "ot=th:ffffef39");
    check(2.0, "ot=th:0");
    check(2f64.powi(-56), "ot=th:ffffffffffffff");
}

#[test]
fn keeps_what_is_not_below_the_threshold() {
    #[track_caller]
    fn check(probability: f64, low: u64, expected: bool) {
        assert_eq!(keeps(&ConsistentProbabilitySampler::new(probability), &root(low, "work")), expected, "{low:x}");
    }
    check(0.5, 0x80_0000_0000_0000, true);
    check(0.5, 0x7f_ffff_ffff_ffff, false);
    check(0.5, 0xff7f_ffff_ffff_ffff, false); // the upper 8 bits do not count
    check(1.0, 1, true);
    check(0.569, 0x6e_6d1a_7583_2a2f, true);
    check(0.568, 0x6e_6d1a_7583_2a2f, false);
    for none in [0.0, -1.0, f64::NAN, 1e-30] {
        let sampler = ConsistentProbabilitySampler::new(none);
        assert!(!keeps(&sampler, &root(u64::MAX, "work")), "{none}");
    }
}

fn parent(tracestate: &str) -> SpanContext {
    SpanContext::new(TraceId::from_parts(1, 2), SpanId::new(3)).with_tracestate(tracestate)
}

#[test]
fn takes_the_randomness_of_the_parent_and_keeps_what_else_is_there() {
    #[track_caller]
    fn check(probability: f64, tracestate: &str, kept: bool, expected: Option<&str>) {
        let sampler = ConsistentProbabilitySampler::new(probability);
        let mock = MockTracer::with(|builder| builder.sampler(sampler));
        let span = mock.tracer().span("work").child_of(&parent(tracestate)).start();
        let context = span.context().unwrap();
        assert_eq!((context.is_sampled(), context.tracestate()), (kept, expected), "{tracestate}");
    }
    check(0.57, "ot=rv:6e6d1a75832a2f", true, Some("ot=th:6e14;rv:6e6d1a75832a2f"));
    check(0.56, "ot=rv:6e6d1a75832a2f", false, Some("ot=rv:6e6d1a75832a2f"));
    check(0.56, "a=1,ot=th:4;rv:6e6d1a75832a2f", false, Some("ot=rv:6e6d1a75832a2f,a=1"));
    check(0.5, "a=1,ot=th:4", false, Some("a=1"));
    check(0.5, "a=1", false, Some("a=1"));
    check(1.0, "a=1,ot=th:4;x:y", true, Some("ot=th:0;x:y,a=1"));
    check(0.0, "a=1,ot=th:4", false, Some("a=1"));
    // A randomness that is none: by the trace id.
    for wrong in ["rv:6e6d1a75832a2", "rv:6E6D1A75832A2F", "rv:+e6d1a75832a2f"] {
        let list = format!("ot={wrong}");
        check(0.9, &list, false, Some(&list));
    }
    // No room for a threshold beside the others.
    let long = format!("ot=x:{}", "y".repeat(250));
    check(1.0, &long, true, Some(&long));
}

#[test]
fn a_decision_from_elsewhere_passes_on_with_its_threshold() {
    let mock = MockTracer::with(|builder| builder.sampler(ConsistentProbabilitySampler::new(0.5)));
    let parent = parent("ot=th:c,a=1").with_sampling(Sampling::Sampled);
    let span = mock.tracer().span("work").child_of(&parent).start();
    assert_eq!(span.context().unwrap().tracestate(), Some("ot=th:c,a=1"));
    assert!(span.is_recording());
}

#[test]
fn a_smaller_share_is_part_of_a_greater_one() {
    let (small, great) = (ConsistentProbabilitySampler::new(0.1), ConsistentProbabilitySampler::new(0.3));
    let ids: Vec<_> = (1..=4_000u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    let kept = |sampler: &ConsistentProbabilitySampler| -> Vec<u64> {
        ids.iter().copied().filter(|low| keeps(sampler, &root(*low, "work"))).collect()
    };
    let (small, great) = (kept(&small), kept(&great));
    assert!(small.iter().all(|low| great.contains(low)));
    assert!((340..460).contains(&small.len()) && (1_080..1_320).contains(&great.len()));
}
