//! The contract of tower services, of futures and of bodies.

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use opentracing_core::mock::MockTracer;
use opentracing_core::{SpanKind, Tracer, Value};
use opentracing_tower::{
    CountedBody, RequestSizeLayer, ResponseBody, ResponseFuture, Tracing, TracingClientLayer, TracingClientService,
    TracingLayer,
};
use tokio::sync::mpsc;
use tower::ServiceExt;
use tower_http::cors::CorsLayer;
use tower_http::timeout::TimeoutLayer;
use tower_layer::Layer;
use tower_service::Service;

use crate::support::{Frames, Then};

/// Fails when it is called without having been polled ready. A clone has not been.
struct Permit {
    is_ready: bool,
}

impl Clone for Permit {
    fn clone(&self) -> Self {
        Permit { is_ready: false }
    }
}

impl Service<Request<()>> for Permit {
    type Response = Response<Full<Bytes>>;
    type Error = &'static str;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(if std::mem::take(&mut self.is_ready) {
            Ok(Response::new(Full::from("served")))
        } else {
            Err("not ready")
        })
    }
}

async fn call_when_ready<S, B>(mut service: S)
where
    S: Service<Request<()>, Response = Response<B>, Error = &'static str> + Clone,
    B: Body<Data = Bytes, Error = Infallible>,
{
    for _ in 0..2 {
        poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
        let response = service.call(Request::new(())).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "served");
        service = service.clone();
    }
    assert!(matches!(service.call(Request::new(())).await, Err("not ready")), "the error comes through as it is");
}

#[tokio::test]
async fn the_service_that_was_polled_ready_is_called() {
    let mock = MockTracer::new();
    call_when_ready(TracingLayer::with_tracer(mock.tracer().clone()).layer(Permit { is_ready: false })).await;
    mock.assert_tree("GET (server)\nGET (server)\nGET (server) !\n");
    mock.reset();
    call_when_ready(TracingClientLayer::with_tracer(mock.tracer().clone()).layer(Permit { is_ready: false })).await;
    mock.assert_tree("GET (client)\nGET (client)\nGET (client) !\n");
    let spans = mock.finished_spans();
    assert_eq!(spans[2].logs[0].field("error.kind"), Some(Value::Str("service")));
    assert_eq!(spans[2].logs[0].field("message"), Some(Value::Str("not ready")));
}

/// Begins its work when it is called, not when it is polled.
#[derive(Clone)]
struct Eager(Tracer);

impl Service<Request<()>> for Eager {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        self.0.span("eager").start().finish();
        ready(Ok(Response::new(Full::default())))
    }
}

#[test]
fn the_span_is_active_in_the_call() {
    let mock = MockTracer::new();
    let mut service = TracingLayer::with_tracer(mock.tracer().clone()).wrap(Eager(mock.tracer().clone()));
    drop(service.call(Request::new(())));
    mock.assert_tree("GET (server)\n  eager\n");
    assert_eq!(mock.finished_spans()[1].tag("http.outcome"), Some(Value::Str("cancelled")), "nobody polled it");
}

#[test]
fn the_active_span_is_no_parent_of_a_served_request() {
    let mock = MockTracer::new();
    let mut service = TracingLayer::with_tracer(mock.tracer().clone()).wrap(Eager(mock.tracer().clone()));
    let scope = mock.tracer().span("accepting").start_active();
    drop(service.call(Request::new(())));
    scope.close();
    mock.assert_tree("accepting\nGET (server)\n  eager\n");
}

/// Answers at once with what the closure makes.
struct Answer<F>(F);

impl<F, B> Service<Request<()>> for Answer<F>
where
    F: Fn() -> B,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new((self.0)())))
    }
}

/// The body that the traced service answers with.
fn answer<B: Body>(mock: &MockTracer, method: Method, body: impl Fn() -> B) -> ResponseBody<B> {
    let mut service = TracingLayer::with_tracer(mock.tracer().clone()).wrap(Answer(body));
    let mut request = Request::new(());
    *request.method_mut() = method;
    match Pin::new(&mut service.call(request)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response.into_body(),
        Poll::Pending => panic!("the answer is ready"),
    }
}

