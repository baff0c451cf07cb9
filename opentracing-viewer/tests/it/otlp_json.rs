//! OTLP in JSON, as senders write it.

use opentracing_core::SpanKind;
use opentracing_viewer::{Query, Span};
use serde_json::{Value, json};

use crate::support::{self, post};

const TRACE: &str = "0102030405060708090a0b0c0d0e0f10";

/// What became of a request: status, spans, rejected spans, message.
struct Outcome {
    status: u16,
    spans: Vec<Span>,
    rejected: i64,
    message: String,
}

fn send_text(body: &str) -> Outcome {
    let viewer = support::viewer();
    let answer = post(viewer.local_addr(), "/v1/traces", "application/json; charset=utf-8", body.as_bytes());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let reply: Value = serde_json::from_slice(&answer.body).unwrap();
    let partial = &reply["partialSuccess"];
    let traces = viewer.store().traces(&Query::default()).traces;
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0);
    Outcome {
        status: answer.status,
        spans: traces.iter().flat_map(|row| viewer.store().trace(row.id).unwrap().spans).collect(),
        rejected: number(&partial["rejectedSpans"]),
        message: partial["errorMessage"].as_str().or(reply["message"].as_str()).unwrap_or_default().to_owned(),
    }
}

fn send(spans: Value) -> Outcome {
    send_text(&json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] }).to_string())
}

fn span(extra: Value) -> Value {
    let mut span = json!({
        "traceId": TRACE, "spanId": "0102030405060708", "name": "GET /",
        "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": 1_700_000_000_000_001_000_u64,
    });
    for (key, value) in extra.as_object().unwrap() {
        span[key] = value.clone();
    }
    span
}

#[track_caller]
fn one(name: &str, extra: Value) -> Span {
    let mut outcome = send(json!([span(extra)]));
    assert_eq!((outcome.status, outcome.rejected, outcome.spans.len()), (200, 0, 1), "{name}: {}", outcome.message);
    outcome.spans.remove(0)
}

