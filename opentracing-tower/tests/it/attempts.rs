//! What is sent several times: each attempt is a span of its own, and trace headers do not follow a redirect to another host.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, OwnedSpan, Value};
use opentracing_tower::{CountResends, CountResendsLayer, ResendCounter, TracingClientLayer, TracingClientService};
use tower::retry::{Policy, Retry};
use tower::{Service, ServiceExt};
use tower_http::follow_redirect::FollowRedirect;

use crate::support::serve;

/// Answers by the number of the request, and remembers the headers of each.
#[derive(Clone, Default)]
struct Server {
    received: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Server {
    async fn start(answer: impl Fn(usize) -> Response + Clone + Send + Sync + 'static) -> (Self, SocketAddr) {
        let server = Server::default();
        let received = server.received.clone();
        let handler = tower::service_fn(move |request: Request<Body>| {
            let mut received = received.lock().unwrap();
            received.push(request.headers().clone());
            ready(Ok::<_, Infallible>(answer(received.len())))
        });
        (server, serve(Router::new().fallback_service(handler)).await)
    }

    /// Whether each request had trace headers, and whether it had baggage.
    fn traced(&self) -> Vec<(bool, bool)> {
        let received = self.received.lock().unwrap();
        let traced = |headers: &HeaderMap| {
            let trace = ["traceparent", "x-instana-t", "x-b3-traceid"].map(|name| headers.contains_key(name));
            assert!(trace.iter().all(|there| *there == trace[0]), "{headers:?}");
            (trace[0], headers.contains_key("baggage"))
        };
        received.iter().map(traced).collect()
    }
}

fn empty(status: u16) -> Response {
    Response::builder().status(status).body(Body::empty()).unwrap()
}

fn redirect(location: String) -> Response {
    Response::builder().status(StatusCode::FOUND).header("location", location).body(Body::empty()).unwrap()
}

/// Sends again what was answered with 503.
#[derive(Clone)]
struct WhenBusy;

impl<Q: Clone, B, E> Policy<Request<Q>, http::Response<B>, E> for WhenBusy {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Request<Q>, result: &mut Result<http::Response<B>, E>) -> Option<Ready<()>> {
        let answer = result.as_ref().ok()?;
        (answer.status() == StatusCode::SERVICE_UNAVAILABLE).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<Q>) -> Option<Request<Q>> {
        Some(request.clone())
    }
}

type Http = TracingClientService<Client<HttpConnector, Empty<Bytes>>>;

fn client(mock: &MockTracer) -> Http {
    let client = Client::builder(TokioExecutor::new()).build_http();
    TracingClientLayer::with_tracer(mock.tracer().clone()).wrap(client)
}

fn get(uri: String) -> Request<Empty<Bytes>> {
    Request::get(uri).body(Empty::new()).unwrap()
}

/// Sends the request, and gives the spans of all its attempts in their order.
async fn send<S, B>(mock: &MockTracer, service: S, request: Request<Empty<Bytes>>, attempts: usize) -> Vec<OwnedSpan>
where
    S: Service<Request<Empty<Bytes>>, Response = http::Response<B>>,
    S::Error: std::fmt::Debug,
    B: http_body::Body<Error: std::fmt::Debug>,
{
    let mut caller = mock.tracer().span("caller").start();
    caller.set_baggage_item("tenant", "acme");
    async { service.oneshot(request).await.unwrap().into_body().collect().await.unwrap() }.in_span(caller).await;
    let mut spans = mock.finished(attempts + 1).await;
    assert_eq!(spans.len(), attempts + 1);
    spans.retain(|span| &*span.operation_name != "caller");
    spans
}

fn resend_counts(spans: &[OwnedSpan]) -> Vec<Option<Value<'_>>> {
    spans.iter().map(|span| span.tag("http.request.resend_count")).collect()
}

