//! Peers in another language: grpcio of Python on either side, with W3C's metadata and with Instana's.

use std::io::Write;
use std::process::Stdio;

use opentracing_core::mock::MockTracer;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_stream::StreamExt;

use crate::echo::EchoClient;
use crate::support::{Fixture, check_tags, log_field, tag};

/// The Python interpreter with grpcio, at `GRPC_PYTHON`. If it is unset, the test is skipped with a line on standard error; in CI it fails.
fn python() -> Option<String> {
    let python = std::env::var("GRPC_PYTHON").ok();
    if python.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "GRPC_PYTHON should name a Python with grpcio; scripts/test makes one"
        );
        // The test runner does not capture this stream.
        let _ = writeln!(std::io::stderr(), "skipped, GRPC_PYTHON is not set: a peer in Python");
    }
    python
}

fn script(python: &str, name: &str, arguments: &[&str]) -> Child {
    let path = format!("{}/tests/peers/{name}", env!("CARGO_MANIFEST_DIR"));
    Command::new(python)
        .arg(path)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{python}: {error}"))
}

const W3C: &str = "traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Lets Python call a server of ours, and returns what it has to say.
async fn called_by_python(fixture: &Fixture, python: &str, arguments: &[&str]) -> String {
    let address = fixture.address.to_string();
    let client = script(python, "client.py", &[&[&*address], arguments].concat());
    let output = client.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn python_calls_rust() {
    let Some(python) = python() else { return };
    let fixture = Fixture::start().await;

    assert_eq!(called_by_python(&fixture, &python, &["unary", "hello", W3C]).await, "OK hello");
    let span = fixture.server_span(2).await;
    assert_eq!(span.context.trace_id().to_string(), TRACE);
    assert_eq!(span.parent_id.unwrap().to_string(), "00f067aa0ba902b7");
    let tags = [("rpc.status_code", "OK"), ("grpc.request.messages", "1"), ("grpc.response.messages", "1")];
    check_tags(&span, &tags);
    fixture.mock.reset();

    let instana =
        ["unary", "fail 13 b\u{f6}se", "x-instana-t=a3ce929d0e0e4736", "x-instana-s=00f067aa0ba902b7", "x-instana-l=1"];
    assert_eq!(called_by_python(&fixture, &python, &instana).await, "INTERNAL b\u{f6}se");
    let span = fixture.server_span(2).await;
    assert_eq!(span.context.trace_id().low(), 0xa3ce_929d_0e0e_4736);
    assert_eq!(span.parent_id.unwrap().to_string(), "00f067aa0ba902b7");
    check_tags(&span, &[("rpc.status_code", "INTERNAL"), ("error", "true")]);
    assert_eq!(log_field(&span, "message"), "b\u{f6}se");
    fixture.mock.reset();

    assert_eq!(called_by_python(&fixture, &python, &["unary", "hello", "x-instana-l=0"]).await, "OK hello");
    assert!(fixture.mock.finished_spans().is_empty(), "suppressed");

    assert_eq!(called_by_python(&fixture, &python, &["server-stream", "5", W3C]).await, "OK 4 3 2 1 0");
    let span = fixture.server_span(6).await;
    check_tags(&span, &[("grpc.request.messages", "1"), ("grpc.response.messages", "5")]);
    fixture.mock.reset();

    assert_eq!(called_by_python(&fixture, &python, &["client-stream", "a b c d", W3C]).await, "OK 4");
    check_tags(&fixture.server_span(1).await, &[("grpc.request.messages", "4"), ("grpc.response.messages", "1")]);
    fixture.mock.reset();

    assert_eq!(called_by_python(&fixture, &python, &["bidi", "a b c", W3C]).await, "OK a b c bye");
    check_tags(&fixture.server_span(1).await, &[("grpc.request.messages", "3"), ("grpc.response.messages", "4")]);
    fixture.mock.reset();

    // It stops to wait; what the server sees is a reset, or its own time-out.
    let answer = called_by_python(&fixture, &python, &["deadline", "hang", W3C]).await;
    assert!(answer.starts_with("DEADLINE_EXCEEDED") || answer.starts_with("CANCELLED"), "{answer}");
    let span = fixture.server_span(2).await;
    assert!(tag(&span, "grpc.timeout_ms").parse::<f64>().unwrap() >= 400.0, "{span:?}");
    fixture.mock.reset();

    called_by_python(&fixture, &python, &["cancel", "2 hang", W3C]).await;
    let span = fixture.server_span(3).await;
    check_tags(&span, &[("rpc.status_code", "CANCELLED"), ("grpc.response.messages", "2"), ("error", "")]);
}

#[tokio::test]
async fn rust_calls_python() {
    let Some(python) = python() else { return };
    let mut server = script(&python, "server.py", &[]);
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let port = lines.next_line().await.unwrap().expect("the port");
    let fixture = Fixture { mock: MockTracer::new(), address: format!("127.0.0.1:{port}").parse().unwrap() };
    let mut client: EchoClient<_> = fixture.client();

    // It answers with the metadata that it was sent.
    let metadata = client.unary("metadata").await.unwrap().into_inner();
    let span = fixture.mock.finished(1).await.remove(0);
    check_tags(&span, &[("rpc.status_code", "OK"), ("grpc.request.messages", "1"), ("grpc.response.messages", "1")]);
    let (trace_id, span_id) = (span.context.trace_id(), span.context.span_id());
    for line in [
        format!("traceparent=00-{trace_id}-{span_id}-01"),
        format!("x-instana-t={:016x}", trace_id.low()),
        format!("x-instana-s={span_id}"),
        "x-instana-l=1".to_owned(),
        format!("x-b3-traceid={trace_id}"),
    ] {
        assert!(metadata.lines().any(|known| known == line), "no {line} in\n{metadata}");
    }
    fixture.mock.reset();

    let status = client.unary("fail 5 kein St\u{fc}ck").await.unwrap_err();
    assert_eq!(status.message(), "kein St\u{fc}ck");
    let span = fixture.mock.finished(1).await.remove(0);
    check_tags(&span, &[("rpc.status_code", "NOT_FOUND"), ("error", "true"), ("grpc.response.messages", "0")]);
    assert_eq!(log_field(&span, "message"), "kein St\u{fc}ck");
    fixture.mock.reset();

    let mut answers = client.server_stream("4").await.unwrap();
    while answers.message().await.unwrap().is_some() {}
    check_tags(&fixture.mock.finished(1).await[0], &[("rpc.status_code", "OK"), ("grpc.response.messages", "4")]);
    fixture.mock.reset();

    let messages = || tokio_stream::iter(["a", "b", "c"]).map(str::to_owned);
    assert_eq!(client.client_stream(messages()).await.unwrap().into_inner(), "3");
    let tags = [("rpc.status_code", "OK"), ("grpc.request.messages", "3"), ("grpc.response.messages", "1")];
    check_tags(&fixture.mock.finished(1).await[0], &tags);
    fixture.mock.reset();

    let mut answers = client.bidi(messages()).await.unwrap();
    while answers.message().await.unwrap().is_some() {}
    let tags = [("rpc.status_code", "OK"), ("grpc.request.messages", "3"), ("grpc.response.messages", "4")];
    check_tags(&fixture.mock.finished(1).await[0], &tags);
    fixture.mock.reset();

    client.unary("panic").await.unwrap_err();
    check_tags(&fixture.mock.finished(1).await[0], &[("rpc.status_code", "UNKNOWN"), ("error", "true")]);
}
