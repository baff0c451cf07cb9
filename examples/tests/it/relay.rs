//! The relay.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::process::Program;
use crate::wire::{Callbacks, Headers, Message, send};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn relay(options: &[&str]) -> Program {
    let mut arguments = vec!["--listen", "127.0.0.1:0"];
    arguments.extend(options);
    Program::start(env!("CARGO_BIN_EXE_relay"), &arguments)
}

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

/// Trace id, span id and flags of a valid header.
#[track_caller]
fn fields(traceparent: &str) -> (String, String, String) {
    let fields: Vec<_> = traceparent.split('-').collect();
    let hex = |field: &str| field.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    match fields[..] {
        ["00", trace, span, flags] if trace.len() == 32 && span.len() == 16 && flags.len() == 2 => {
            assert!(hex(trace) && hex(span) && hex(flags), "{traceparent}");
            (trace.to_owned(), span.to_owned(), flags.to_owned())
        }
        _ => panic!("{traceparent}"),
    }
}

/// Posts a list of callbacks, and returns the requests that the relay sent.
#[track_caller]
fn callbacks(relay: &mut Program, count: usize, headers: &[(&str, &str)]) -> Vec<Message> {
    let callbacks = Callbacks::start();
    let list: Vec<Value> =
        (0..count).map(|n| json!({ "url": callbacks.url(&format!("/callback/{n}")), "arguments": [n] })).collect();
    let answer = send(relay.address(), "POST", "/test", headers, &json!(list).to_string());
    assert_eq!((answer.status(), answer.json()), (200, json!({})));
    let received = callbacks.received();
    assert_eq!(received.len(), count);
    received
}

/// The headers that a hop received.
fn received(answer: &Value) -> Headers {
    serde_json::from_value(answer["received"].clone()).unwrap()
}

fn names(headers: &Headers, wanted: &str) -> Vec<String> {
    headers.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.clone()).collect()
}

/// Percent-encodes the special characters of a query.
fn encoded(url: &str) -> String {
    url.replace('%', "%25").replace('&', "%26").replace('?', "%3F").replace('+', "%2B")
}

#[test]
fn posts_each_callback_in_the_trace_of_the_request() {
    for options in [&[][..], &["--propagators", "tracecontext"]] {
        let received = callbacks(&mut relay(options), 3, &[("traceparent", &traceparent("01"))]);
        let mut parents = BTreeSet::new();
        for request in &received {
            let (trace, parent, flags) = fields(request.one("traceparent"));
            assert_eq!((&*trace, &*flags), (TRACE, "01"), "{options:?}");
            assert_ne!(parent, PARENT);
            parents.insert(parent);
            assert_eq!(request.one("content-type"), "application/json");
        }
        assert_eq!(parents.len(), 3, "each callback has a parent of its own");
        let mut bodies: Vec<_> = received.iter().map(|request| &*request.body).collect();
        bodies.sort_unstable();
        assert_eq!(bodies, ["[0]", "[1]", "[2]"]);
        let mut lines: Vec<_> = received.iter().map(|request| &*request.first_line).collect();
        lines.sort_unstable();
        assert_eq!(lines[0], "POST /callback/0 HTTP/1.1");
    }
}

#[test]
fn starts_one_trace_without_a_parent() {
    let other = traceparent("01").replace(TRACE, "11111111111111111111111111111111");
    let repeated = [("traceparent", &*traceparent("01")), ("traceparent", &*other)];
    let upper = traceparent("01").to_uppercase();
    for headers in [&[][..], &repeated, &[("traceparent", &*upper)], &[("traceparent", "nonsense")]] {
        let received = callbacks(&mut relay(&["--propagators", "tracecontext"]), 2, headers);
        let [first, second] = [&received[0], &received[1]].map(|request| fields(request.one("traceparent")));
        assert_eq!(first.0, second.0, "one trace for both");
        assert_ne!(first.0, TRACE, "{headers:?}");
        assert_ne!(first.1, second.1);
    }
}

#[test]
fn forwards_tracestate() {
    #[track_caller]
    fn check(options: &[&str], tracestates: &[&str], expected: &str) {
        let traceparent = traceparent("01");
        let mut headers = vec![("traceparent", &*traceparent)];
        headers.extend(tracestates.iter().map(|tracestate| ("tracestate", *tracestate)));
        let received = callbacks(&mut relay(options), 1, &headers);
        assert_eq!(received[0].all("tracestate").join(","), expected);
    }
    let w3c = ["--propagators", "tracecontext"];
    check(&w3c, &["foo=1,bar=2"], "foo=1,bar=2");
    check(&w3c, &["foo=1", "bar=2"], "foo=1,bar=2");
    check(&w3c, &["foo=1,foo=2"], "foo=1");
    check(&w3c, &["foo=1,Bar"], "");
    check(&w3c, &[], "");
}

