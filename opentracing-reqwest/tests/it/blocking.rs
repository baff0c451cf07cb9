//! A client for programs without an async runtime.

use std::io::Read;
use std::time::Duration;

use opentracing_core::mock::MockTracer;
use opentracing_reqwest::{BlockingTracingClient, Redirects, RequestExt, TracingClientBuilder};
use reqwest::Method;
use tokio::runtime::Runtime;

use crate::server::{Answer, OK, Received, Server, redirect, status};
use crate::support::{Refusing, builder, log, only_span, tag};

/// A server with a runtime of its own.
struct Served {
    server: Server,
    _runtime: Runtime,
}

fn serve<A: Into<Answer>>(answer: impl Fn(&Received) -> A + Send + Sync + 'static) -> Served {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    Served { server: runtime.block_on(Server::start(answer)), _runtime: runtime }
}

fn client(mock: &MockTracer) -> BlockingTracingClient {
    builder(mock, &[]).build_blocking().unwrap()
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_call_is_a_span_with_the_same_tags() {
    let (mock, served) = (MockTracer::new(), serve(|_| OK));
    let mut caller = mock.tracer().span("caller").start();
    let text = caller.in_scope(|| {
        let request = client(&mock).get(served.server.url("/42")).operation_name("GET /{id}").peer_service("catalog");
        let response = request.send().unwrap();
        assert_eq!(
            (response.status().as_u16(), response.url().path(), response.content_length()),
            (200, "/42", Some(2))
        );
        assert_eq!(response.remote_addr(), Some(served.server.address()));
        assert!(mock.finished_spans().is_empty(), "the body is still to come");
        response.text().unwrap()
    });
    caller.finish();
    assert_eq!(text, "ok");
    mock.assert_tree("caller\n  GET /{id} (client)\n");
    let span = mock.span("GET /{id}");
    assert_eq!(tag(&span, "peer.service").as_deref(), Some("catalog"));
    assert_eq!(tag(&span, "http.status_code").as_deref(), Some("200"));
    assert!(span.logs.is_empty());
    assert!(served.server.request().header("traceparent").is_some());
}

#[test]
fn the_span_lasts_as_long_as_the_call() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n";
    let (mock, served) = (MockTracer::new(), serve(move |_| chunked));
    let mut response = client(&mock).get(served.server.url("/")).send().unwrap();
    mock.clock().advance(MINUTE);
    let mut text = String::new();
    response.read_to_string(&mut text).unwrap();
    assert_eq!(text, "abcd");
    assert_eq!(only_span(&mock).duration().as_secs(), 60);

    let (mock, served) = (MockTracer::new(), serve(|_| status(404)));
    let response = client(&mock).get(served.server.url("/")).send().unwrap();
    mock.clock().advance(MINUTE);
    response.error_for_status().unwrap_err();
    let span = only_span(&mock);
    assert_eq!((span.duration().as_secs(), tag(&span, "http.outcome")), (0, None));
}

#[test]
fn what_is_left_half_read_is_aborted() {
    let part = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab";
    let (mock, served) = (MockTracer::new(), serve(move |_| Answer::Part(part.into())));
    let mut response = client(&mock).get(served.server.url("/")).send().unwrap();
    response.read_exact(&mut [0; 2]).unwrap();
    drop(response);
    assert_eq!(tag(&only_span(&mock), "http.outcome").as_deref(), Some("aborted"));
}

#[test]
fn failures_have_their_kinds() {
    let mock = MockTracer::new();
    client(&mock).get(Refusing::new().url()).send().unwrap_err();
    assert_eq!(log(&only_span(&mock), "error")[0].1, "connect");
    assert!(client(&mock).get("no url").send().unwrap_err().is_builder());

    let (mock, served) = (MockTracer::new(), serve(|_| Answer::Part(Vec::new())));
    let client = builder(&mock, &[]).timeout(Duration::from_millis(1)).build_blocking().unwrap();
    assert!(client.get(served.server.url("/")).send().unwrap_err().is_timeout());
    assert_eq!(log(&only_span(&mock), "error")[0].1, "timeout");
}

#[test]
fn a_body_that_does_not_come_in_time_fails() {
    let part = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab";
    let (mock, served) = (MockTracer::new(), serve(move |_| Answer::Part(part.into())));
    let reads = reqwest::Client::builder().no_proxy().read_timeout(Duration::from_millis(20));
    let client = opentracing_reqwest::TracingClient::from_builder(reads).tracer(mock.tracer().clone());
    let response = client.build_blocking().unwrap().get(served.server.url("/")).send().unwrap();
    assert!(response.text().unwrap_err().is_timeout());
    assert_eq!(log(&only_span(&mock), "error")[0].1, "timeout");
}

/// Redirects to another name of the same server.
fn elsewhere() -> Served {
    serve(|request| match (&*request.path, request.header("host").unwrap().split_once(':').unwrap().1) {
        ("/there", port) => redirect(302, &format!("http://other.example:{port}/end")),
        _ => OK.into(),
    })
}

fn redirected(settings: impl FnOnce(TracingClientBuilder) -> TracingClientBuilder) -> (u16, Vec<bool>) {
    let (mock, served) = (MockTracer::new(), elsewhere());
    let names = [("shop.example", &served.server), ("other.example", &served.server)];
    let client = settings(builder(&mock, &names)).build_blocking().unwrap();
    let response = client.get(served.server.url_of("shop.example", "/there")).send().unwrap();
    let received = served.server.received();
    (response.status().as_u16(), received.iter().map(|request| !request.trace_headers().is_empty()).collect())
}

#[test]
fn another_host_gets_no_trace_headers() {
    assert_eq!(redirected(|builder| builder), (200, vec![true, false]));
    assert_eq!(redirected(|builder| builder.redirects(Redirects::None)), (302, vec![true]));
}

#[test]
fn a_request_that_is_ready_is_sent_as_well() {
    let (mock, served) = (MockTracer::new(), serve(|_| OK));
    let request = reqwest::Request::new(Method::GET, served.server.url("/").parse().unwrap());
    let client = client(&mock);
    client.execute(request.operation_name("GET /")).unwrap();
    drop(client);
    mock.assert_tree("GET / (client)\n");
}

#[test]
fn a_response_outlives_its_client() {
    let (mock, served) = (MockTracer::new(), serve(|_| OK));
    let response = client(&mock).post(served.server.url("/")).body("hello").send().unwrap();
    assert_eq!(response.text().unwrap(), "ok");
    assert_eq!(served.server.request().body, b"hello");
    assert_eq!(only_span(&mock).kind, opentracing_core::SpanKind::Client);
}
