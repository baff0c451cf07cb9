//! Tests of the public interface, one module a topic.

mod contexts;
mod conversion;
mod cost;
#[cfg(feature = "sdk")]
mod exporter;
mod libraries;
mod propagation;
mod spans;
mod suppression;
mod tasks;
mod unusual;
mod versions;

use opentelemetry::Context;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentracing_core::mock::MockTracer;
use opentracing_opentelemetry::{ProvidedTracer, Provider, connect_contexts};

/// A mock tracer, and the tracer of OpenTelemetry that it serves, with connected contexts.
fn served() -> (MockTracer, ProvidedTracer) {
    connect_contexts().expect("no other bridge exists in this process");
    let mock = MockTracer::new();
    let tracer = of(&mock);
    (mock, tracer)
}

fn of(mock: &MockTracer) -> ProvidedTracer {
    Provider::with_tracer(mock.tracer().clone()).tracer("")
}

fn native(mock: &MockTracer, name: &'static str) {
    mock.tracer().span(name).start().finish();
}

/// Nothing is left active on this thread, in either system.
#[track_caller]
fn assert_idle(mock: &MockTracer) {
    assert!(!Context::map_current(Context::has_active_span), "a context is left");
    assert!(mock.tracer().active_context().is_none(), "a span is left active");
}
