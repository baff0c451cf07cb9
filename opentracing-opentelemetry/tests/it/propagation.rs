//! Our header formats through OpenTelemetry's propagator.

use std::collections::HashMap;

use opentelemetry::Context;
use opentelemetry::KeyValue;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, Tracer};
use opentracing_core::mock::MockTracer;
use opentracing_opentelemetry::Propagator;

use crate::{native, served};

fn propagator(mock: &MockTracer) -> Propagator {
    Propagator::with_tracer(mock.tracer().clone())
}

fn headers(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

#[test]
fn every_format_of_the_tracer_is_written() {
    let (mock, tracer) = served();
    let mut written = HashMap::new();
    tracer.in_span("call", |_| propagator(&mock).inject(&mut written));
    let mut names: Vec<_> = written.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "traceparent",
            "tracestate",
            "x-b3-sampled",
            "x-b3-spanid",
            "x-b3-traceid",
            "x-instana-l",
            "x-instana-s",
            "x-instana-t"
        ]
    );
    let span = mock.span("call");
    assert_eq!(written["x-b3-spanid"], span.context.span_id().to_string());
}

#[test]
fn every_format_of_the_tracer_is_read() {
    let cases: [(&str, &[(&str, &str)]); 4] = [
        ("w3c", &[("traceparent", "00-00000000000000000000000000000007-0000000000000009-01")]),
        (
            "b3 multi",
            &[("x-b3-traceid", "0000000000000007"), ("x-b3-spanid", "0000000000000009"), ("x-b3-sampled", "1")],
        ),
        ("b3 single", &[("b3", "0000000000000007-0000000000000009-1")]),
        ("instana", &[("x-instana-t", "0000000000000007"), ("x-instana-s", "0000000000000009")]),
    ];
    for (name, carrier) in cases {
        let (mock, tracer) = served();
        let context = propagator(&mock).extract(&headers(carrier));
        let remote = context.span().span_context().clone();
        assert!(remote.is_remote() && remote.is_sampled() == (name != "instana") || name == "instana", "{name}");
        tracer.start_with_context("otel", &context);
        let guard = context.attach();
        native(&mock, "native");
        drop(guard);
        for span in ["otel", "native"] {
            let span = mock.span(span);
            assert_eq!((span.context.trace_id().low(), span.parent_id.map(|id| id.get())), (7, Some(9)), "{name}");
        }
    }
}

#[test]
fn state_of_vendors_survives_extract_and_inject() {
    let (mock, tracer) = served();
    let propagator = propagator(&mock);
    let context =
        propagator.extract(&headers(&[("b3", "0000000000000007-0000000000000009-1"), ("baggage", "tenant=7")]));
    let mut written = HashMap::new();
    let span = tracer.start_with_context("otel", &context);
    propagator.inject_context(&context.with_span(span), &mut written);
    assert_eq!(written["x-b3-traceid"], "0000000000000007", "a 64-bit id stays one");
    assert_eq!(written["baggage"], "tenant=7");
}

#[test]
fn a_suppressed_caller_without_ids_makes_nothing() {
    let (mock, tracer) = served();
    let context = propagator(&mock).extract(&headers(&[("x-instana-l", "0")]));
    tracer.start_with_context("otel", &context);
    let _guard = context.attach();
    native(&mock, "native");
    assert!(mock.finished_spans().is_empty());
}

#[test]
fn nothing_or_nonsense_gives_the_context_that_was_there() {
    for carrier in [&[][..], &[("traceparent", "nonsense")], &[("x-other", "1")]] {
        let (mock, _) = served();
        let context = Context::new().with_value(7_u8);
        let extracted = propagator(&mock).extract_with_context(&context, &headers(carrier));
        assert!(!extracted.has_active_span() && extracted.get::<u8>() == Some(&7), "{carrier:?}");
    }
}

#[test]
fn baggage_of_opentelemetry_is_written_and_read() {
    let (mock, tracer) = served();
    let mut written = HashMap::new();
    tracer.in_span("call", |context| {
        let context = context.with_baggage([KeyValue::new("tenant", "7")]);
        propagator(&mock).inject_context(&context, &mut written);
    });
    assert_eq!(written["baggage"], "tenant=7");
    let read = propagator(&mock).extract(&written);
    assert_eq!(read.baggage().get("tenant").map(|value| value.to_string()).as_deref(), Some("7"));
}

#[test]
fn a_suppressed_context_is_written_as_not_sampled() {
    let (mock, tracer) = served();
    let mut written = HashMap::new();
    tracer.in_span("call", |context| {
        propagator(&mock).inject_context(&context.with_telemetry_suppressed(), &mut written);
    });
    assert_eq!(written["x-instana-l"], "0");
    assert!(written["traceparent"].ends_with("-00"));
}

#[test]
fn the_fields_are_those_that_are_written() {
    let mock = MockTracer::new();
    let propagator = propagator(&mock);
    let fields: Vec<_> = propagator.fields().collect();
    for name in ["traceparent", "tracestate", "x-b3-traceid", "x-instana-t", "baggage"] {
        assert!(fields.contains(&name), "{name} is in {fields:?}");
    }
}