#[test]
fn answers_an_empty_list() {
    assert!(callbacks(&mut relay(&[]), 0, &[]).is_empty());
}

#[test]
fn reads_responses_of_callbacks_to_the_end() {
    let mut relay = relay(&["--report", "console"]);
    let address = relay.address();
    let list = json!([{ "url": format!("http://{address}/next"), "arguments": [] }]);
    assert_eq!(send(address, "POST", "/", &[], &list.to_string()).json(), json!({}));
    assert!(relay.interrupt().success(), "{}", relay.printed);
    assert!(relay.printed.contains("client  200  "), "{}", relay.printed);
    assert!(!relay.printed.contains("aborted"), "{}", relay.printed);
}

#[test]
fn rejects_invalid_json() {
    let mut relay = relay(&[]);
    let answer = send(relay.address(), "POST", "/", &[], "{\"url\":");
    assert_eq!(answer.status(), 400);
    assert!(answer.json()["error"].is_string());
}

#[test]
fn reports_callbacks_that_fail() {
    let mut relay = relay(&[]);
    let callbacks = Callbacks::start();
    let list = json!([{ "url": "http://127.0.0.1:1/", "arguments": [] }, { "url": callbacks.url("/"), "arguments": [] }, { "url": "no url", "arguments": [] }]);
    let answer = send(relay.address(), "POST", "/", &[], &list.to_string());
    assert_eq!(answer.status(), 200);
    let answer = answer.json();
    let mut urls: Vec<_> =
        answer["errors"].as_array().unwrap().iter().map(|error| error["url"].as_str().unwrap()).collect();
    urls.sort_unstable();
    assert_eq!(urls, ["http://127.0.0.1:1/", "no url"]);
    assert_eq!(callbacks.received().len(), 1, "the others are still called");
}

#[test]
fn forwards_nested_elements_to_another_relay() {
    let (mut first, mut second) = (relay(&[]), relay(&[]));
    let callbacks = Callbacks::start();
    let inner = json!([{ "url": callbacks.url("/"), "arguments": [] }]);
    let outer = json!([{ "url": format!("http://{}/", second.address()), "arguments": inner }]);
    let headers = [("traceparent", &*traceparent("01"))];
    let answer = send(first.address(), "POST", "/", &headers, &outer.to_string());
    assert_eq!(answer.json(), json!({}));
    let received = callbacks.received();
    assert_eq!(received.len(), 1);
    assert_eq!(fields(received[0].one("traceparent")).0, TRACE);
}

#[test]
fn returns_the_response_of_the_next_service() {
    let (mut first, mut second, mut third) = (relay(&[]), relay(&[]), relay(&[]));
    let (first, second, third) = (first.address(), second.address(), third.address());
    let third = format!("http://{third}/call?status=503");
    let second = format!("http://{second}/call?status=404&next={}", encoded(&third));
    let target = format!("/call?next={}", encoded(&second));
    let headers = [("traceparent", &*traceparent("01")), ("tracestate", "foo=1")];
    let answer = send(first, "GET", &target, &headers, "");
    assert_eq!(answer.status(), 200);
    let first = answer.json();
    let (second, third) = (&first["next"], &first["next"]["body"]["next"]);
    assert_eq!((&second["status"], &third["status"]), (&json!(404), &json!(503)));
    assert_eq!(third["body"]["next"], Value::Null);
    let mut parents = BTreeSet::from([PARENT.to_owned()]);
    for answer in [&second["body"], &third["body"]] {
        assert_eq!(answer["hop"], "rust");
        let headers = received(answer);
        let (trace, parent, _) = fields(&names(&headers, "traceparent").concat());
        assert_eq!(trace, TRACE);
        assert_eq!(
            names(&headers, "x-instana-t").concat(),
            TRACE[16..],
            "the low half, as the official tracers write it"
        );
        assert_eq!(names(&headers, "x-instana-s").concat(), parent);
        let expected = format!("in={};{parent},foo=1", &TRACE[16..]);
        assert_eq!(names(&headers, "tracestate").concat(), expected);
        assert!(parents.insert(parent), "a parent of its own on each hop");
    }
}