#[tokio::test]
async fn behind_a_retry_each_attempt_is_a_span_with_its_number() {
    let mock = MockTracer::new();
    let (server, address) = Server::start(|number| empty(if number < 3 { 503 } else { 200 })).await;
    let service = CountResendsLayer::new();
    let service = tower::Layer::layer(&service, Retry::new(WhenBusy, client(&mock)));
    let spans = send(&mock, service, get(format!("http://{address}/")), 3).await;
    assert_eq!(resend_counts(&spans), [None, Some(Value::I64(1)), Some(Value::I64(2))]);
    assert_eq!(spans.iter().map(|span| span.is_failed).collect::<Vec<_>>(), [true, true, false]);
    mock.assert_tree("caller\n  GET (client) !\n  GET (client) !\n  GET (client)");
    let sent: Vec<_> = {
        let received = server.received.lock().unwrap();
        received.iter().map(|headers| headers["x-b3-spanid"].to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(sent, spans.iter().map(|span| span.context.span_id().to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_request_of_one_attempt_has_no_number() {
    let mock = MockTracer::new();
    let (_, address) = Server::start(|_| empty(200)).await;
    let service = CountResends::new(Retry::new(WhenBusy, client(&mock)));
    for _ in 0..2 {
        let spans = send(&mock, service.clone(), get(format!("http://{address}/")), 1).await;
        assert_eq!(resend_counts(&spans), [None]);
        mock.reset();
    }
}

#[tokio::test]
async fn a_loop_by_hand_counts_with_a_counter_of_its_own() {
    let mock = MockTracer::new();
    let (_, address) = Server::start(|_| empty(200)).await;
    let counter = ResendCounter::new();
    for resent in [None, Some(Value::I64(1))] {
        let mut request = get(format!("http://{address}/"));
        request.extensions_mut().insert(counter.clone());
        let spans = send(&mock, CountResends::new(client(&mock)), request, 1).await;
        assert_eq!(resend_counts(&spans), [resent], "the layer keeps the counter that is there");
        mock.reset();
    }
    assert_eq!(counter.count(), 2);
}

#[tokio::test]
async fn each_hop_of_a_redirect_is_a_span_with_its_number() {
    let mock = MockTracer::new();
    let (server, address) =
        Server::start(|number| if number == 1 { redirect("/elsewhere".to_owned()) } else { empty(200) }).await;
    let service = CountResends::new(FollowRedirect::new(client(&mock)));
    let spans = send(&mock, service, get(format!("http://{address}/")), 2).await;
    assert_eq!(resend_counts(&spans), [None, Some(Value::I64(1))]);
    let status = |span: &OwnedSpan| span.tag("http.status_code").unwrap().to_string();
    assert_eq!(spans.iter().map(status).collect::<Vec<_>>(), ["302", "200"]);
    assert_eq!(server.traced(), [(true, true), (true, true)], "it is the same host");
}

#[tokio::test]
async fn a_redirect_to_another_host_gets_neither_trace_headers_nor_baggage() {
    let mock = MockTracer::new();
    let (home, home_address) = Server::start(|_| empty(200)).await;
    let (other, other_address) = {
        let port = home_address.port();
        Server::start(move |_| redirect(format!("http://127.0.0.1:{port}/back"))).await
    };
    let port = other_address.port();
    let (first, first_address) = Server::start(move |_| redirect(format!("http://localhost:{port}/"))).await;

    let service = CountResends::new(FollowRedirect::new(client(&mock)));
    let spans = send(&mock, service, get(format!("http://{first_address}/")), 3).await;
    assert_eq!(first.traced(), [(true, true)]);
    assert_eq!(other.traced(), [(false, false)]);
    assert_eq!(home.traced(), [(false, false)], "the redirect back comes from an untrusted host");
    assert_eq!(resend_counts(&spans), [None, Some(Value::I64(1)), Some(Value::I64(2))]);
}

#[tokio::test]
async fn a_retry_at_another_server_of_the_service_keeps_its_headers() {
    let mock = MockTracer::new();
    let (server, address) = Server::start(|_| empty(503)).await;
    let counter = ResendCounter::new();
    for host in ["127.0.0.1", "localhost"] {
        let mut request = get(format!("http://{host}:{}/", address.port()));
        request.extensions_mut().insert(counter.clone());
        send(&mock, client(&mock), request, 1).await;
        mock.reset();
    }
    assert_eq!(server.traced(), [(true, true), (true, true)]);
}
