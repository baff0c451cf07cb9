//! Hooks on the way of a request.

use std::sync::{Arc, Mutex};

use axum::Router;
use http::{HeaderName, request, response};
use opentracing_core::mock::MockTracer;
use opentracing_core::{Span, Value, tags};
use opentracing_tower::{HeaderTags, HttpDecorator, HttpFailure, TracingLayer};

use crate::support::{Connection, Frames, Then, get, only_span, serve, with_body};

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Recorder {
    fn note(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }

    fn notes(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl HttpDecorator for Recorder {
    fn on_request(&self, span: &mut Span, request: &request::Parts) {
        span.set_operation_name("renamed").set_tag("seen", true);
        self.note(format!("request {}", request.uri));
    }

    fn on_response(&self, span: &mut Span, response: &response::Parts) {
        span.set(tags::ERROR, response.status == 404);
        self.note(format!("response {}", response.status));
    }

    fn on_error(&self, _: &mut Span, failure: &HttpFailure<'_>) {
        self.note(match failure {
            HttpFailure::Body(error) => format!("body {error} {error:?}"),
            other => format!("{other:?}"),
        });
    }
}

fn layer(mock: &MockTracer, decorator: &Recorder) -> TracingLayer {
    TracingLayer::with_tracer(mock.tracer().clone()).decorator(decorator.clone())
}

#[tokio::test]
async fn decorators_see_request_and_response_and_have_the_last_word() {
    let (mock, recorder) = (MockTracer::new(), Recorder::default());
    let address = serve(Router::new().layer(layer(&mock, &recorder))).await;
    get(address, "GET /a?b=c", "").await;
    let span = only_span(&mock).await;
    assert_eq!(&*span.operation_name, "renamed");
    assert_eq!(span.tag("seen"), Some(Value::Bool(true)));
    assert!(span.is_failed);
    assert_eq!(recorder.notes(), ["request /a?b=c", "response 404 Not Found"]);
}

#[tokio::test]
async fn decorators_see_failures_once() {
    for (then, expected) in [
        (Then::Error, "body reading http://me:pw@disk.example/ failed Error { inner: BrokenBody }"),
        (Then::Silence, "Aborted"),
    ] {
        let (mock, recorder) = (MockTracer::new(), Recorder::default());
        let tracer = mock.tracer().clone();
        let handler = move || async move { with_body(axum::body::Body::new(Frames::new(&tracer, &["one"], then))) };
        let address = serve(Router::new().fallback(handler).layer(layer(&mock, &recorder))).await;
        let mut connection = Connection::request(address, "GET /", "").await;
        if then == Then::Silence {
            connection.read_until("one").await;
            drop(connection);
        } else {
            // Of an answer that fails at once nothing need be sent.
            connection.read_to_end().await;
        }
        mock.finished(3).await;
        assert_eq!(recorder.notes(), ["request /", "response 200 OK", expected]);
    }
}

#[tokio::test]
async fn decorators_are_not_asked_about_panics() {
    let (mock, recorder) = (MockTracer::new(), Recorder::default());
    let handler = || async {
        if std::hint::black_box(true) {
            panic!("the handler panics");
        }
    };
    let address = serve(Router::new().fallback(handler).layer(layer(&mock, &recorder))).await;
    get(address, "GET /", "").await;
    assert!(only_span(&mock).await.is_failed);
    assert_eq!(recorder.notes(), ["request /"]);
}

#[tokio::test]
async fn decorators_run_for_unsampled_requests_and_may_keep_them() {
    struct Keep;
    impl HttpDecorator for Keep {
        fn on_request(&self, span: &mut Span, request: &request::Parts) {
            if request.uri.path() == "/keep" {
                span.set(tags::SAMPLING_PRIORITY, 1);
            }
        }
    }
    let mock = MockTracer::new();
    let router = Router::new().fallback(|| async {});
    let address = serve(router.layer(TracingLayer::with_tracer(mock.tracer().clone()).decorator(Keep))).await;
    get(address, "GET /keep", "X-INSTANA-L: 0\r\n").await;
    get(address, "GET /drop", "X-INSTANA-L: 0\r\n").await;
    let span = only_span(&mock).await;
    assert_eq!(span.tag("http.status_code"), Some(Value::I64(200)));
}

#[tokio::test]
async fn named_headers_become_tags() {
    let mock = MockTracer::new();
    let headers = HeaderTags::new()
        .request(HeaderName::from_static("x-tenant"))
        .request(HeaderName::from_static("x-list"))
        .request(HeaderName::from_static("x-absent"))
        .response(HeaderName::from_static("x-cache"));
    let handler = || async { [("x-cache", "hit"), ("x-other", "no")] };
    let layer = TracingLayer::with_tracer(mock.tracer().clone()).decorator(headers);
    let address = serve(Router::new().fallback(handler).layer(layer)).await;
    get(address, "GET /", "X-Tenant: acme\r\nx-list: a\r\nx-list: b\r\nx-list: c\r\nx-other: no\r\n").await;
    let span = only_span(&mock).await;
    let captured: Vec<_> = span.tags.iter().filter(|(key, _)| key.contains("header")).collect();
    let captured: Vec<_> = captured.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(
        captured,
        ["http.request.header.x-tenant=acme", "http.request.header.x-list=a, b, c", "http.response.header.x-cache=hit"]
    );
}