#[test]
fn returns_all_received_headers_in_order() {
    let mut relay = relay(&[]);
    let sent = [("x-b", "1"), ("x-a", "gr\u{fc}n"), ("x-b", "2")];
    let answer = send(relay.address(), "GET", "/call", &sent, "");
    let received: Headers = received(&answer.json());
    assert_eq!(names(&received, "x-b"), ["1", "2"]);
    assert_eq!(names(&received, "x-a"), ["gr\u{fc}n"]);
    let order: Vec<_> = received.iter().map(|(name, _)| &**name).filter(|name| *name != "x-b").collect();
    assert_eq!(order, ["host", "connection", "x-a", "content-length"]);
}

#[test]
fn reports_an_unreachable_next_service() {
    let mut relay = relay(&[]);
    let answer = send(relay.address(), "GET", "/call?next=http://127.0.0.1:1/&status=202", &[], "");
    assert_eq!(answer.status(), 202);
    assert!(answer.json()["next"]["error"].is_string(), "{}", answer.body);
    let answer = send(relay.address(), "GET", "/call?status=99", &[], "");
    assert_eq!(answer.status(), 400);
}

#[test]
fn forwards_suppression() {
    let mut relay = relay(&[]);
    let traceparent = traceparent("01");
    let headers = [("x-instana-l", "0"), ("traceparent", &*traceparent)];
    let received = callbacks(&mut relay, 1, &headers);
    assert_eq!(received[0].one("x-instana-l"), "0");
    assert_eq!(received[0].all("x-instana-t").len() + received[0].all("x-instana-s").len(), 0);
    let (trace, _, flags) = fields(received[0].one("traceparent"));
    assert_eq!((&*trace, &*flags), (TRACE, "00"));
    assert!(relay.interrupt().success());
    assert!(!relay.printed.contains(TRACE), "nothing is recorded:\n{}", relay.printed);
}

#[test]
fn writes_the_given_formats() {
    #[track_caller]
    fn check(list: &str, expected: &[&str]) {
        let received = callbacks(&mut relay(&["--propagators", list]), 1, &[]);
        let found: BTreeSet<_> = received[0].headers.iter().map(|(name, _)| &**name).collect();
        // Which of these reqwest sends depends on the features of the whole build.
        let standard = ["accept", "accept-encoding", "content-length", "content-type", "host"];
        let found: Vec<_> = found.into_iter().filter(|name| !standard.contains(name)).collect();
        assert_eq!(found, expected, "{list}");
    }
    check("tracecontext", &["traceparent"]);
    check("b3", &["x-b3-parentspanid", "x-b3-sampled", "x-b3-spanid", "x-b3-traceid"]);
    check("instana", &["x-instana-l", "x-instana-s", "x-instana-t"]);
    check("none", &[]);
}

#[test]
fn reads_the_formats_from_the_environment() {
    let arguments = ["--listen", "127.0.0.1:0"];
    let mut relay =
        Program::start_with(env!("CARGO_BIN_EXE_relay"), &arguments, &[("OTEL_PROPAGATORS", "tracecontext")]);
    let received = callbacks(&mut relay, 1, &[]);
    assert_eq!(received[0].all("traceparent").len(), 1);
    assert_eq!(received[0].all("x-instana-t").len() + received[0].all("x-b3-traceid").len(), 0);
}

#[test]
fn makes_64_bit_trace_ids_on_request() {
    let received = callbacks(&mut relay(&["--trace-id-bits", "64"]), 1, &[]);
    let (trace, ..) = fields(received[0].one("traceparent"));
    assert_eq!(trace[..16], *"0000000000000000");
    assert_eq!(received[0].one("x-instana-t"), &trace[16..]);
    let received = callbacks(&mut relay(&["--trace-id-bits", "128"]), 1, &[]);
    assert_ne!(fields(received[0].one("traceparent")).0[..16], *"0000000000000000");
}

#[test]
fn flushes_when_interrupted() {
    let mut relay = relay(&["--report", "console"]);
    let headers = [("traceparent", &*traceparent("01"))];
    send(relay.address(), "GET", "/call", &headers, "");
    assert!(relay.interrupt().success(), "{}", relay.printed);
    assert!(relay.printed.contains("GET /call"), "{}", relay.printed);
    assert!(relay.printed.contains("spans lost: 0"), "{}", relay.printed);
}

#[test]
fn rejects_unknown_options() {
    for options in
        [&["--no-such-option"][..], &["--propagators", "morse"], &["--trace-id-bits", "96"], &["--report", "pigeon"]]
    {
        assert_eq!(relay(options).wait().code(), Some(2), "{options:?}");
    }
}
