//! Tail sampling from the environment.

use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};

use super::{LONG, check_warnings, read, start};

const ON: (&str, &str) = ("OPENTRACING_TAIL_SAMPLING", "true");
const NO_SHARE: (&str, &str) = ("OPENTRACING_TAIL_SHARE", "0");

/// The names of the spans that are kept of a failed, a plain and a health trace, and of one that the caller has sampled.
fn kept(variables: &[(&str, &str)]) -> Vec<String> {
    let (tracer, guard, told) = start(read(variables));
    let sampled = SpanContext::new(TraceId::from_parts(1, 2), SpanId::new(1)).with_sampling(Sampling::Sampled);
    tracer.span("failed").tag("error", true).start().finish();
    tracer.span("plain").start().finish();
    tracer.span("GET /healthz").tag("error", true).start().finish();
    tracer.span("sampled").child_of(&sampled).start().finish();
    assert_eq!(guard.close(LONG), Ok(()));
    let mut names: Vec<_> = told.try_iter().map(|told| told.name).collect();
    names.sort();
    names
}

#[test]
fn variables_select_what_is_kept() {
    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: &[&str]) {
        assert_eq!(kept(&[&[ON, NO_SHARE], variables].concat()), expected, "{variables:?}");
    }
    assert_eq!(kept(&[]), ["GET /healthz", "failed", "plain", "sampled"]);
    check(&[], &["GET /healthz", "failed", "sampled"]);
    check(&[("OPENTRACING_TAIL_DROP", "none, GET /health*")], &["failed", "sampled"]);
    check(&[("OPENTRACING_TAIL_KEEP", "pl*")], &["GET /healthz", "failed", "plain", "sampled"]);
    check(&[("OPENTRACING_TAIL_SLOW", "0ms")], &["GET /healthz", "failed", "plain", "sampled"]);
    check(&[("OPENTRACING_TAIL_DECIDE_SAMPLED", "true")], &["GET /healthz", "failed"]);
    check(&[("OPENTRACING_TAIL_MAX_SPANS", "0")], &["GET /healthz", "failed", "sampled"]);
    check(&[("OTEL_TRACES_SAMPLER", "parentbased_always_on")], &["GET /healthz", "failed", "plain", "sampled"]);
    check(
        &[("OTEL_TRACES_SAMPLER", "parentbased_always_on"), ("OPENTRACING_TAIL_DECIDE_SAMPLED", "true")],
        &["GET /healthz", "failed"],
    );
}

#[test]
fn the_wire_says_what_the_variable_says() {
    for (wire, expected) in [("not_sampled", false), ("sampled", true)] {
        let (tracer, guard, _told) = start(read(&[ON, ("OPENTRACING_TAIL_WIRE", wire)]));
        let context = tracer.span("work").start().context();
        assert_eq!(context.map(|context| context.is_sampled()), Some(expected));
        drop(guard);
    }
}

#[test]
fn mistakes_are_named() {
    check_warnings(
        &[("OPENTRACING_TAIL_SHARE", "0.5")],
        &["OPENTRACING_TAIL_SHARE is set without OPENTRACING_TAIL_SAMPLING=true: ignoring it"],
    );
    check_warnings(
        &[ON, ("OPENTRACING_TAIL_SHARE", "5"), ("OPENTRACING_TAIL_QUANTILE", "p99"), ("OPENTRACING_TAIL_WIRE", "no")],
        &[
            "OPENTRACING_TAIL_SHARE is 5, not between 0 and 1: using 0.1",
            "OPENTRACING_TAIL_QUANTILE is \"p99\", not a number: using 0.99",
            "OPENTRACING_TAIL_WIRE is \"no\", neither not_sampled nor sampled: using not_sampled",
        ],
    );
    check_warnings(
        &[ON, ("OTEL_TRACES_SAMPLER", "always_on")],
        &["OTEL_TRACES_SAMPLER is set, so that tail sampling decides only about what is not sampled: \
           set OPENTRACING_TAIL_DECIDE_SAMPLED=true to decide about the others too"],
    );
}