#[test]
fn size_hint_and_end_are_those_of_the_wrapped_body() {
    let mock = MockTracer::new();
    let empty = answer(&mock, Method::GET, Empty::<Bytes>::new);
    assert!(empty.is_end_stream());
    assert_eq!(empty.size_hint().exact(), Some(0));
    assert_eq!(mock.finished_spans().len(), 1, "there is nothing to wait for");

    let mut full = answer(&mock, Method::GET, || Full::<Bytes>::from("hello"));
    assert!(!full.is_end_stream());
    assert_eq!(full.size_hint().exact(), Some(5));
    assert_eq!(mock.finished_spans().len(), 1);
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(matches!(Pin::new(&mut full).poll_frame(cx), Poll::Ready(Some(Ok(_)))));
    assert_eq!(mock.finished_spans().len(), 2, "the last frame is the end");
    assert!(full.is_end_stream());
    assert_eq!(full.size_hint().exact(), Some(0));
    assert!(matches!(Pin::new(&mut full).poll_frame(cx), Poll::Ready(None)));
    drop((empty, full));
    assert_eq!(mock.finished_spans().len(), 2, "a span finishes once");
}

#[test]
fn a_tunnel_has_no_body() {
    let mock = MockTracer::new();
    drop(answer(&mock, Method::CONNECT, || Full::<Bytes>::from("never sent")));
    drop(answer(&mock, Method::POST, || Full::<Bytes>::from("never sent")));
    let outcomes: Vec<_> = mock.finished_spans().iter().map(|span| span.tag("http.outcome").is_some()).collect();
    assert_eq!(outcomes, [false, true]);
}

/// Panics when it is polled.
struct Panics;

impl Future for Panics {
    type Output = Result<Response<Empty<Bytes>>, Infallible>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        panic!("the future panics")
    }
}

impl Service<Request<()>> for Panics {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Panics;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Panics {
        Panics
    }
}

#[test]
fn a_panic_that_is_caught_before_the_drop_is_still_a_panic() {
    #[track_caller]
    fn check(mock: &MockTracer) {
        let span = mock.span("GET");
        assert!(span.is_failed);
        assert_eq!(span.tag("http.outcome"), None);
        assert_eq!(span.logs.len(), 1);
        assert_eq!(span.logs[0].field("error.kind"), Some(Value::Str("panic")));
    }
    let cx = &mut Context::from_waker(Waker::noop());
    let mock = MockTracer::new();
    let mut future = TracingLayer::with_tracer(mock.tracer().clone()).wrap(Panics).call(Request::new(()));
    catch_unwind(AssertUnwindSafe(|| Pin::new(&mut future).poll(cx).is_ready())).unwrap_err();
    drop(future);
    check(&mock);

    let mock = MockTracer::new();
    let mut body = answer(&mock, Method::GET, || Frames::new(mock.tracer(), &[], Then::Panic));
    catch_unwind(AssertUnwindSafe(|| Pin::new(&mut body).poll_frame(cx).is_ready())).unwrap_err();
    drop(body);
    check(&mock);
}

/// Reads the first piece of a request in the call, and panics there.
struct PanicsInCall;

impl<B: Body + Unpin> Service<Request<B>> for PanicsInCall {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let _ = Pin::new(request.body_mut()).poll_frame(&mut Context::from_waker(Waker::noop()));
        panic!("the service panics in its call")
    }
}

#[test]
fn a_panic_in_the_call_ends_the_span_as_one_in_a_poll_does() {
    let request = || Request::new(Full::<Bytes>::from("hello"));
    let mock = MockTracer::new();
    let counted = RequestSizeLayer::new().layer(PanicsInCall);
    let mut server = TracingLayer::with_tracer(mock.tracer().clone()).body_sizes().wrap(counted);
    catch_unwind(AssertUnwindSafe(|| drop(server.call(request())))).unwrap_err();
    let mut client = TracingClientLayer::with_tracer(mock.tracer().clone()).wrap(PanicsInCall);
    catch_unwind(AssertUnwindSafe(|| drop(client.call(request())))).unwrap_err();
    mock.assert_tree("GET (server) !\nGET (client) !\n");
    for span in mock.finished_spans() {
        assert_eq!(span.tag("http.outcome"), None);
        assert_eq!(span.logs.len(), 1);
        assert_eq!(span.logs[0].field("error.kind"), Some(Value::Str("panic")));
        let size = (span.kind == SpanKind::Server).then_some(Value::I64(5));
        assert_eq!(span.tag("http.request.body.size"), size, "what became known before the panic");
    }
}

