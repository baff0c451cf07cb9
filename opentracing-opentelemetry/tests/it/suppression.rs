//! Contexts in which nothing is to be recorded.

use std::collections::HashMap;

use opentelemetry::Context;
use opentelemetry::trace::{Span, Tracer};
use opentracing_core::propagation::HttpHeaders;

use crate::{assert_idle, native, served};

#[test]
fn a_suppressed_context_gets_no_span() {
    let (mock, tracer) = served();
    let guard = Context::enter_telemetry_suppressed_scope();
    let span = tracer.start("nothing");
    assert!(!span.span_context().is_valid() && !span.is_recording());
    drop(span);
    drop(guard);
    assert!(mock.finished_spans().is_empty());
}

#[test]
fn native_spans_in_a_suppressed_context_are_not_recorded() {
    let (mock, tracer) = served();
    tracer.in_span("otel", |_| {
        mock.tracer().span("native").start().in_scope(|| {
            let guard = Context::enter_telemetry_suppressed_scope();
            native(&mock, "nothing");
            mock.tracer().span("nothing").start().in_scope(|| native(&mock, "nothing"));
            drop(guard);
            native(&mock, "recorded");
        });
    });
    mock.assert_tree("otel\n  native\n    recorded");
    assert_idle(&mock);
}

#[test]
fn a_service_called_in_a_suppressed_context_is_told_not_to_record() {
    let (mock, _) = served();
    let _guard = Context::enter_telemetry_suppressed_scope();
    let span = mock.tracer().span("send").start();
    let mut headers = HashMap::new();
    let context = span.context().expect("a span has a context");
    mock.tracer().inject(&context, HttpHeaders, &mut headers).expect("there is a context");
    assert!(headers["traceparent"].ends_with("-00"));
    assert_eq!(headers["X-INSTANA-L"], "0");
}
