//! Contexts from one system to the other and back.

use opentelemetry::Context;
use opentelemetry::trace::{
    Span, SpanContext as OtelContext, SpanId as OtelSpanId, TraceContextExt, TraceFlags, TraceId as OtelTraceId, Tracer,
};
use opentracing_core::{Sampling, SpanContext, SpanId, SpanRef, TraceId};

use crate::served;

#[test]
fn a_context_is_the_same_in_opentelemetry() {
    let context = || SpanContext::new(TraceId::from_parts(1, 2), SpanId::new(3));
    let members: Vec<String> = (0..32).map(|n| format!("k{n}=v{n}")).collect();
    let cases = [
        ("undecided", context(), 0),
        ("not sampled", context().with_sampling(Sampling::NotSampled), 0),
        ("sampled", context().with_sampling(Sampling::Sampled), 1),
        ("debug", context().with_sampling(Sampling::Debug), 1),
        ("random", context().with_random(true), 2),
        ("sampled and random", context().with_sampling(Sampling::Sampled).with_random(true), 3),
        ("tracestate", context().with_tracestate("a=1,b=2"), 0),
        ("32 members", context().with_tracestate(&members.join(",")), 0),
    ];
    for (name, context, flags) in cases {
        served();
        SpanRef::of_context(context.clone()).in_scope(|| {
            let otel = Context::map_current(|current| current.span().span_context().clone());
            assert_eq!(otel.trace_id().to_bytes(), context.trace_id().to_bytes(), "{name}");
            assert_eq!(otel.span_id().to_bytes(), context.span_id().to_bytes(), "{name}");
            assert_eq!(otel.trace_flags().to_u8(), flags, "{name}");
            assert_eq!(otel.trace_state().header(), context.tracestate().unwrap_or_default(), "{name}");
            assert!(otel.is_remote(), "{name}");
        });
    }
}

#[test]
fn a_context_of_opentelemetry_is_the_same_for_native_code() {
    for (name, flags, state) in
        [("bare", 0, ""), ("sampled", 1, ""), ("random", 3, "a=1,b=2"), ("blanks", 1, "a=1 , b=2")]
    {
        let (mock, _) = served();
        let remote = OtelContext::new(
            OtelTraceId::from(7),
            OtelSpanId::from(9),
            TraceFlags::new(flags),
            true,
            state.parse().expect("the list is valid"),
        );
        let _guard = Context::new().with_remote_span_context(remote.clone()).attach();
        let native = mock.tracer().active_context().expect("the context is active");
        assert_eq!(native.trace_id().to_bytes(), remote.trace_id().to_bytes(), "{name}");
        assert_eq!(native.span_id().to_bytes(), remote.span_id().to_bytes(), "{name}");
        assert_eq!((native.is_sampled(), native.is_random()), (flags & 1 == 1, flags & 2 == 2), "{name}");
        assert_eq!(native.tracestate().unwrap_or_default(), remote.trace_state().header(), "{name}");
        assert!(native.is_remote(), "{name}");
    }
}

#[test]
fn baggage_and_vendor_state_pass_through_spans_of_opentelemetry() {
    let (mock, tracer) = served();
    let mut native = mock.tracer().span("native").start();
    native.set_baggage_item("tenant", "7");
    native.in_scope(|| {
        tracer.in_span("otel", |context| {
            assert!(!context.span().span_context().is_remote());
            let mut leaf = mock.tracer().span("leaf").start();
            assert_eq!(leaf.baggage_item("tenant").as_deref(), Some("7"));
            leaf.set_tag("done", true);
        });
        let mut span = tracer.start("explicit");
        span.end();
    });
    drop(native);
    assert_eq!(mock.span("explicit").context.baggage_item("tenant"), Some("7"));
}
