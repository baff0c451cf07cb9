//! A process whose tracing is disabled by a variable.

use std::collections::HashMap;

use opentracing_core::propagation::{HttpHeaders, KafkaHeaders};
use opentracing_core::{SpanKind, Tracer};

use super::{LONG, check_warnings, read, start};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn is_disabled(tracer: &Tracer) -> bool {
    tracer.span("root").start().context().is_none()
}

#[test]
fn tracing_can_be_disabled() {
    for variables in [
        ("OTEL_SDK_DISABLED", "True"),
        ("JAEGER_DISABLED", "true"),
        ("INSTANA_TRACING_DISABLE", "true"),
        ("INSTANA_DISABLE_TRACING", "true"),
        ("DD_TRACE_ENABLED", "False"),
        ("DD_TRACE_ENABLED", "0"),
    ] {
        let (tracer, guard) = read(&[variables]).start().expect("nothing to start");
        assert!(is_disabled(&tracer), "{variables:?}");
        assert_eq!(guard.close(LONG), Ok(()));
    }
    for variables in [("OTEL_SDK_DISABLED", "1"), ("INSTANA_TRACING_DISABLE", "redis"), ("JAEGER_DISABLED", "false")] {
        let (tracer, _guard, _told) = start(read(&[variables]));
        assert!(!is_disabled(&tracer), "{variables:?}");
    }
    check_warnings(&[("OTEL_SDK_DISABLED", "1")], &["OTEL_SDK_DISABLED is \"1\", neither true nor false: using false"]);
    check_warnings(
        &[("INSTANA_TRACING_DISABLE", "logging,redis")],
        &["INSTANA_TRACING_DISABLE is \"logging,redis\", and a list is not supported: tracing all of it"],
    );
}

#[test]
fn a_disabled_process_passes_contexts_on() {
    let incoming = HashMap::from([
        ("traceparent".to_owned(), PARENT.to_owned()),
        ("tracestate".to_owned(), "a=1".to_owned()),
        ("baggage".to_owned(), "tenant=acme".to_owned()),
    ]);
    let variables = [("OTEL_SDK_DISABLED", "true"), ("OTEL_PROPAGATORS", "tracecontext,baggage")];
    let (tracer, _guard) = read(&variables).start().expect("nothing to start");
    let parent = tracer.extract(HttpHeaders, &incoming).expect("it can be read");
    let _entry = tracer.span("GET /cart").kind(SpanKind::Server).child_of(&parent).start_active();
    let exit = tracer.span("GET").kind(SpanKind::Client).start();
    let mut outgoing = HashMap::new();
    tracer.inject(&exit.context().expect("a context"), HttpHeaders, &mut outgoing).expect("it can be written");
    assert_eq!(outgoing, incoming);
    assert_eq!(tracer.stats().started, 0);
}

#[test]
fn kafka_headers_can_be_left_alone() {
    let written = |value: &'static str| {
        let (tracer, _guard, _told) = start(read(&[("INSTANA_KAFKA_TRACE_CORRELATION", value)]));
        let context = tracer.span("work").start().context().expect("a context");
        let mut headers = HashMap::<String, String>::new();
        let _ = tracer.inject(&context, KafkaHeaders, &mut headers);
        !headers.is_empty()
    };
    assert_eq!((written("true"), written("false")), (true, false));
}

#[test]
fn messages_have_formats_of_their_own() {
    let written = |variables: &[(&'static str, &'static str)]| {
        let (tracer, _guard, _told) = start(read(variables));
        let context = tracer.span("work").start().context().expect("a context");
        let (mut message, mut http) = (Vec::<(String, String)>::new(), Vec::<(String, String)>::new());
        let _ = tracer.inject(&context, KafkaHeaders, &mut message);
        let _ = tracer.inject(&context, HttpHeaders, &mut http);
        [message, http].map(|headers| headers.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" "))
    };
    const MESSAGES: &str = "OPENTRACING_MESSAGE_PROPAGATORS";
    assert_eq!(written(&[(MESSAGES, "b3"), ("OTEL_PROPAGATORS", "tracecontext")]), ["b3", "traceparent"]);
    assert_eq!(written(&[(MESSAGES, "tracecontext"), ("OTEL_PROPAGATORS", "b3")]), ["traceparent", "b3"]);
    assert_eq!(written(&[(MESSAGES, "none"), ("OTEL_PROPAGATORS", "b3")]), ["", "b3"]);
    assert_eq!(written(&[(MESSAGES, "morse"), ("OTEL_PROPAGATORS", "b3")]), ["b3", "b3"]);
    assert_eq!(
        written(&[(MESSAGES, "b3"), ("INSTANA_KAFKA_TRACE_CORRELATION", "false"), ("OTEL_PROPAGATORS", "b3")]),
        ["", "b3"]
    );
}

#[test]
fn topics_can_be_left_without_context() {
    let (tracer, _guard, _told) = start(read(&[("OPENTRACING_WITHOUT_MESSAGE_CONTEXT", " audit, logs-*,,")]));
    let written = ["audit", "logs-eu", "orders"].map(|topic| tracer.writes_message_context(topic));
    assert_eq!(written, [false, false, true]);
    let (tracer, _guard, _told) = start(read(&[]));
    assert!(tracer.writes_message_context("audit"));
}
