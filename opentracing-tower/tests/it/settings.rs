//! Settings of the server's layer: answers that stream for long, sizes, methods, errors.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::Request;
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use opentracing_core::http_rules::ErrorStatuses;
use opentracing_core::mock::MockTracer;
use opentracing_core::{RedDuration, Tracer, Value};
use opentracing_tower::{RequestSizeLayer, ResponseBody, TracingLayer, is_event_stream};
use tower_service::Service;

use crate::support::{Connection, Frames, Then, get, only_span, serve};

fn layer(mock: &MockTracer) -> TracingLayer {
    TracingLayer::with_tracer(mock.tracer().clone())
}

/// One answer for all requests.
fn answering(layer: TracingLayer, answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Router {
    Router::new().fallback(move || async move { answer() }).layer(layer)
}

fn stream(content_type: &'static str) -> Response {
    let mut response = Response::new(Body::new(Frames::new(&Tracer::noop(), &["data: 1\n\n"], Then::Silence)));
    response.headers_mut().insert("content-type", content_type.parse().unwrap());
    response
}

#[tokio::test]
async fn a_stream_of_events_may_end_with_its_head() {
    let mock = MockTracer::new();
    let layer = layer(&mock).end_at_head(is_event_stream);
    let address = serve(answering(layer, || stream("text/event-stream; charset=utf-8"))).await;
    let mut connection = Connection::request(address, "GET /", "").await;
    connection.read_until("data: 1").await;
    let span = only_span(&mock).await;
    assert_eq!(span.tag("http.status_code"), Some(Value::I64(200)));
    drop(connection);
    assert!(!get(address, "HEAD /", "").await.is_empty());
    let spans = mock.finished(2).await;
    assert!(spans.iter().all(|span| span.tag("http.outcome").is_none()), "{spans:?}");
}

#[tokio::test]
async fn other_answers_end_with_their_bodies_all_the_same() {
    let mock = MockTracer::new();
    let layer = layer(&mock).end_at_head(is_event_stream);
    let address = serve(answering(layer, || stream("text/event-streams"))).await;
    let mut connection = Connection::request(address, "GET /", "").await;
    connection.read_until("data: 1").await;
    assert_eq!(mock.finished_spans(), []);
    drop(connection);
    assert_eq!(only_span(&mock).await.tag("http.outcome"), Some(Value::Str("aborted")));
}

/// Answers with that many frames of three bytes, and then no more.
struct Streaming(usize);

impl Service<Request<()>> for Streaming {
    type Response = Response<Frames>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Frames::new(&Tracer::noop(), &vec!["one"; self.0], Then::End))))
    }
}

