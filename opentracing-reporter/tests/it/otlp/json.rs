//! OTLP as JSON over HTTP.

use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentracing_core::{Sampling, SpanContext, SpanId, SpanKind, TraceId, Tracer, Value};
use opentracing_reporter::{BatchReporter, Otlp};
use prost::Message;
use serde_json::json;

use crate::export::bad_batch::go_on;
use crate::otlp::spans::TestResult;
use crate::support::collector::{Collector, Got, Hand, Reply};
use crate::support::transports::{NEVER, PATIENCE, finish_spans, names};

/// Records what the closure does, and returns the requests of both encodings.
fn sent(record: impl FnOnce(&Tracer)) -> (serde_json::Value, ExportTraceServiceRequest) {
    let (protobuf, json) = (Collector::start([]).expect("a port"), Collector::start([]).expect("a port"));
    let reporter = BatchReporter::new(Otlp::http(&protobuf.url()).expect("an address"))
        .transport(Otlp::http_json(&json.url()).expect("an address"))
        .batch_delay(NEVER);
    let tracer = Tracer::builder("shop").tag("replicas", 3).build_inline(reporter);
    record(&tracer);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let got = json.next();
    assert_eq!((&*got.line, got.header("content-type")), ("POST /v1/traces HTTP/1.1", Some("application/json")));
    let text = std::str::from_utf8(&got.body).expect("it is text");
    let json = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (json, ExportTraceServiceRequest::decode(&*protobuf.next().body).expect("that is a request"))
}

fn at(us: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_000 + us)
}

fn remote(id: u64, sampling: Sampling) -> SpanContext {
    SpanContext::new(TraceId::from_parts(1, 2), SpanId::new(id)).with_sampling(sampling)
}

