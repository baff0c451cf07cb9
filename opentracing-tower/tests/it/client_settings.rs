//! Settings of the client's layer that the server's layer has, too.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use http_body::Body;
use opentracing_core::mock::MockTracer;
use opentracing_core::{Tracer, Value};
use opentracing_tower::{
    CallerContext, ResendCounter, ResponseBody, TracingClientLayer, TracingRequestExt, is_event_stream,
};
use tower_service::Service;

use crate::support::{Frames, Then};

/// Stands for a client: answers at once with two frames, and keeps the headers that it was given.
#[derive(Clone, Default)]
struct Answers {
    sent: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Service<Request<()>> for Answers {
    type Response = Response<Frames>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        self.sent.lock().unwrap().push(request.headers().clone());
        let mut response = Response::new(Frames::new(&Tracer::noop(), &["one", "two"], Then::End));
        if let Some(accepted) = request.headers().get("accept") {
            response.headers_mut().insert("content-type", accepted.clone());
        }
        ready(Ok(response))
    }
}

fn layer(mock: &MockTracer) -> TracingClientLayer {
    TracingClientLayer::with_tracer(mock.tracer().clone())
}

fn send(
    client: &mut impl Service<Request<()>, Response = Response<ResponseBody<Frames>>, Error = Infallible, Future: Unpin>,
    request: Request<()>,
) -> ResponseBody<Frames> {
    match Pin::new(&mut client.call(request)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response.into_body(),
        _ => panic!("the response is ready"),
    }
}

fn read_frame(body: &mut ResponseBody<Frames>) -> bool {
    match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame.is_some(),
        Poll::Pending => panic!("the frame is ready"),
    }
}

fn get(path: &str) -> Request<()> {
    Request::get(format!("http://shop.example{path}")).body(()).unwrap()
}

#[test]
fn a_skipped_request_is_not_recorded_and_carries_the_decision() {
    let (mock, client) = (MockTracer::new(), Answers::default());
    let mut traced = layer(&mock).skip(|request| request.uri.path() == "/health").wrap(client.clone());
    drop(send(&mut traced, get("/health")));
    assert!(mock.finished_spans().is_empty());
    let traceparent = client.sent.lock().unwrap()[0]["traceparent"].clone();
    assert!(traceparent.to_str().unwrap().ends_with("-00"), "{traceparent:?}");
    drop(send(&mut traced, get("/")));
    assert_eq!(mock.finished_spans().len(), 1);
}

#[test]
fn further_methods_can_be_known() {
    let mock = MockTracer::new();
    let mut traced = layer(&mock).known_method("PURGE").wrap(Answers::default());
    for method in ["PURGE", "BREW"] {
        drop(send(&mut traced, Request::builder().method(method).body(()).unwrap()));
    }
    mock.assert_tree("PURGE (client)\n_OTHER (client)\n");
}

#[test]
fn a_stream_may_end_with_its_head() {
    let mock = MockTracer::new();
    let mut traced = layer(&mock).end_at_head(is_event_stream).wrap(Answers::default());
    let events = Request::get("http://shop.example/").header("accept", "text/event-stream").body(()).unwrap();
    let body = send(&mut traced, events);
    assert_eq!(mock.finished_spans().len(), 1);
    drop(body);
    let other = send(&mut traced, get("/"));
    assert_eq!(mock.finished_spans().len(), 1);
    drop(other);
}

#[test]
fn sizes_are_recorded_on_request() {
    let sizes = |layer: TracingClientLayer, mock: &MockTracer| {
        let request = Request::post("http://shop.example/").header("content-length", "5").body(()).unwrap();
        let mut body = send(&mut layer.wrap(Answers::default()), request);
        while read_frame(&mut body) {}
        let span = mock.span("POST");
        ["http.request.body.size", "http.response.body.size"].map(|key| span.tag(key).map(|size| size.to_string()))
    };
    let mock = MockTracer::new();
    assert_eq!(sizes(layer(&mock).body_sizes(), &mock), [Some("5".to_owned()), Some("6".to_owned())]);
    let mock = MockTracer::new();
    assert_eq!(sizes(layer(&mock), &mock), [None, None]);
}

#[test]
fn progress_is_logged_on_request() {
    let mock = MockTracer::new();
    let mut traced = layer(&mock).progress_logs(Duration::from_secs(1)).wrap(Answers::default());
    let mut body = send(&mut traced, get("/"));
    mock.clock().advance(Duration::from_secs(2));
    assert!(read_frame(&mut body));
    drop(body);
    let span = mock.span("GET");
    assert_eq!(span.logs[0].field("event"), Some(Value::Str("progress")));
    assert_eq!(span.logs[0].field("http.response.body.size"), Some(Value::U64(3)));
}

#[test]
fn a_request_has_short_names_for_its_settings() {
    let (mock, answers) = (MockTracer::new(), Answers::default());
    let mut traced = layer(&mock).wrap(answers.clone());
    let caller = mock.tracer().span("caller").start();
    let builder = Request::get("http://10.0.0.7/users/42").operation_name("GET /users/{id}").peer_service("users");
    drop(send(&mut traced, builder.body(()).unwrap()));
    let request = get("/users/42").operation_name("GET /users/{id}").caller(CallerContext::of(&caller));
    drop(send(&mut traced, request.without_propagation()));
    drop(send(&mut traced, get("/").untraced()));
    let counter = ResendCounter::new();
    drop(send(&mut traced, get("/").resend_counter(&counter)));
    assert_eq!(counter.count(), 1);
    caller.finish();
    mock.assert_tree("caller\n  GET /users/{id} (client)\nGET /users/{id} (client)\nGET (client)\n");
    let spans = mock.finished_spans();
    assert_eq!(spans[0].tag("peer.service"), Some(Value::Str("users")));
    let sent = answers.sent.lock().unwrap();
    let traced: Vec<_> = sent.iter().map(|headers| headers.contains_key("traceparent")).collect();
    assert_eq!(traced, [true, false, false, true]);
}
