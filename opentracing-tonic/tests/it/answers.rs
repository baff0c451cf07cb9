//! Clients before answers that a proxy gives, or a server that is no better.

use std::convert::Infallible;

use bytes::Bytes;
use h2::Reason;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use opentracing_core::OwnedSpan;
use opentracing_core::mock::MockTracer;
use opentracing_tonic::TracingClientLayer;
use tokio_stream::iter;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{ServiceExt, service_fn};

use crate::support::{check_tags, log_field};

type Part = Result<Frame<Bytes>, Status>;

fn data(bytes: impl AsRef<[u8]>) -> Part {
    Ok(Frame::data(Bytes::copy_from_slice(bytes.as_ref())))
}

fn trailers(pairs: &[(&'static str, &'static str)]) -> Part {
    Ok(Frame::trailers(pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()))
}

/// The span of a call that is answered so, and whose answer is read as far as it goes.
async fn span_of(head: http::response::Builder, parts: Vec<Part>) -> OwnedSpan {
    let mock = MockTracer::new();
    let response = head.body(StreamBody::new(iter(parts))).unwrap();
    let mut response = Some(response);
    let service = service_fn(move |_: Request<Body>| {
        let response = response.take().expect("one call");
        async move { Ok::<_, Infallible>(response) }
    });
    let client = TracingClientLayer::with_tracer(mock.tracer().clone()).wrap(service);
    let call = Request::post("http://users.acme.example/acme.test.Echo/Unary").body(Body::empty()).unwrap();
    let answer = client.oneshot(call).await.unwrap();
    let mut body = answer.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    drop(body);
    mock.span("acme.test.Echo/Unary")
}

fn head(status: u16, headers: &[(&str, &str)]) -> http::response::Builder {
    headers.iter().fold(Response::builder().status(status), |head, (name, value)| head.header(*name, *value))
}

const GRPC: (&str, &str) = ("content-type", "application/grpc");

#[tokio::test]
async fn an_answer_without_a_status_has_that_of_http() {
    for (http, code) in [
        (200, "UNKNOWN"),
        (400, "INTERNAL"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "UNIMPLEMENTED"),
        (418, "UNKNOWN"),
        (429, "UNAVAILABLE"),
        (500, "UNKNOWN"),
        (502, "UNAVAILABLE"),
        (503, "UNAVAILABLE"),
        (504, "UNAVAILABLE"),
    ] {
        let span = span_of(head(http, &[("content-type", "text/html")]), vec![data("<html>")]).await;
        let status = if http == 200 { String::new() } else { http.to_string() };
        check_tags(&span, &[("rpc.status_code", code), ("error", "true"), ("http.status_code", &status)]);
        check_tags(&span, &[("grpc.response.messages", "0")]);
        assert!(log_field(&span, "message").ends_with(&http.to_string()));
    }
}

#[tokio::test]
async fn the_status_is_in_the_trailers_or_in_an_answer_of_nothing_else() {
    #[track_caller]
    fn check(span: &OwnedSpan, code: &str, messages: &str, message: &str) {
        check_tags(span, &[("rpc.status_code", code), ("grpc.response.messages", messages)]);
        assert_eq!(log_field(span, "message"), message);
    }
    let ok = [("grpc-status", "0")];
    check(&span_of(head(200, &[GRPC]), vec![data([0; 5]), trailers(&ok)]).await, "OK", "1", "");
    let failed = [("grpc-status", "5"), ("grpc-message", "no%20b%C3%BCcher%")];
    check(&span_of(head(200, &[GRPC]), vec![trailers(&failed)]).await, "NOT_FOUND", "0", "no b\u{fc}cher%");
    check(&span_of(head(200, &[GRPC, failed[0], failed[1]]), vec![]).await, "NOT_FOUND", "0", "no b\u{fc}cher%");
    // A number that is no code.
    for number in ["17", "-1", "00", "x", ""] {
        check(&span_of(head(200, &[GRPC, ("grpc-status", number)]), vec![]).await, "UNKNOWN", "0", "");
    }
    // Details that are not base64 are nobody's business here.
    let details = [("grpc-status", "9"), ("grpc-status-details-bin", "!!!"), ("grpc-message", "%FF")];
    check(&span_of(head(200, &[GRPC]), vec![trailers(&details)]).await, "FAILED_PRECONDITION", "0", "\u{fffd}");
    // The status counts that comes first.
    check(&span_of(head(200, &[GRPC, ok[0]]), vec![trailers(&failed)]).await, "OK", "0", "");
    // Trailers without.
    let none = span_of(head(200, &[GRPC]), vec![data([0; 5]), trailers(&[("x-a", "b")])]).await;
    check_tags(&none, &[("rpc.status_code", "UNKNOWN"), ("error", "true")]);
}

