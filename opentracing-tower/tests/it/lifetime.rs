//! When the span of a request that is served ends, and as what.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get as on_get;
use opentracing_core::mock::MockTracer;
use opentracing_core::{OwnedSpan, SpanKind, Tracer, Value};
use opentracing_tower::TracingLayer;
use tokio::sync::mpsc;

use crate::support::{Connection, Frames, Then, get, only_span, serve};

fn traced(mock: &MockTracer, router: Router) -> Router {
    router.layer(TracingLayer::with_tracer(mock.tracer().clone()))
}

/// One answer for all requests.
fn answering(mock: &MockTracer, answer: impl Fn(&Tracer) -> Response + Clone + Send + Sync + 'static) -> Router {
    let tracer = mock.tracer().clone();
    traced(mock, Router::new().fallback(move || async move { answer(&tracer) }))
}

#[track_caller]
fn check_ok(span: &OwnedSpan, status: i64) {
    assert_eq!(span.kind, SpanKind::Server);
    assert_eq!(span.tag("http.status_code"), Some(Value::I64(status)));
    assert!(!span.is_failed, "{span:?}");
    assert_eq!(span.tag("http.outcome"), None, "{span:?}");
    assert!(span.logs.is_empty(), "{span:?}");
}

#[track_caller]
fn check_left(span: &OwnedSpan, outcome: &str) {
    assert!(!span.is_failed);
    assert_eq!(span.tag("http.outcome"), Some(Value::Str(outcome)));
    assert_eq!(span.logs.len(), 1);
    assert_eq!(span.logs[0].field("event"), Some(Value::Str(outcome)));
    assert!(span.logs[0].field("message").is_some());
}

fn plain(body: Body) -> Response {
    Response::new(body)
}

#[tokio::test]
async fn a_known_body_ends_the_span() {
    let mock = MockTracer::new();
    let address = serve(answering(&mock, |_| plain(Body::from("hello")))).await;
    let answer = get(address, "GET /", "").await;
    assert!(answer.contains("content-length: 5\r\n") && answer.ends_with("\r\n\r\nhello"), "{answer}");
    check_ok(&only_span(&mock).await, 200);
}

#[tokio::test]
async fn head_of_a_known_body_is_no_failure() {
    let mock = MockTracer::new();
    let address = serve(answering(&mock, |_| plain(Body::from("hello")))).await;
    assert!(get(address, "HEAD /", "").await.contains("content-length: 5\r\n"));
    check_ok(&only_span(&mock).await, 200);
}

#[tokio::test]
async fn head_of_a_stream_is_no_failure() {
    let mock = MockTracer::new();
    let address =
        serve(answering(&mock, |tracer| plain(Body::new(Frames::new(tracer, &["never sent"], Then::End))))).await;
    assert!(!get(address, "HEAD /", "").await.contains("never sent"));
    let spans = mock.finished(2).await;
    mock.assert_tree("HEAD (server)\n  drop\n");
    check_ok(&spans[1], 200);
}

#[tokio::test]
async fn an_answer_without_body_ends_the_span() {
    for status in [204, 304, 200] {
        let mock = MockTracer::new();
        let address = serve(answering(&mock, move |_| {
            let mut response = plain(Body::empty());
            *response.status_mut() = status.try_into().unwrap();
            response
        }))
        .await;
        get(address, "GET /", "").await;
        check_ok(&only_span(&mock).await, status.into());
    }
}

#[tokio::test]
async fn a_body_that_is_not_sent_is_no_failure() {
    for status in [204_u16, 304] {
        let mock = MockTracer::new();
        let address = serve(answering(&mock, move |tracer| {
            let mut response = plain(Body::new(Frames::new(tracer, &["never sent"], Then::End)));
            *response.status_mut() = status.try_into().unwrap();
            response
        }))
        .await;
        assert!(!get(address, "GET /", "").await.contains("never sent"));
        mock.finished(2).await;
        check_ok(&mock.span("GET"), status.into());
    }
}