#[test]
fn types_are_send_and_the_wrapped_service_is_within_reach() {
    fn send<T: Send>() {}
    fn sync<T: Send + Sync + Clone + std::fmt::Debug>() {}
    sync::<TracingLayer>();
    sync::<TracingClientLayer>();
    sync::<Tracing<()>>();
    sync::<TracingClientService<()>>();
    send::<ResponseFuture<Ready<()>>>();
    send::<ResponseBody<Full<Bytes>>>();

    let mut server = Tracing::new(1);
    *server.get_mut() += 1;
    assert_eq!((*server.get_ref(), server.into_inner()), (2, 2));
    let mut client = TracingClientService::new(1);
    *client.get_mut() += 1;
    assert_eq!((*client.get_ref(), client.into_inner()), (2, 2));
}

/// Answers with a body that never ends.
#[derive(Clone)]
struct Endless {
    tracer: Tracer,
    begun: mpsc::UnboundedSender<()>,
}

impl Service<Request<hyper::body::Incoming>> for Endless {
    type Response = Response<Frames>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Frames>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<hyper::body::Incoming>) -> Self::Future {
        let Endless { tracer, begun } = self.clone();
        Box::pin(async move {
            begun.send(()).unwrap();
            if request.uri().path() == "/never" {
                std::future::pending::<()>().await;
            }
            Ok(Response::new(Frames::new(&tracer, &["one"], Then::Silence)))
        })
    }
}

#[tokio::test]
async fn an_http2_reset_is_a_client_that_left() {
    let mock = MockTracer::new();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let service =
        TracingLayer::with_tracer(mock.tracer().clone()).wrap(Endless { tracer: mock.tracer().clone(), begun });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).await
    });
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = |path: &str| Request::get(format!("http://shop.example{path}")).body(Empty::<Bytes>::new()).unwrap();

    let mut body = client.send_request(request("/stream")).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "one");
    drop(body);
    mock.finished(3).await;
    mock.assert_tree("GET (server)\n  frame\n  drop\n");
    assert_eq!(mock.span("GET").tag("http.outcome"), Some(Value::Str("aborted")));
    assert_eq!(mock.span("GET").tag("http.url"), Some(Value::Str("http://shop.example/stream")));

    mock.reset();
    begins.recv().await.unwrap();
    let mut pending = Box::pin(client.send_request(request("/never")));
    poll_fn(|cx| {
        assert!(pending.as_mut().poll(cx).is_pending());
        begins.poll_recv(cx)
    })
    .await
    .unwrap();
    drop(pending);
    let spans = mock.finished(1).await;
    assert_eq!(spans[0].kind, SpanKind::Server);
    assert_eq!(spans[0].tag("http.outcome"), Some(Value::Str("cancelled")));
}

#[tokio::test(start_paused = true)]
async fn fits_under_layers_that_answer_with_an_empty_body() {
    let mock = MockTracer::new();
    let handler = tower::service_fn(|request: Request<CountedBody<Empty<Bytes>>>| async move {
        if request.uri().path() == "/slow" {
            std::future::pending::<()>().await;
        }
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("served")))
    });
    let app = tower::ServiceBuilder::new()
        .layer(CorsLayer::permissive())
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(1)))
        .layer(TracingLayer::with_tracer(mock.tracer().clone()))
        .layer(RequestSizeLayer::new())
        .service(handler);
    let ask = async |method: Method, path: &str| {
        let request = Request::builder().method(method).uri(path).header("origin", "https://shop.example");
        let request = request.header("access-control-request-method", "GET").body(Empty::<Bytes>::new()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        (response.status().as_u16(), response.into_body().collect().await.unwrap().to_bytes())
    };
    assert_eq!(ask(Method::OPTIONS, "/").await, (200, Bytes::new()));
    assert_eq!(ask(Method::GET, "/").await, (200, Bytes::from("served")));
    assert_eq!(ask(Method::GET, "/slow").await, (408, Bytes::new()));
    let spans = mock.finished_spans();
    let ends: Vec<_> = spans.iter().map(|span| span.tag("http.outcome").map(|value| value.to_string())).collect();
    assert_eq!(ends, [None, Some("cancelled".to_owned())]);
}