/// Reads the body of an answer, with that much time between its frames.
fn read(mock: &MockTracer, layer: &TracingLayer, frames: usize, between: Duration) {
    let cx = &mut Context::from_waker(Waker::noop());
    let mut future = layer.wrap(Streaming(frames)).call(Request::new(()));
    let Poll::Ready(Ok(response)) = Pin::new(&mut future).poll(cx) else { panic!("the answer is ready") };
    let mut body: ResponseBody<Frames> = response.into_body();
    loop {
        mock.clock().advance(between);
        match Pin::new(&mut body).poll_frame(cx) {
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(None) => return,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn progress_is_logged_at_intervals() {
    let mock = MockTracer::new();
    read(&mock, &layer(&mock).progress_logs(Duration::from_secs(10)), 5, Duration::from_secs(6));
    let span = &mock.finished_spans()[0];
    let logs: Vec<_> = span.logs.iter().map(|log| log.field("http.response.body.size")).collect();
    assert_eq!(logs, [Some(Value::U64(6)), Some(Value::U64(12))], "after 12 and 24 seconds");
    assert!(span.logs.iter().all(|log| log.field("event") == Some(Value::Str("progress"))));
    assert!(!span.is_failed);

    mock.reset();
    read(&mock, &layer(&mock), 5, Duration::from_secs(6));
    assert!(mock.finished_spans()[0].logs.is_empty(), "not unless asked for");
}

#[test]
fn progress_of_a_day_has_room() {
    let mock = MockTracer::new();
    read(&mock, &layer(&mock).progress_logs(Duration::from_secs(10)), 86_400, Duration::from_secs(1));
    let span = &mock.finished_spans()[0];
    assert!((70..100).contains(&span.logs.len()), "{}", span.logs.len());
    assert_eq!(span.truncated, 0);
}

#[tokio::test]
async fn sizes_are_told_on_request() {
    fn sizes(span: &opentracing_core::OwnedSpan) -> [Option<i64>; 2] {
        ["http.request.body.size", "http.response.body.size"].map(|key| match span.tag(key)? {
            Value::I64(bytes) => Some(bytes),
            other => panic!("{other:?}"),
        })
    }
    async fn check(line: &str, headers: &str, then: Then, expected: [Option<i64>; 2]) {
        let mock = MockTracer::new();
        let answer = move || Response::new(Body::new(Frames::new(&Tracer::noop(), &["one", "two"], then)));
        let address = serve(answering(layer(&mock).body_sizes(), answer)).await;
        let mut connection = Connection::request(address, line, headers).await;
        connection.read_until(if line.starts_with("HEAD") { "\r\n\r\n" } else { "two" }).await;
        drop(connection);
        assert_eq!(sizes(&only_span(&mock).await), expected, "{line} {headers}");
    }
    check("GET /", "", Then::End, [None, Some(6)]).await;
    check("POST /", "content-length: 5\r\n", Then::End, [Some(5), Some(6)]).await;
    check("POST /", "transfer-encoding: chunked\r\n", Then::End, [None, Some(6)]).await;
    check("GET /", "", Then::Silence, [None, Some(6)]).await;
    check("HEAD /", "", Then::End, [None, Some(0)]).await;

    let mock = MockTracer::new();
    get(serve(answering(layer(&mock).body_sizes(), || Response::new(Body::empty()))).await, "GET /", "").await;
    assert_eq!(sizes(&only_span(&mock).await), [None, Some(0)]);

    let mock = MockTracer::new();
    get(serve(answering(layer(&mock), || Response::new(Body::empty()))).await, "GET /", "content-length: 0\r\n").await;
    assert_eq!(sizes(&only_span(&mock).await), [None, None], "not unless asked for");
}

#[tokio::test]
async fn the_size_of_a_chunked_request_is_what_was_read() {
    async fn check(handler: axum::routing::MethodRouter, headers: &str, status: &str, expected: Option<i64>) {
        let mock = MockTracer::new();
        let router = Router::new().route("/", handler).layer(RequestSizeLayer::new()).layer(layer(&mock).body_sizes());
        let answer = get(serve(router).await, "POST /", headers).await;
        assert!(answer.contains(status), "{answer}");
        let size = only_span(&mock).await.tag("http.request.body.size").map(|size| size.to_string());
        assert_eq!(size, expected.map(|bytes| bytes.to_string()));
    }
    let reading = || axum::routing::post(|text: String| async move { text });
    // The headers end, and the chunks of the body follow. What is behind them belongs to no request.
    let chunked = "transfer-encoding: chunked\r\n\r\n3\r\none\r\n4\r\n two\r\n0\r\n";
    check(reading(), chunked, "one two", Some(7)).await;
    check(reading(), "content-length: 3\r\n\r\none", "one", Some(3)).await;
    check(reading(), "", "200 OK", None).await;
    check(axum::routing::post(|| async {}), chunked, "200 OK", None).await;
}

#[tokio::test]
async fn further_methods_can_be_known() {
    let mock = MockTracer::new();
    let layer = layer(&mock).known_method("PURGE").known_method("LINK");
    let address = serve(answering(layer, || Response::new(Body::empty()))).await;
    for method in ["PURGE", "LINK", "GET", "BREW"] {
        get(address, &format!("{method} /"), "").await;
    }
    mock.finished(4).await;
    mock.assert_tree("PURGE (server)\nLINK (server)\nGET (server)\n_OTHER (server)\n");
    assert_eq!(mock.span("PURGE").tag("http.request.method_original"), None);
}

#[tokio::test]
async fn errors_can_be_other_statuses() {
    for (status, failed) in [(429_u16, true), (404, false), (500, false), (503, true)] {
        let mock = MockTracer::new();
        let layer = layer(&mock).error_statuses(ErrorStatuses::OneOf(&[429..=429, 502..=599]));
        let answer = move || {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = status.try_into().unwrap();
            response
        };
        get(serve(answering(layer, answer)).await, "GET /", "").await;
        assert_eq!(only_span(&mock).await.is_failed, failed, "{status}");
    }
}

#[tokio::test]
async fn figures_may_go_by_the_time_to_the_head() {
    for (duration, expected) in [(RedDuration::Whole, 1_020), (RedDuration::ToHead, 20)] {
        let figures = opentracing_core::RedFigures::builder().duration(duration).build();
        let mock = MockTracer::with(|builder| builder.red(&figures));
        let clock = mock.clock().clone();
        let handler = move || async move {
            clock.advance(Duration::from_millis(20));
            Body::new(Full::<Bytes>::from("late").map_frame(move |frame| {
                clock.advance(Duration::from_secs(1));
                frame
            }))
        };
        get(serve(Router::new().fallback(handler).layer(layer(&mock))).await, "GET /", "").await;
        let span = only_span(&mock).await;
        let Some(Value::F64(to_head)) = span.tag("http.time_to_head_ms") else { panic!("a number: {span:?}") };
        assert!((20.0..21.0).contains(&to_head), "{to_head}");
        assert!(span.duration() >= Duration::from_millis(1_020), "the span itself lasts to the end");
        let red = figures.operation(opentracing_core::SpanKind::Server, "GET").unwrap();
        assert_eq!(red.duration.sum().as_millis(), expected, "{duration:?}");
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn figures_are_counted_by_route() {
    let figures = opentracing_core::RedFigures::new();
    let mock = MockTracer::with(|builder| builder.red(&figures));
    let failing = || async { http::StatusCode::SERVICE_UNAVAILABLE };
    let router = Router::new()
        .route("/users/{id}", axum::routing::get(|| async { "Ada" }).post(failing))
        .layer(layer(&mock).skip(|request| request.uri.path() == "/users/0"));
    let address = serve(router).await;
    for line in ["GET /users/0", "GET /users/7", "GET /users/8", "POST /users/9"] {
        get(address, line, "").await;
    }
    mock.finished(3).await;
    let red = |name| {
        let red = figures.operation(opentracing_core::SpanKind::Server, name)?;
        Some((red.requests, red.errors, red.duration.count()))
    };
    assert_eq!(red("GET /users/{id}"), Some((3, 0, 3)), "also the request that is not recorded");
    assert_eq!(red("POST /users/{id}"), Some((1, 1, 1)));
    assert_eq!(figures.operations().len(), 2);
}