#[test]
fn writes_every_field_and_type_by_the_mapping() {
    let (parent, linked) = (remote(3, Sampling::Sampled), remote(4, Sampling::NotSampled));
    let (json, _) = sent(|tracer| {
        let mut builder = tracer.span("GET \"/cart\"");
        builder.kind(SpanKind::Server).child_of(&parent).follows_from(&linked).start_time(at(0));
        let mut span = builder.start();
        span.set_tag("text", "a\n\u{1}ü").set_tag("yes", true).set_tag("least", i64::MIN).set_tag("most", u64::MAX);
        span.set_tag("half", 0.5).set_tag("max", f64::MAX).set_tag("nan", f64::NAN).set_tag("down", f64::NEG_INFINITY);
        span.set_tag("up", f64::INFINITY).set_tag("whole", 2.0).set_tag("error", true);
        let fields = [("event", Value::Static("error")), ("message", Value::Str("no")), ("n", Value::I64(1))];
        span.log_kv_at(at(1), &fields);
        span.finish_at(at(2));
    });
    let span = &json["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    let id = span["spanId"].as_str().expect("it is text");
    assert_eq!(id.len(), 16);
    let text = |key: &str, text: &str| json!({"key": key, "value": {"stringValue": text}});
    let expected = json!({
        "traceId": "00000000000000010000000000000002",
        "spanId": id,
        "parentSpanId": "0000000000000003",
        "flags": 0x301,
        "name": "GET \"/cart\"",
        "kind": 2,
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000000000002000",
        "attributes": [
            text("text", "a\n\u{1}ü"),
            {"key": "yes", "value": {"boolValue": true}},
            {"key": "least", "value": {"intValue": "-9223372036854775808"}},
            text("most", "18446744073709551615"),
            {"key": "half", "value": {"doubleValue": 0.5}},
            {"key": "max", "value": {"doubleValue": f64::MAX}},
            {"key": "nan", "value": {"doubleValue": "NaN"}},
            {"key": "down", "value": {"doubleValue": "-Infinity"}},
            {"key": "up", "value": {"doubleValue": "Infinity"}},
            {"key": "whole", "value": {"doubleValue": 2}},
            text("error.type", "_OTHER"),
        ],
        "events": [{
            "timeUnixNano": "1700000000000001000",
            "name": "exception",
            "attributes": [text("exception.message", "no"), {"key": "n", "value": {"intValue": "1"}}],
        }],
        "links": [{
            "traceId": "00000000000000010000000000000002",
            "spanId": "0000000000000004",
            "attributes": [text("opentracing.ref_type", "follows_from")],
            "flags": 0x300,
        }],
        "status": {"message": "no", "code": 2},
    });
    assert_eq!(span, &expected);
    let resource = &json["resourceSpans"][0]["resource"]["attributes"];
    assert_eq!(resource[0], text("service.name", "shop"));
    let replicas = json!({"key": "replicas", "value": {"intValue": "3"}});
    assert!(resource.as_array().is_some_and(|all| all.contains(&replicas)), "{resource}");
}

#[test]
fn has_the_scopes_and_spans_of_protobuf() {
    let (json, protobuf) = sent(|tracer| {
        for component in (0..20).map(|number| format!("library {number}\"")) {
            tracer.span("work").tag("component", &component).start().finish();
            tracer.span("more").tag("component", &component).start().finish();
        }
        tracer.span("alone").start().finish();
    });
    let [resource] = &protobuf.resource_spans[..] else { panic!("one resource") };
    let scopes = json["resourceSpans"][0]["scopeSpans"].as_array().expect("an array");
    assert_eq!(scopes.len(), resource.scope_spans.len());
    for (json, scope) in scopes.iter().zip(&resource.scope_spans) {
        let instrumentation = scope.scope.as_ref().expect("a scope");
        assert_eq!(json["scope"], json!({"name": instrumentation.name, "version": instrumentation.version}));
        assert_eq!(json["schemaUrl"], json!(scope.schema_url));
        let ids = |span: &serde_json::Value| span["spanId"].as_str().map(str::to_owned);
        let found: Vec<_> = json["spans"].as_array().expect("an array").iter().filter_map(ids).collect();
        let hex = |id: &[u8]| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(found, scope.spans.iter().map(|span| hex(&span.span_id)).collect::<Vec<_>>());
    }
    assert_eq!(json["resourceSpans"][0]["schemaUrl"], json!(resource.schema_url));
}

#[test]
fn counts_spans_that_the_server_rejects() -> TestResult {
    for (body, rejected, error) in [
        (r#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}"#, 2, Some("the server says: too old")),
        (r#"{"partialSuccess":{"rejectedSpans":1}}"#, 1, Some("the server rejected some of the spans")),
        ("{}", 0, None),
        ("", 0, None),
    ] {
        let reply = Reply::Say("200 OK", &["content-type: application/json"], body.into());
        let collector = Collector::start([reply])?;
        let reporter = BatchReporter::new(Otlp::http_json(&collector.url())?).batch_delay(NEVER);
        let tracer = Tracer::builder("shop").build_inline(reporter);
        finish_spans(&tracer, 3);
        let _ = tracer.flush(PATIENCE);
        let stats = tracer.stats().transports.remove(0);
        assert_eq!((stats.name, stats.rejected, stats.last_error.as_deref()), ("otlp-json", rejected, error), "{body}");
    }
    Ok(())
}

#[test]
fn splits_requests_that_are_too_large() -> TestResult {
    let too_large = Reply::status("413 Payload Too Large");
    let collector = Collector::start([too_large])?;
    let reporter = BatchReporter::new(Otlp::http_json(&collector.url())?).batch_delay(NEVER);
    let tracer = Tracer::builder("shop").build_inline(reporter);
    finish_spans(&tracer, 8);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let mut found = Vec::new();
    let _ = collector.next();
    while found.len() < 8 {
        let got = collector.next();
        let json: serde_json::Value = serde_json::from_slice(&got.body)?;
        let spans = json["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("an array").clone();
        found.extend(spans.iter().filter_map(|span| span["name"].as_str().map(str::to_owned)));
    }
    assert_eq!(found, names(8));
    Ok(())
}

#[test]
fn names_the_span_that_is_given_up() -> TestResult {
    let is_bad = |got: &Got| String::from_utf8_lossy(&got.body).contains("bad ");
    let busy = Reply::status("503 Service Unavailable");
    let collector = Collector::deciding(move |got| if is_bad(got) { busy.clone() } else { Reply::ok() })?;
    let hand = Hand::new();
    let otlp = Otlp::http_json(&collector.url())?.clock(hand.shared());
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
    finish_spans(&tracer, 3);
    tracer.span("bad 1").start().finish();
    go_on(&tracer, &hand, |stats| stats.dropped_failed == 1);
    let error = tracer.stats().transports.remove(0).last_error.ok_or("it has failed")?;
    assert!(error.contains("\"bad 1\""), "{error}");
    Ok(())
}
