//! Spans of OpenTelemetry's API, recorded by our tracer.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Event, Link, Span, SpanBuilder, SpanContext, SpanId, SpanKind as OtelKind, Status, TraceContextExt, TraceFlags,
    TraceId, TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Array, Context, InstrumentationScope, KeyValue, Value as OtelValue};
use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, Decision, ReferenceKind, SpanKind, Value};
use opentracing_opentelemetry::Provider;
use opentracing_reporter::terms::from_opentelemetry;

use crate::{of, served};

#[test]
fn a_builder_sets_kind_name_start_attributes_events_and_links() {
    let (mock, tracer) = served();
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
    let linked = SpanContext::new(TraceId::from(7), SpanId::from(9), TraceFlags::SAMPLED, true, TraceState::NONE);
    let mut span = tracer
        .span_builder("charge")
        .with_kind(OtelKind::Client)
        .with_start_time(start)
        .with_attributes([KeyValue::new("amount", 12.5), KeyValue::new("card", "visa")])
        .with_events(vec![Event::new("sent", start + Duration::from_secs(1), vec![KeyValue::new("bytes", 3)], 0)])
        .with_links(vec![Link::new(linked, vec![KeyValue::new("why", "batch")], 0)])
        .start(&tracer);
    span.end_with_timestamp(start + Duration::from_secs(2));

    let span = mock.span("charge");
    assert_eq!(span.kind, SpanKind::Client);
    assert_eq!((span.start_unix_ns, span.duration_ns), (1_000_000_000_000, 2_000_000_000));
    assert_eq!(span.tag("amount"), Some(Value::F64(12.5)));
    assert_eq!(span.tag("card"), Some("visa".into()));
    let log =
        |event: &str| span.logs.iter().find(|log| log.field("event") == Some(event.into())).expect("it is logged");
    assert_eq!((log("sent").unix_ns, log("sent").field("bytes")), (1_001_000_000_000, Some(3.into())));
    assert_eq!(log("link").field("why"), Some("batch".into()));
    assert_eq!(log("link").field("span_id"), Some("0000000000000009".into()));
    let reference = span.references.iter().find(|reference| reference.kind == ReferenceKind::FollowsFrom);
    assert_eq!(reference.map(|reference| reference.context.span_id().get()), Some(9));
    assert_eq!(span.parent_id, None, "a link is not a parent");
    assert_ne!(span.context.trace_id().low(), 7);
}

#[test]
fn attributes_keep_their_types() {
    let (mock, tracer) = served();
    let cases: [(&str, OtelValue, Value<'_>); 6] = [
        ("bool", true.into(), Value::Bool(true)),
        ("i64", (-7).into(), Value::I64(-7)),
        ("f64", 0.5.into(), Value::F64(0.5)),
        ("static text", "a".into(), Value::Str("a")),
        ("owned text", String::from("b").into(), Value::Str("b")),
        ("array", OtelValue::Array(Array::I64(vec![1, 2])), Value::Str("[1,2]")),
    ];
    let mut at_start = tracer
        .span_builder("at start")
        .with_attributes(cases.iter().map(|(key, value, _)| KeyValue::new(*key, value.clone())))
        .start(&tracer);
    let mut late = tracer.start("late");
    late.set_attributes(cases.iter().map(|(key, value, _)| KeyValue::new(*key, value.clone())));
    late.add_event("event", cases.iter().map(|(key, value, _)| KeyValue::new(*key, value.clone())).collect());
    late.end();
    at_start.end();
    for (key, _, expected) in cases {
        assert_eq!(mock.span("at start").tag(key), Some(expected), "{key} at the start");
        assert_eq!(mock.span("late").tag(key), Some(expected), "{key} of a started span");
        assert_eq!(mock.span("late").logs[0].field(key), Some(expected), "{key} of an event");
    }
}

/// Ok > Error > Unset: a lower status never replaces a higher one.
#[test]
fn the_highest_status_holds() {
    let error = || Status::error("broken");
    let cases: [(&str, Vec<Status>, Option<bool>); 8] = [
        ("none", vec![], None),
        ("unset", vec![Status::Unset], None),
        ("error", vec![error()], Some(true)),
        ("error unset", vec![error(), Status::Unset], Some(true)),
        ("error error", vec![error(), Status::error("again")], Some(true)),
        ("ok", vec![Status::Ok], Some(false)),
        ("error ok", vec![error(), Status::Ok], Some(false)),
        ("ok error", vec![Status::Ok, error(), Status::Unset], Some(false)),
    ];
    for (name, statuses, fails) in cases {
        let (mock, tracer) = served();
        let mut span = tracer.start(name);
        statuses.into_iter().for_each(|status| span.set_status(status));
        span.end();
        let span = mock.span(name);
        assert_eq!(span.is_failed, fails == Some(true), "{name}");
        assert_eq!(span.tag("error"), fails.map(Value::Bool), "{name}");
    }
}

#[test]
fn the_description_of_an_error_is_a_log() {
    let (mock, tracer) = served();
    let mut span = tracer.start("charge");
    span.set_status(Status::error("card declined"));
    span.end();
    assert_eq!(mock.span("charge").logs[0].field("event"), Some("error".into()));
    assert_eq!(mock.span("charge").logs[0].field("message"), Some("card declined".into()));
}

#[test]
fn a_recorded_error_is_a_log_and_does_not_fail_the_span() {
    let (mock, tracer) = served();
    tracer.in_span("charge", |context| context.span().record_error(&std::io::Error::other("no route")));
    let span = mock.span("charge");
    assert_eq!(span.logs[0].field("event"), Some("error".into()));
    assert_eq!(span.logs[0].field("message"), Some("no route".into()));
    assert!(!span.is_failed);
}

#[test]
fn an_exception_has_the_names_of_opentracing() {
    let (mock, tracer) = served();
    let mut span = tracer.start("charge");
    let attributes = ["exception.type", "exception.message", "exception.stacktrace", "exception.escaped"];
    span.add_event("exception", attributes.map(|name| KeyValue::new(name, name)).to_vec());
    span.end();
    let names: Vec<_> = mock.span("charge").logs[0].fields.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names, ["event", "error.kind", "message", "stack", "exception.escaped"]);
}