#[tokio::test]
async fn a_body_that_fails_has_the_code_of_its_error() {
    let lost = Status::new(Code::DataLoss, "a bit fell out");
    let span = span_of(head(200, &[GRPC]), vec![data([0; 5]), Err(lost)]).await;
    check_tags(&span, &[("rpc.status_code", "DATA_LOSS"), ("grpc.response.messages", "1"), ("error", "true")]);
    assert_eq!(log_field(&span, "message"), "a bit fell out");
}

/// An error with another one for its source.
#[derive(Debug)]
struct Wrapper(Status);

impl std::fmt::Display for Wrapper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no luck")
    }
}

impl std::error::Error for Wrapper {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[tokio::test]
async fn errors_of_services_have_the_code_that_tonic_gives_them() {
    type BoxError = Box<dyn std::error::Error + Send + Sync>;
    let reset = |reason: Reason| -> BoxError { Box::new(h2::Error::from(reason)) };
    let errors: Vec<(BoxError, &str)> = vec![
        (Box::new(Status::aborted("again")), "ABORTED"),
        (Box::new(tonic::TimeoutExpired(())), "DEADLINE_EXCEEDED"),
        (Box::new(tonic::ConnectError("refused".into())), "UNAVAILABLE"),
        (Box::new(Wrapper(Status::internal("within"))), "INTERNAL"),
        (reset(Reason::NO_ERROR), "INTERNAL"),
        (reset(Reason::REFUSED_STREAM), "UNAVAILABLE"),
        (reset(Reason::CANCEL), "CANCELLED"),
        (reset(Reason::ENHANCE_YOUR_CALM), "RESOURCE_EXHAUSTED"),
        (reset(Reason::INADEQUATE_SECURITY), "PERMISSION_DENIED"),
        (reset(Reason::STREAM_CLOSED), "UNKNOWN"),
        ("anything".into(), "UNKNOWN"),
    ];
    for (error, code) in errors {
        let mock = MockTracer::new();
        let text = error.to_string();
        let mut error = Some(error);
        let service = service_fn(move |_: Request<Body>| {
            let error = error.take().expect("one call");
            async move { Err::<Response<Body>, _>(error) }
        });
        let client = TracingClientLayer::with_tracer(mock.tracer().clone()).wrap(service);
        let call = Request::post("/acme.test.Echo/Unary").body(Body::empty()).unwrap();
        client.oneshot(call).await.unwrap_err();
        let span = mock.span("acme.test.Echo/Unary");
        check_tags(&span, &[("rpc.status_code", code), ("error", "true"), ("peer.service", "")]);
        assert!(!log_field(&span, "message").is_empty(), "{text}");
    }
}

#[tokio::test]
async fn messages_are_found_in_whatever_pieces_they_come() {
    let messages = [crate::support::frame(""), crate::support::frame("two"), crate::support::frame(&"x".repeat(300))];
    let body = messages.concat();
    for size in (1..20).chain([body.len()]) {
        let mut parts: Vec<Part> = body.chunks(size).map(data).collect();
        parts.push(trailers(&[("grpc-status", "0")]));
        let span = span_of(head(200, &[GRPC]), parts).await;
        check_tags(&span, &[("rpc.status_code", "OK"), ("grpc.response.messages", "3")]);
    }
    // The end within a head, and within a message.
    for cut in [body.len() - 1, 3] {
        let span = span_of(head(200, &[GRPC]), vec![data(&body[..cut])]).await;
        check_tags(&span, &[("rpc.status_code", "UNKNOWN"), ("error", "true")]);
    }
}

const WEB: (&str, &str) = ("content-type", "application/grpc-web+proto");
const WEB_TEXT: (&str, &str) = ("content-type", "application/grpc-web-text");

fn web_trailers(flags: u8, lines: &str) -> Vec<u8> {
    let mut frame = vec![flags];
    frame.extend_from_slice(&u32::try_from(lines.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(lines.as_bytes());
    frame
}

#[tokio::test]
async fn trailers_of_grpc_web_are_in_the_body() {
    let end = web_trailers(0x80, "grpc-status: 7\r\ngrpc-message:not%20you\r\nx-more: 1\r\n");
    let body = [crate::support::frame("one"), crate::support::frame("two"), end].concat();
    for size in (1..20).chain([body.len()]) {
        let span = span_of(head(200, &[WEB]), body.chunks(size).map(data).collect()).await;
        check_tags(&span, &[("rpc.status_code", "PERMISSION_DENIED"), ("grpc.response.messages", "2")]);
        assert_eq!(log_field(&span, "message"), "not you");
    }
    let text = encode(&body);
    for size in (1..20).chain([text.len()]) {
        let span = span_of(head(200, &[WEB_TEXT]), text.as_bytes().chunks(size).map(data).collect()).await;
        check_tags(&span, &[("rpc.status_code", "PERMISSION_DENIED"), ("grpc.response.messages", "2")]);
    }
    // Each write of a server is a text of its own, with padding.
    let texts: String = body.chunks(7).map(encode).collect();
    assert!(texts.contains('='));
    let span = span_of(head(200, &[WEB_TEXT]), texts.as_bytes().chunks(5).map(data).collect()).await;
    check_tags(&span, &[("rpc.status_code", "PERMISSION_DENIED"), ("grpc.response.messages", "2")]);
}

#[tokio::test]
async fn bad_trailers_of_grpc_web_are_no_status() {
    let long = "x".repeat(20_000);
    for end in [
        web_trailers(0x80, ""),
        web_trailers(0x80, "grpc-status"),
        web_trailers(0x80, ": 0\r\n\u{0}: 0\r\ngr pc-status: 0"),
        web_trailers(0x80, &format!("grpc-status: 0\r\nx-long: {long}")),
        web_trailers(0x80, "grpc-status: 0")[..10].to_vec(),
    ] {
        let span = span_of(head(200, &[WEB]), vec![data(&end)]).await;
        check_tags(&span, &[("rpc.status_code", "UNKNOWN"), ("error", "true")]);
    }
    for text in ["A", "====", "AAAA====", "!", "AA=A", "gAAAAA9ncnBjLXN0YXR1czogMA0K!"] {
        let span = span_of(head(200, &[WEB_TEXT]), vec![data(text), data(text)]).await;
        check_tags(&span, &[("error", if text.starts_with('g') { "" } else { "true" })]);
    }
}

#[tokio::test]
async fn what_comes_behind_trailers_of_grpc_web_is_no_part_of_them() {
    // Trailers without a status, then a message that looks like one.
    let message = web_trailers(0, "\r\ngrpc-status: 0\r\n");
    let body = [web_trailers(0x80, "x-more: 1"), message].concat();
    for size in [1, 7, body.len()] {
        let span = span_of(head(200, &[WEB]), body.chunks(size).map(data).collect()).await;
        check_tags(&span, &[("rpc.status_code", "UNKNOWN"), ("grpc.response.messages", "1")]);
    }
    // Later ones are trailers of their own.
    let body = [body, web_trailers(0x80, "grpc-status: 10")].concat();
    for size in [1, 7, body.len()] {
        let span = span_of(head(200, &[WEB]), body.chunks(size).map(data).collect()).await;
        check_tags(&span, &[("rpc.status_code", "ABORTED"), ("grpc.response.messages", "1")]);
    }
}

/// Base64 with padding.
fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let digit = char::from(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize]);
            text.push(if at <= group.len() { digit } else { '=' });
        }
    }
    text
}

#[test]
fn encodes_as_it_should() {
    assert_eq!([encode(b"Man"), encode(b"Ma"), encode(b"M")], ["TWFu", "TWE=", "TQ=="]);
}
