//! Connections: upgrades, uploads, trailers, sequential and concurrent requests, resets.

use std::time::Duration;

use bytes::Bytes;
use opentracing_core::SpanKind;

use crate::server::ServerFeature;
use crate::server::case::{Case, fed_request, request, with_upload};
use crate::server::visitor::Upload;
use crate::spans::SpanExt;
use crate::suite::{Check, Outcome, checks, ensure, ensure_eq};

pub(super) const CHECKS: &[Check<Case, ServerFeature>] = checks![Case, ServerFeature;
    trailers_come_through_and_end_the_span,
    an_upload_is_part_of_the_span,
    a_slow_upload_is_part_of_the_span,
    an_answer_before_the_end_of_the_upload_is_an_answer,
    an_upgrade_ends_with_its_head [Http1, Upgrades],
    requests_on_one_connection_are_a_span_each,
    pipelined_requests_are_a_span_each [Http1],
    a_slow_head_is_not_part_of_the_span [Http1],
    a_request_that_waits_for_100_is_traced_once [Http1],
    a_request_that_is_refused_without_100_is_traced_once [Http1],
    a_request_of_http_1_0_is_traced [Http1],
    a_body_that_ends_with_the_connection_ends_the_span [Http1],
    a_reset_before_the_answer_cancels_its_request_alone [Http2],
    a_reset_within_the_answer_aborts_its_request_alone [Http2],
];

const LONG: Duration = Duration::from_secs(3);

async fn trailers_come_through_and_end_the_span(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    // HTTP/1 sends them to those only who say that they understand them.
    let mut visit = visitor.send(request("GET", "/trailers", &[("te", "trailers")])).await?;
    let (text, trailers) = visit.read().await?;
    ensure_eq!(text, "one", "the body");
    ensure!(trailers.get("x-checksum").is_some_and(|value| value == "41"), "there should be trailers: {trailers:?}");
    stage.server_span(2).await?.is_ok(200)
}

async fn an_upload_is_part_of_the_span(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let upload = with_upload("POST", "/upload", &[], Upload::Text(Bytes::from_static(b"hello")));
    ensure_eq!(stage.ask(upload).await?.text, "received 5", "the answer");
    stage.only_span().await?.is_ok(200)
}

async fn a_slow_upload_is_part_of_the_span(case: &Case) -> Outcome {
    let mut stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    let (upload, feed) = fed_request("POST", "/upload", &[]);
    let answer = tokio::spawn(visitor.send(upload));
    stage.begun().await?;
    // Who does not read any more does not mind.
    let _ = feed.send(Bytes::from_static(b"hello, "));
    stage.mock.clock().advance(LONG);
    let _ = feed.send(Bytes::from_static(b"world"));
    drop(feed);
    let mut visit = answer.await.map_err(|error| error.to_string())??;
    ensure_eq!(visit.read().await?.0, "received 12", "the answer");
    let span = stage.only_span().await?;
    ensure!(span.duration() >= LONG, "the span should last {LONG:?}, not {:?}", span.duration());
    span.is_ok(200)
}

async fn an_answer_before_the_end_of_the_upload_is_an_answer(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    let (upload, feed) = fed_request("POST", "/early", &[]);
    let mut visit = visitor.send(upload).await?;
    ensure_eq!(visit.read().await?.0, "/early", "the answer");
    let span = stage.only_span().await?;
    drop(feed);
    span.is_ok(200)
}

async fn an_upgrade_ends_with_its_head(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut wire = stage.wire().await?;
    wire.write("GET /upgrade HTTP/1.1\r\nhost: shop.example\r\nconnection: upgrade\r\nupgrade: pingpong\r\n\r\n")
        .await?;
    let head = wire.read_until("\r\n\r\n").await?;
    ensure!(head.starts_with("HTTP/1.1 101 "), "the answer should be 101: {head}");
    // The span has ended, but the connection stays open.
    let span = stage.only_span().await?;
    span.has("http.upgrade", Some("pingpong"))?;
    span.is_ok(101)?;
    wire.write("ping").await?;
    ensure_eq!(wire.read_until("pong").await?, "pong", "what comes by the new protocol");
    stage.only_span().await.map(drop)
}

async fn requests_on_one_connection_are_a_span_each(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    for path in ["/foo", "/chunked", "/bad-request"] {
        visitor.ready().await?;
        visitor.send(request("GET", path, &[])).await?.read().await?;
    }
    let spans = stage.spans(6).await?;
    let statuses = spans.iter().filter(|span| span.kind == SpanKind::Server).map(|span| span.text("http.status_code"));
    let statuses: Vec<_> = statuses.flatten().collect();
    ensure_eq!(statuses, ["200", "200", "400"], "the statuses");
    let traces: Vec<_> = spans.iter().filter(|span| span.parent_id.is_none()).collect();
    ensure_eq!(traces.len(), 3, "the number of traces");
    Ok(())
}