#[tokio::test]
async fn a_chunked_body_ends_the_span_with_its_last_chunk() {
    let mock = MockTracer::new();
    let address =
        serve(answering(&mock, |tracer| plain(Body::new(Frames::new(tracer, &["one", "two"], Then::End))))).await;
    let answer = get(address, "GET /", "").await;
    assert!(answer.contains("transfer-encoding: chunked") && answer.ends_with("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
    mock.finished(4).await;
    mock.assert_tree("GET (server)\n  frame\n  frame\n  drop\n");
    check_ok(&mock.span("GET"), 200);
}

#[tokio::test]
async fn a_stream_with_content_length_is_no_failure() {
    let mock = MockTracer::new();
    let address = serve(answering(&mock, |tracer| {
        let mut response = plain(Body::new(Frames::new(tracer, &["one ", "two ", "3"], Then::Silence)));
        response.headers_mut().insert("content-length", 9.into());
        response
    }))
    .await;
    assert!(get(address, "GET /", "").await.ends_with("one two 3"));
    mock.finished(5).await;
    mock.assert_tree("GET (server)\n  frame\n  frame\n  frame\n  drop\n");
    check_ok(&mock.span("GET"), 200);
}

#[tokio::test]
async fn a_stream_of_exact_size_keeps_it_and_is_no_failure() {
    let mock = MockTracer::new();
    let address = serve(answering(&mock, |tracer| {
        plain(Body::new(Frames::new(tracer, &["one ", "two ", "3"], Then::Silence).announced(9)))
    }))
    .await;
    let answer = get(address, "GET /", "").await;
    assert!(answer.contains("content-length: 9\r\n") && answer.ends_with("one two 3"), "{answer}");
    mock.finished(5).await;
    check_ok(&mock.span("GET"), 200);
}

#[tokio::test]
async fn a_stream_that_the_client_leaves_is_aborted() {
    let mock = MockTracer::new();
    let address =
        serve(answering(&mock, |tracer| plain(Body::new(Frames::new(tracer, &["data: 1\n\n"], Then::Silence))))).await;
    let mut connection = Connection::request(address, "GET /", "accept: text/event-stream\r\n").await;
    connection.read_until("data: 1").await;
    mock.clock().advance(Duration::from_secs(3));
    drop(connection);
    mock.finished(3).await;
    mock.assert_tree("GET (server)\n  frame\n  drop\n");
    let span = mock.span("GET");
    check_left(&span, "aborted");
    assert_eq!(span.tag("http.status_code"), Some(Value::I64(200)));
    assert!(span.duration() >= Duration::from_secs(3), "the span lasts as long as the stream");
}

#[tokio::test]
async fn a_download_that_the_client_leaves_is_aborted() {
    let mock = MockTracer::new();
    let address = serve(answering(&mock, |tracer| {
        plain(Body::new(Frames::new(tracer, &["first"], Then::Silence).announced(1000)))
    }))
    .await;
    let mut connection = Connection::request(address, "GET /", "").await;
    connection.read_until("first").await;
    drop(connection);
    mock.finished(3).await;
    check_left(&mock.span("GET"), "aborted");
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_cancels() {
    struct Guard(Tracer);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.span("cleanup").start().finish();
        }
    }
    let mock = MockTracer::new();
    let (tracer, (begun, mut begins)) = (mock.tracer().clone(), mpsc::unbounded_channel());
    let address = serve(traced(
        &mock,
        Router::new().fallback(move || async move {
            let _guard = Guard(tracer);
            begun.send(()).unwrap();
            std::future::pending::<()>().await;
        }),
    ))
    .await;
    let connection = Connection::request(address, "GET /", "").await;
    begins.recv().await.unwrap();
    mock.clock().advance(Duration::from_secs(2));
    drop(connection);
    mock.finished(2).await;
    mock.assert_tree("GET (server)\n  cleanup\n");
    let span = mock.span("GET");
    check_left(&span, "cancelled");
    assert_eq!(span.tag("http.status_code"), None);
    assert!(span.duration() >= Duration::from_secs(2), "the span lasts as long as the client waited");
}

#[tokio::test]
async fn a_handler_that_panics_fails() {
    let mock = MockTracer::new();
    let address = serve(traced(
        &mock,
        Router::new().fallback(|| async {
            if std::hint::black_box(true) {
                panic!("the handler panics");
            }
        }),
    ))
    .await;
    assert_eq!(get(address, "GET /", "").await, "");
    let span = only_span(&mock).await;
    assert!(span.is_failed);
    assert_eq!((span.tag("http.outcome"), span.tag("http.status_code")), (None, None));
    assert_eq!(span.logs.len(), 1);
    assert_eq!(span.logs[0].field("event"), Some(Value::Str("error")));
    assert_eq!(span.logs[0].field("error.kind"), Some(Value::Str("panic")));
}

#[tokio::test]
async fn a_body_that_panics_fails() {
    let mock = MockTracer::new();
    let address = serve(answering(&mock, |tracer| plain(Body::new(Frames::new(tracer, &["one"], Then::Panic))))).await;
    get(address, "GET /", "").await;
    mock.finished(3).await;
    let span = mock.span("GET");
    assert!(span.is_failed);
    assert_eq!(span.tag("http.outcome"), None);
    assert_eq!(span.logs.len(), 1);
    assert_eq!(span.logs[0].field("error.kind"), Some(Value::Str("panic")));
}

#[tokio::test]
async fn a_body_that_fails_is_an_error() {
    let mock = MockTracer::new();
    let address = serve(answering(&mock, |tracer| plain(Body::new(Frames::new(tracer, &["one"], Then::Error))))).await;
    get(address, "GET /", "").await;
    mock.finished(3).await;
    mock.assert_tree("GET (server) !\n  frame\n  drop\n");
    let span = mock.span("GET");
    assert_eq!(span.logs.len(), 1);
    assert_eq!(span.logs[0].field("event"), Some(Value::Str("error")));
    assert_eq!(span.logs[0].field("error.kind"), Some(Value::Str("body")));
    assert_eq!(span.logs[0].field("message"), Some(Value::Str("reading http://disk.example/ failed")));
    assert_eq!(span.logs[0].field("error.object"), None);
}

#[tokio::test]
async fn an_upgrade_ends_with_its_empty_answer() {
    let mock = MockTracer::new();
    let address = serve(answering(&mock, |_| {
        let mut response = plain(Body::empty());
        *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().insert("connection", "upgrade".parse().unwrap());
        response.headers_mut().insert("upgrade", "websocket".parse().unwrap());
        response
    }))
    .await;
    let mut connection = Connection::request(address, "GET /", "upgrade: websocket\r\n").await;
    connection.read_until("101 Switching Protocols").await;
    let span = only_span(&mock).await;
    check_ok(&span, 101);
    assert_eq!(span.tag("http.upgrade"), Some(Value::Str("websocket")));
}

#[tokio::test]
async fn server_errors_fail_and_client_errors_do_not() {
    for (status, failed) in [(200, false), (302, false), (400, false), (404, false), (500, true), (503, true)] {
        let mock = MockTracer::new();
        let address = serve(answering(&mock, move |_| {
            let mut response = plain(Body::from("x"));
            *response.status_mut() = u16::try_from(status).unwrap().try_into().unwrap();
            response
        }))
        .await;
        get(address, "GET /", "").await;
        let span = only_span(&mock).await;
        assert_eq!(span.tag("http.status_code"), Some(Value::I64(status)));
        assert_eq!(span.is_failed, failed, "{status}");
    }
}

#[tokio::test]
async fn the_span_is_active_in_the_handler_over_its_awaits() {
    let mock = MockTracer::new();
    let (tracer, gate) = (mock.tracer().clone(), Arc::new(tokio::sync::Notify::new()));
    let opened = gate.clone();
    let router = Router::new()
        .route(
            "/wait",
            on_get(move || async move {
                let first = tracer.span("first").start();
                gate.notified().await;
                first.finish();
                tracer.span("second").start().finish();
                tracer.with_active(|span| {
                    span.set_tag("user", 7);
                });
            }),
        )
        .route(
            "/open",
            on_get(move || async move {
                opened.notify_one();
            }),
        );
    let address = serve(traced(&mock, router)).await;
    let waiting = Connection::request(address, "GET /wait", "").await;
    get(address, "GET /open", "").await;
    waiting.read_to_end().await;
    let spans = mock.finished(4).await;
    let server = spans.iter().find(|span| span.tag("user").is_some()).unwrap();
    for name in ["first", "second"] {
        assert_eq!(mock.span(name).parent_id, Some(server.context.span_id()));
    }
    assert_eq!(spans.iter().filter(|span| span.kind == SpanKind::Server).count(), 2);
}
