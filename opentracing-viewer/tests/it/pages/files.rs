use opentracing_viewer::{Span, Viewer};
use serde_json::Value;

use super::{Answer, from, get};
use crate::sample::{self, trace_id};
use crate::support;

fn json(viewer: &Viewer, path: &str) -> Value {
    serde_json::from_str(&get(viewer, path).body).unwrap()
}

#[test]
fn writes_otlp_json() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    let answer = get(&viewer, &format!("/traces/{}/otlp.json", trace_id(1)));
    let name = format!("attachment; filename=\"trace-{}.otlp.json\"", trace_id(1));
    assert_eq!(answer.header("content-disposition"), Some(name.as_str()));
    let file: Value = serde_json::from_str(&answer.body).unwrap();
    let groups = file["resourceSpans"].as_array().unwrap();
    assert_eq!(groups.len(), 3, "one for each process");
    assert_eq!(groups[0]["resource"]["attributes"][0]["value"]["stringValue"], "shop");
    let spans: Vec<&Value> =
        groups.iter().flat_map(|group| group["scopeSpans"][0]["spans"].as_array().unwrap()).collect();
    let query = spans.iter().find(|span| span["name"] == "SELECT items").unwrap();
    assert_eq!(query["parentSpanId"], "0000000000000003");
    assert_eq!((&query["kind"], &query["status"]["code"]), (&3.into(), &2.into()));
    assert_eq!(query["events"][0]["name"], "error");
    let handled = spans.iter().find(|span| span["name"] == "process orders").unwrap();
    assert_eq!(handled["links"][0]["attributes"][0]["value"]["stringValue"], "follows_from");
}

#[test]
fn writes_the_json_of_jaeger() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    let file = json(&viewer, &format!("/traces/{}/jaeger.json", trace_id(1)));
    let trace = &file["data"][0];
    assert_eq!(trace["spans"].as_array().unwrap().len(), 6);
    let handled =
        trace["spans"].as_array().unwrap().iter().find(|span| span["operationName"] == "process orders").unwrap();
    assert_eq!((&handled["references"][0]["refType"], &handled["duration"]), (&"FOLLOWS_FROM".into(), &40_000.into()));
    assert_eq!(trace["processes"][handled["processID"].as_str().unwrap()]["serviceName"], "mail");
}

#[test]
fn downloads_what_the_filter_shows() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    viewer.store().insert(vec![sample::span(2, 1, 0, &sample::process("probe", "1"), "GET /health", 0, 1)]);
    for (query, groups) in [("", 4), ("?service=probe", 1), ("?service=cart", 3), ("?service=none", 0)] {
        let file = json(&viewer, &format!("/export{query}"));
        assert_eq!(file["resourceSpans"].as_array().unwrap().len(), groups, "{query}");
    }
    assert_eq!(get(&viewer, &format!("/traces/{}/otlp.json", trace_id(9))).status, 404);
    assert_eq!(get(&viewer, "/traces/..%2F..%2Fetc/otlp.json").status, 404);
}

fn load(viewer: &Viewer, file: &str) -> Answer {
    from(support::post(viewer.local_addr(), "/load", "application/json", file.as_bytes()))
}

/// Without what Jaeger's format does not have: nanoseconds, and a kind of span beside the tag.
fn in_microseconds(mut span: Span) -> Span {
    span.start_unix_ns = span.start_unix_ns / 1_000 * 1_000;
    span.tags.retain(|(key, _)| key != "span.kind" && key != "error");
    span
}

#[test]
fn loads_what_it_writes() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    let written = viewer.store().trace(trace_id(1)).unwrap().spans;
    for format in ["otlp", "jaeger"] {
        let path = format!("/traces/{}/{format}.json", trace_id(1));
        let file = get(&viewer, &path).body;
        let other = Viewer::bind("127.0.0.1:0").unwrap();
        let answer = load(&other, &file);
        assert_eq!(answer.body, format!("{{\"location\":\"/traces/{}\"}}", trace_id(1)));
        let read = other.store().trace(trace_id(1)).unwrap().spans;
        if format == "otlp" {
            assert_eq!(read, written);
        } else {
            let read: Vec<Span> = read.into_iter().map(in_microseconds).collect();
            assert_eq!(read, written.iter().cloned().map(in_microseconds).collect::<Vec<_>>());
        }
        assert_eq!(get(&other, &path).body, file);
    }
}

#[test]
fn says_what_is_wrong_with_a_file() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    for (file, problem) in [
        ("", "neither"),
        ("{}", "neither"),
        ("[]", "not a JSON object"),
        ("{\"resourceSpans\":[", "no JSON"),
        ("<html>", "no JSON"),
        ("{\"data\":[{\"spans\":[{\"traceID\":\"x\"}]}]}", "neither"),
    ] {
        let answer = load(&viewer, file);
        assert_eq!(answer.status, 400, "{file}");
        assert!(answer.body.contains(problem), "{file}: {}", answer.body);
    }
    let plain = from(support::post(viewer.local_addr(), "/load", "text/plain", b"{}"));
    assert_eq!(plain.status, 415, "a form of another site cannot send JSON");
    assert_eq!(viewer.store().stats().spans, 0);
}

#[test]
fn loads_one_request_a_line() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    viewer.store().insert(sample::checkout(2));
    let line = |trace| get(&viewer, &format!("/traces/{}/otlp.json", trace_id(trace))).body;
    let other = Viewer::bind("127.0.0.1:0").unwrap();
    assert_eq!(load(&other, &format!("{}\n{}\n", line(1), line(2))).body, "{\"location\":\"/\"}");
    assert_eq!(other.store().stats().spans, 12);
}
