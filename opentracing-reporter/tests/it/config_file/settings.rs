//! Limits, propagators, queues, and what is off.

use std::collections::HashMap;

use opentracing_core::propagation::HttpHeaders;
use opentracing_core::{SpanContext, SpanId, TraceId, Value};

use super::{PATIENCE, Told, check_warnings, provider, read, read_with, start};

/// A span with more of everything than the limits allow.
#[track_caller]
fn told(keys: &str) -> Told {
    let config = read(keys);
    check_warnings(&config, &[]);
    let (tracer, guard, told) = start(config);
    let other = SpanContext::new(TraceId::from_parts(1, 1), SpanId::new(1));
    let mut builder = tracer.span("work");
    builder.tag("text", "0123456789");
    (0..3).for_each(|_| _ = builder.follows_from(&other));
    let mut span = builder.start();
    span.set_tag("second", 2).set_tag("third", 3);
    let fields = ["first", "second", "third"].map(|key| (key, Value::I64(1)));
    (0..3).for_each(|_| _ = span.log_kv(&fields));
    span.finish();
    assert_eq!(guard.close(PATIENCE), Ok(()));
    told.recv().expect("the span")
}

#[test]
fn limits_of_spans_win_over_those_of_attributes() {
    let general = "attribute_limits: {attribute_value_length_limit: 4, attribute_count_limit: 1, attribute_value_depth_limit: 5}\n";
    let limited = told(general);
    assert_eq!((limited.tags.len(), &*limited.tags["text"]), (1, "0123"));
    let own = "  limits: {attribute_value_length_limit: 6, attribute_count_limit: 2, event_count_limit: 1, event_attribute_count_limit: 3, \
               link_count_limit: 2}\n";
    let limited = told(&format!("{general}{}", provider(own)));
    assert_eq!((limited.tags.len(), &*limited.tags["text"], limited.logs, limited.references), (2, "012345", 1, 2));
    assert_eq!(told(&provider("  limits: {event_attribute_count_limit: 2}\n")).fields, 6);
    assert_eq!(told("attribute_limits: {attribute_count_limit: 2}\n").fields, 6);
    let free = told(&provider("  limits: {attribute_count_limit: }\n"));
    assert_eq!((free.tags.len(), &*free.tags["text"], free.logs, free.references), (3, "0123456789", 3, 3));
}

#[test]
fn propagators_are_merged_without_duplicates() {
    #[track_caller]
    fn check(propagator: &str, expected: &[&str]) {
        let (tracer, _guard, _told) = start(read(&format!("propagator: {propagator}\n")));
        let context = tracer.span("work").start().context().expect("a context");
        let mut headers = HashMap::new();
        // Without a format nothing can be written.
        let _ = tracer.inject(&context, HttpHeaders, &mut headers);
        let mut names: Vec<_> = headers.keys().map(|name| name.to_ascii_lowercase()).collect();
        names.sort();
        assert_eq!(names, expected, "{propagator}");
    }
    check("", &[]);
    check("{composite: [tracecontext: , baggage: ]}", &["traceparent"]);
    check("{composite: [b3: ]}", &["b3"]);
    check(
        "{composite: [jaeger: ], composite_list: \"b3multi,jaeger\"}",
        &["uber-trace-id", "x-b3-sampled", "x-b3-spanid", "x-b3-traceid"],
    );
    check("{composite_list: none}", &[]);
}

#[test]
fn the_samples_of_the_specification_are_read() {
    let sample = read_with(include_str!("../../data/otel-sdk-config.yaml"), &[]);
    check_warnings(
        &sample,
        &[
            "log_level is not supported (line 4): ignoring it",
            "meter_provider is not supported (line 53): ignoring it",
            "logger_provider is not supported (line 70): ignoring it",
        ],
    );
    let variables = [("OTEL_SERVICE_NAME", "shop"), ("OTEL_PROPAGATORS", "b3"), ("OTEL_SPAN_EVENT_COUNT_LIMIT", "2")];
    let sample = read_with(include_str!("../../data/otel-sdk-migration-config.yaml"), &variables);
    let ignored: Vec<_> = sample.warnings().iter().map(|warning| warning.variable()).collect();
    assert_eq!(ignored, ["log_level", "meter_provider", "logger_provider"]);
    let (tracer, guard, told) = start(sample);
    let mut span = tracer.span("work").start();
    (0..3).for_each(|_| _ = span.log("tick"));
    let mut headers = HashMap::new();
    tracer.inject(&span.context().expect("a context"), HttpHeaders, &mut headers).expect("it can be written");
    span.finish();
    assert_eq!(guard.close(PATIENCE), Ok(()));
    let told = told.recv().expect("the span");
    assert_eq!((&*told.service, told.logs), ("shop", 2));
    assert_eq!(headers.keys().collect::<Vec<_>>(), ["b3"]);
}

#[test]
fn a_disabled_tracer_records_nothing() {
    let config = read(&format!("disabled: true\npropagator: {{composite: [b3: ]}}\n{}", provider("")));
    check_warnings(&config, &[]);
    let (tracer, guard) = config.start().expect("it starts");
    assert!(!tracer.span("work").start().is_recording());
    // Contexts are passed on by the propagators of the file.
    let headers = HashMap::from([("b3".to_owned(), "0000000000000001-0000000000000002-1".to_owned())]);
    let context = tracer.extract(HttpHeaders, &headers).expect("no error").expect("a context");
    assert_eq!(context.trace_id(), TraceId::from_parts(0, 1));
    drop(guard);
}

#[test]
fn a_file_without_a_provider_sends_nothing() {
    let (tracer, guard) = read("").start().expect("it starts");
    tracer.span("work").start().finish();
    assert_eq!(guard.close(PATIENCE), Ok(()));
    assert_eq!(tracer.stats().reporter.sent, 0);
}