#[test]
fn a_span_dropped_without_end_finishes() {
    let (mock, tracer) = served();
    drop(tracer.start("dropped"));
    drop(Context::new().with_span(tracer.start("dropped in a context")));
    assert_eq!(mock.finished_spans().len(), 2);
}

#[test]
fn after_the_end_writes_do_nothing() {
    let (mock, tracer) = served();
    let mut span = tracer.start("done");
    span.end();
    assert!(!span.is_recording());
    span.set_attribute(KeyValue::new("late", 1));
    span.add_event("late", vec![]);
    span.set_status(Status::error("late"));
    span.update_name("late");
    span.end();
    drop(span);
    let span = mock.span("done");
    assert!(span.tag("late").is_none() && span.logs.is_empty() && !span.is_failed);
    assert_eq!(mock.finished_spans().len(), 1);
    assert_eq!(mock.tracer().stats().write_after_finish, 0, "they are not counted as mistakes");
}

#[test]
fn a_span_ends_when_it_says() {
    let (mock, tracer) = served();
    let mut span = tracer.start("now");
    mock.clock().advance(Duration::from_secs(3));
    span.end();
    assert_eq!(mock.span("now").duration().as_secs(), 3, "by the clock of the tracer");
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(5_000_000_000);
    tracer.start("then").end_with_timestamp(at);
    assert_eq!(mock.span("then").end_unix_ns(), 5_000_000_000_000_000_000);
}

#[test]
fn a_name_can_change() {
    let (mock, tracer) = served();
    let mut span = tracer.start("before");
    span.update_name(String::from("after"));
    span.end();
    mock.assert_tree("after");
}

#[test]
fn the_scope_becomes_tags() {
    let mock = MockTracer::new();
    let scope = InstrumentationScope::builder("driver").with_version("1.2").build();
    Provider::with_tracer(mock.tracer().clone()).tracer_with_scope(scope).start("query").end();
    assert_eq!(mock.span("query").tag("component"), Some("driver".into()));
    assert_eq!(mock.span("query").tag("otel.scope.version"), Some("1.2".into()));
}

#[test]
fn the_sampler_of_the_tracer_decides() {
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::new(Decision::Drop)));
    let tracer = of(&mock);
    let span = tracer.start("dropped");
    assert!(span.span_context().is_valid() && !span.span_context().is_sampled() && !span.is_recording());
    let context = Context::new().with_span(span);
    let child = tracer.start_with_context("child", &context);
    assert_eq!(child.span_context().trace_id(), context.span().span_context().trace_id());
    assert!(!child.is_recording());
    drop((child, context));
    assert!(mock.finished_spans().is_empty());
}

#[test]
fn a_tracer_without_effect_gives_spans_without_effect() {
    let tracer = Provider::with_tracer(opentracing_core::Tracer::noop()).tracer("noop");
    let mut span = tracer.start("nothing");
    span.set_attribute(KeyValue::new("a", 1));
    assert!(!span.span_context().is_valid() && !span.is_recording());
}

#[test]
fn a_link_added_later_is_a_reference() {
    let (mock, tracer) = served();
    let mut first = tracer.start("first");
    let mut second = tracer.start("second");
    second.add_link(first.span_context().clone(), vec![]);
    second.add_link(SpanContext::NONE, vec![KeyValue::new("ignored", true)]);
    second.end();
    first.end();
    let second = mock.span("second");
    assert_eq!(second.references.len(), 1);
    assert!(second.references[0].context.same_span(&mock.span("first").context));
    assert!(second.logs.is_empty());
}

#[test]
fn attributes_take_the_names_of_opentracing_on_request() {
    let mock = MockTracer::new();
    let tracer = Provider::with_tracer(mock.tracer().clone()).attribute_names(from_opentelemetry).tracer("");
    let cases: [(&str, OtelKind, OtelValue, &str); 5] = [
        ("http.request.method", OtelKind::Server, "GET".into(), "http.method"),
        ("http.response.status_code", OtelKind::Client, 200.into(), "http.status_code"),
        ("db.query.text", OtelKind::Client, "SELECT 1".into(), "db.statement"),
        ("server.address", OtelKind::Client, "orders".into(), "peer.hostname"),
        ("tenant", OtelKind::Internal, "7".into(), "tenant"),
    ];
    for (attribute, kind, value, tag) in cases {
        let builder = tracer.span_builder("at start").with_kind(kind);
        builder.clone().with_attributes([KeyValue::new(attribute, value.clone())]).start(&tracer).end();
        let mut late = SpanBuilder { name: "late".into(), ..builder }.start(&tracer);
        late.set_attribute(KeyValue::new(attribute, value.clone()));
        late.end();
        for name in ["at start", "late"] {
            let found = mock.span(name).tag(tag).map(|value| value.to_string());
            assert_eq!(found, Some(value.to_string()), "{attribute} {name}");
        }
        mock.reset();
    }
}