async fn pipelined_requests_are_a_span_each(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut wire = stage.wire().await?;
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nhost: shop.example\r\n{more}\r\n");
    wire.write(&[get("/items/1", ""), get("/chunked", ""), get("/items/3", "connection: close\r\n")].concat()).await?;
    let answers = wire.read_to_end().await;
    ensure_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 3, "the number of answers");
    let spans = stage.spans(6).await?;
    let servers: Vec<_> = spans.iter().filter(|span| span.kind == SpanKind::Server).collect();
    ensure_eq!(servers.len(), 3, "the number of server spans");
    for (server, path) in servers.iter().zip(["/items/1", "/chunked", "/items/3"]) {
        server.has("http.url", Some(&format!("http://shop.example{path}")))?;
        server.is_ok(200)?;
    }
    Ok(())
}

async fn a_slow_head_is_not_part_of_the_span(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut wire = stage.wire().await?;
    wire.write("GET /foo HTTP/1.1\r\nhost: shop.").await?;
    ensure_eq!(stage.mock.tracer().stats().started, 0, "the number of spans before there is a request");
    stage.mock.clock().advance(LONG);
    wire.write("example\r\nconnection: close\r\n\r\n").await?;
    ensure!(wire.read_to_end().await.ends_with("/foo"), "there should be an answer");
    let span = stage.only_span().await?;
    ensure!(span.duration() < LONG, "the span should begin with the request, not {:?} before", span.duration());
    span.is_ok(200)
}

async fn a_request_that_waits_for_100_is_traced_once(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut wire = stage.wire().await?;
    let head = "POST /upload HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\
                connection: close\r\n\r\n";
    wire.write(head).await?;
    let interim = wire.read_until("\r\n\r\n").await?;
    ensure!(interim.starts_with("HTTP/1.1 100 "), "the handler reads, so there should be a 100: {interim}");
    stage.mock.clock().advance(LONG);
    wire.write("hello").await?;
    ensure!(wire.read_to_end().await.ends_with("received 5"), "there should be an answer");
    let span = stage.only_span().await?;
    ensure!(span.duration() >= LONG, "the span should last {LONG:?}, not {:?}", span.duration());
    span.is_ok(200)
}

async fn a_request_that_is_refused_without_100_is_traced_once(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut wire = stage.wire().await?;
    let head = "POST /bad-request HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\
                connection: close\r\n\r\n";
    wire.write(head).await?;
    let answer = wire.read_to_end().await;
    ensure!(answer.starts_with("HTTP/1.1 400 "), "the body is not read, so there should be no 100: {answer}");
    stage.only_span().await?.is_ok(400)
}

async fn a_request_of_http_1_0_is_traced(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut wire = stage.wire().await?;
    wire.write("GET /foo HTTP/1.0\r\n\r\n").await?;
    ensure!(wire.read_to_end().await.ends_with("/foo"), "there should be an answer");
    let span = stage.only_span().await?;
    // There is no host to be known.
    span.has("http.url", Some("/foo"))?;
    span.is_ok(200)
}

async fn a_body_that_ends_with_the_connection_ends_the_span(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut wire = stage.wire().await?;
    wire.write("GET /chunked HTTP/1.0\r\nhost: shop.example\r\n\r\n").await?;
    ensure!(wire.read_to_end().await.ends_with("one two 3"), "the answer should be whole");
    stage.server_span(4).await?.is_ok(200)
}

async fn a_reset_before_the_answer_cancels_its_request_alone(case: &Case) -> Outcome {
    let mut stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    let other = tokio::spawn(visitor.send(request("GET", "/together?other", &[])));
    stage.begun().await?;
    let reset = tokio::spawn(visitor.send(request("GET", "/hang", &[])));
    stage.begun().await?;
    reset.abort();
    // Dropping the task drops the future of the response.
    let _ = reset.await;
    stage.mock.finished(1).await[0].was_dropped("cancelled")?;
    stage.open_gate(1);
    let mut visit = other.await.map_err(|error| error.to_string())??;
    ensure_eq!(visit.read().await?.0, "other", "the other answer");
    let spans = stage.spans(3).await?;
    let other = spans.iter().find(|span| span.tag("request").is_some()).ok_or("there should be the other span")?;
    other.is_ok(200)
}

async fn a_reset_within_the_answer_aborts_its_request_alone(case: &Case) -> Outcome {
    let mut stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    let other = tokio::spawn(visitor.send(request("GET", "/together?other", &[])));
    stage.begun().await?;
    let mut reset = visitor.send(request("GET", "/feed", &[])).await?;
    stage.feed("one");
    ensure_eq!(reset.next().await?, "one", "the first piece");
    drop(reset);
    let spans = stage.mock.finished(2).await;
    let reset = spans.iter().find(|span| span.kind == SpanKind::Server).ok_or("the span should have ended")?;
    reset.was_dropped("aborted")?;
    stage.open_gate(1);
    let mut visit = other.await.map_err(|error| error.to_string())??;
    ensure_eq!(visit.read().await?.0, "other", "the other answer");
    stage.spans(4).await.map(drop)
}
