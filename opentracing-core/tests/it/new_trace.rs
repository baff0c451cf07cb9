//! `new_trace` starts a trace of its own, also for a span with references.

use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, ReferenceKind, Sampling, Span, SpanContext, SpanId, TraceId};

fn untrusted() -> SpanContext {
    SpanContext::new(TraceId::from_parts(0, 77), SpanId::new(78))
        .with_sampling(Sampling::Debug)
        .with_baggage_item("a", "b")
}

#[track_caller]
fn check(mock: &MockTracer, span: Span, kinds: &[ReferenceKind]) {
    mock.reset();
    let context = span.context().unwrap();
    assert_ne!(context.trace_id(), untrusted().trace_id());
    assert_eq!(context.parent_id(), None);
    assert_eq!(context.baggage().count(), 0);
    assert_eq!(context.sampling(), Sampling::Sampled);
    span.finish();
    let span = mock.span("edge");
    assert!(span.is_local_root);
    assert_eq!(span.references.iter().map(|reference| reference.kind).collect::<Vec<_>>(), kinds);
    assert!(span.references.iter().all(|reference| reference.context == untrusted()));
}

#[test]
fn inherits_nothing_and_keeps_the_references() {
    let mock = MockTracer::new();
    let tracer = mock.tracer();
    let _scope = tracer.span("active").start_active();
    let untrusted = untrusted();
    check(&mock, tracer.span("edge").new_trace().start(), &[]);
    check(&mock, tracer.span("edge").new_trace().follows_from(&untrusted).start(), &[ReferenceKind::FollowsFrom]);
    check(&mock, tracer.span("edge").child_of(&untrusted).new_trace().start(), &[ReferenceKind::ChildOf]);
    check(
        &mock,
        tracer.span("edge").new_trace().child_of(&untrusted).follows_from(&untrusted).start(),
        &[ReferenceKind::ChildOf, ReferenceKind::FollowsFrom],
    );
}

#[test]
fn is_decided_by_the_local_sampler() {
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::off()));
    let untrusted = untrusted();
    let span = mock.tracer().span("edge").new_trace().follows_from(&untrusted).start();
    assert_eq!(span.context().unwrap().sampling(), Sampling::NotSampled);
    assert!(!span.is_recording());
}