#[test]
fn nulls_are_defaults() {
    let span = one(
        "nulls",
        json!({ "parentSpanId": null, "attributes": null, "events": null, "links": null, "status": null, "kind": null }),
    );
    assert_eq!((span.parent_id, span.kind, span.duration_ns), (None, SpanKind::Internal, 1000));
    let empty = send_text(r#"{"resourceSpans":null}"#);
    assert_eq!((empty.status, empty.rejected), (200, 0));
    let resource = send_text(
        &json!({ "resourceSpans": [{ "resource": null, "scopeSpans": [
        { "scope": null, "spans": [span_value()] }] }] })
        .to_string(),
    );
    assert_eq!(resource.spans[0].service().as_str(), "unknown_service");
}

fn span_value() -> Value {
    span(json!({}))
}

#[test]
fn names_of_enums_are_read() {
    let span = one(
        "names",
        json!({ "kind": "SPAN_KIND_SERVER", "status": { "code": "STATUS_CODE_ERROR", "message": "late" } }),
    );
    assert_eq!((span.kind, span.is_failed), (SpanKind::Server, true));
    assert_eq!(span.tag("otel.status_description").map(ToString::to_string).as_deref(), Some("late"));
}

#[test]
fn values_of_all_types_are_read() {
    let value = |value: Value| json!([{ "key": "a", "value": value }]);
    for (name, input, expected) in [
        ("text", json!({ "stringValue": "x" }), "x"),
        ("number as text", json!({ "intValue": "7" }), "7"),
        ("number", json!({ "intValue": -7 }), "-7"),
        ("truth", json!({ "boolValue": true }), "true"),
        ("double", json!({ "doubleValue": 1.5 }), "1.5"),
        ("whole double", json!({ "doubleValue": 2 }), "2"),
        ("double as text", json!({ "doubleValue": "1.5" }), "1.5"),
        ("not a number", json!({ "doubleValue": "NaN" }), "NaN"),
        ("infinite", json!({ "doubleValue": "-Infinity" }), "-Infinity"),
        ("bytes", json!({ "bytesValue": "AQI=" }), "AQI="),
        ("empty list", json!({ "arrayValue": {} }), "[]"),
        (
            "list",
            json!({ "arrayValue": { "values": [{ "intValue": 1 }, { "stringValue": "b" }, null] } }),
            r#"[1,"b",null]"#,
        ),
        (
            "map",
            json!({ "kvlistValue": { "values": [{ "key": "k", "value": { "boolValue": false } }] } }),
            r#"{"k":false}"#,
        ),
        ("empty map", json!({ "kvlistValue": {} }), "{}"),
        ("nothing", json!({}), ""),
        ("null", Value::Null, ""),
        ("unknown kind", json!({ "futureValue": 1 }), ""),
    ] {
        let span = one(name, json!({ "attributes": value(input) }));
        assert_eq!(span.tag("a").map(ToString::to_string).as_deref(), Some(expected), "{name}");
    }
}

#[test]
fn deep_values_are_cut() {
    let mut value = json!({ "intValue": 1 });
    for _ in 0..30 {
        value = json!({ "arrayValue": { "values": [value] } });
    }
    let span = one("deep", json!({ "attributes": [{ "key": "a", "value": value }] }));
    assert_eq!(span.tag("a").unwrap().to_string().matches('[').count(), 16);
}

#[test]
fn snake_case_is_read_with_a_warning() {
    let outcome = send_text(
        &json!({ "resource_spans": [{ "scope_spans": [{ "spans": [{
        "trace_id": TRACE, "span_id": "0102030405060708", "start_time_unix_nano": "5", "end_time_unix_nano": "9",
        "attributes": [{ "key": "a_b", "value": { "string_value": "x_y" } }],
    }] }] }] })
        .to_string(),
    );
    assert_eq!((outcome.status, outcome.spans.len(), outcome.rejected), (200, 1, 0));
    assert!(outcome.message.contains("camel case"), "{}", outcome.message);
    let span = &outcome.spans[0];
    assert_eq!((span.start_unix_ns, span.duration_ns), (5, 4));
    assert_eq!(span.tag("a_b").map(ToString::to_string).as_deref(), Some("x_y"));
}

#[test]
fn a_bad_span_does_not_cost_the_others() {
    for (name, bad, message) in [
        ("short trace id", json!({ "traceId": "0102" }), "spans[1]: the trace id has 2 bytes"),
        ("zero trace id", json!({ "traceId": "00000000000000000000000000000000" }), "spans[1]: the trace id"),
        ("no span id", json!({ "spanId": "" }), "spans[1]: the span id has 0 bytes"),
        ("short parent", json!({ "parentSpanId": "01" }), "spans[1]: the parent's id has 1 bytes"),
        ("no digits", json!({ "traceId": "xyz" }), "spans[1]: "),
        ("unknown kind", json!({ "kind": "SERVER" }), "spans[1]: "),
        ("text for a list", json!({ "attributes": "a" }), "spans[1]: "),
    ] {
        let mut bad = span(bad);
        bad["name"] = "bad".into();
        let mut last = span(json!({}));
        last["spanId"] = "0102030405060709".into();
        let outcome = send(json!([span(json!({})), bad, last]));
        assert_eq!((outcome.status, outcome.spans.len(), outcome.rejected), (200, 2, 1), "{name}");
        assert!(outcome.message.contains("resourceSpans[0].scopeSpans[0]"), "{name}: {}", outcome.message);
        assert!(outcome.message.contains(message), "{name}: {}", outcome.message);
    }
}

#[test]
fn what_is_no_request_is_refused_with_its_position() {
    for (body, message) in
        [("{\"resourceSpans\":[", "line 1 column"), ("[]", "not a JSON object"), ("", "EOF"), ("\u{feff}{}", "line 1")]
    {
        let outcome = send_text(body);
        assert_eq!(outcome.status, 400, "{body}");
        assert!(outcome.message.contains(message), "{body}: {}", outcome.message);
    }
    let deep = "[".repeat(100_000);
    assert_eq!(send_text(&deep).status, 400);
}

#[test]
fn a_request_that_gave_no_span_is_told_so() {
    for body in
        [r#"{"spans":[{"traceId":"1"}]}"#, r#"{"resourceSpans":[{"instrumentationLibrarySpans":[{"spans":[]}]}]}"#]
    {
        let outcome = send_text(body);
        assert_eq!(outcome.status, 200);
        assert!(outcome.message.contains("no spans"), "{body}: {}", outcome.message);
    }
    for body in ["{}", r#"{"resourceSpans":[]}"#] {
        assert_eq!(send_text(body).message, "", "{body}");
    }
}

#[test]
fn times_that_run_backwards_are_marked() {
    let span = one("backwards", json!({ "startTimeUnixNano": "9", "endTimeUnixNano": "5" }));
    assert_eq!((span.duration_ns, span.marks.ends_before_start), (0, true));
}
