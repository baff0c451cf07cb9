//! What the span of a request that is made says, when it ends, and what goes out with the request.

use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentracing_core::http_rules::{ErrorStatuses, PeerServices};
use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, OwnedSpan, Span, SpanKind, Value};
use opentracing_tower::{
    HttpDecorator, OperationName, PeerServiceName, ResendCounter, TracingClientLayer, TracingClientService, Untraced,
    WithoutPropagation,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tower_service::Service;

use crate::support::only_span;

/// A server that answers one request with these bytes, and tells what it was asked.
struct Once {
    address: SocketAddr,
    asked: oneshot::Receiver<(String, TcpStream)>,
}

impl Once {
    async fn answering(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, (tell, asked)) = (listener.local_addr().unwrap(), oneshot::channel());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut request).await.unwrap();
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            // The connection stays open as long as somebody has it.
            let _ = tell.send((String::from_utf8(request).unwrap(), stream));
        });
        Once { address, asked }
    }

    fn uri(&self, path: &str) -> Uri {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    async fn request(self) -> String {
        self.asked.await.unwrap().0
    }
}

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

fn client(layer: TracingClientLayer) -> TracingClientService<Client<HttpConnector, Empty<Bytes>>> {
    layer.wrap(Client::builder(TokioExecutor::new()).build_http())
}

fn layer(mock: &MockTracer) -> TracingClientLayer {
    TracingClientLayer::with_tracer(mock.tracer().clone())
}

fn get(uri: Uri) -> Request<Empty<Bytes>> {
    Request::get(uri).body(Empty::new()).unwrap()
}

/// Makes one request to a server that gives this answer, and reads the body; returns the request and the span.
async fn ask(
    mock: &MockTracer,
    layer: TracingClientLayer,
    answer: &'static str,
    change: impl FnOnce(&mut Request<Empty<Bytes>>),
) -> (String, OwnedSpan) {
    let server = Once::answering(answer).await;
    let mut request = get(server.uri("/users/7?token=41"));
    change(&mut request);
    let response = client(layer).call(request).await.unwrap();
    let _ = response.into_body().collect().await;
    (server.request().await, only_span(mock).await)
}

#[tokio::test]
async fn the_span_describes_the_call() {
    let mock = MockTracer::new();
    let (_, span) = ask(&mock, layer(&mock), HELLO, |_| {}).await;
    assert_eq!((&*span.operation_name, span.kind), ("GET", SpanKind::Client));
    let mut tags: Vec<_> = span.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let time_to_head = tags.pop();
    tags.sort_unstable();
    let Some(Value::I64(port)) = span.tag("peer.port") else { panic!("the port is known") };
    assert_eq!(
        tags,
        [
            "component=http".to_owned(),
            "http.method=GET".to_owned(),
            "http.status_code=200".to_owned(),
            format!("http.url=http://127.0.0.1:{port}/users/7?token=<redacted>"),
            "network.protocol.version=1.1".to_owned(),
            "peer.ipv4=127.0.0.1".to_owned(),
            format!("peer.port={port}"),
        ]
    );
    assert!(time_to_head.is_some_and(|tag| tag.starts_with("http.time_to_head_ms=")));
    assert!(!span.is_failed && span.logs.is_empty());
}

#[tokio::test]
async fn the_context_goes_out_and_replaces_what_was_copied() {
    let mock = MockTracer::new();
    let server = Once::answering(HELLO).await;
    let mut request = get(server.uri("/"));
    for (name, value) in
        [("X-INSTANA-T", "9"), ("X-INSTANA-S", "9"), ("traceparent", "stale"), ("b3", "0"), ("accept", "*/*")]
    {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let tracer = mock.tracer().clone();
    let response = {
        let mut root = tracer.span("root").start();
        root.set_baggage_item("tenant", "acme");
        let mut client = client(layer(&mock));
        opentracing_core::InSpan::in_span(async move { client.call(request).await.unwrap() }, root).await
    };
    response.into_body().collect().await.unwrap();
    mock.finished(2).await;
    mock.assert_tree("root\n  GET (client)\n");
    let (span, request) = (mock.span("GET"), server.request().await);
    let (trace, id) = (span.context.trace_id(), span.context.span_id());
    for line in [
        format!("x-instana-t: {:016x}\r\n", trace.low()),
        format!("x-instana-s: {id}\r\n"),
        "x-instana-l: 1\r\n".to_owned(),
        format!("traceparent: 00-{trace}-{id}-01\r\n"),
        format!("x-b3-spanid: {id}\r\n"),
        "baggage: tenant=acme\r\n".to_owned(),
        "accept: */*\r\n".to_owned(),
    ] {
        assert!(request.contains(&line), "{line} is not in {request}");
    }
    assert!(
        !request.contains("stale") && !request.contains("\r\nb3:") && !request.contains("x-instana-t: 9"),
        "{request}"
    );
}

#[tokio::test]
async fn an_unsampled_trace_is_told_so_downstream() {
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::off()));
    let server = Once::answering(HELLO).await;
    let response = client(layer(&mock)).call(get(server.uri("/"))).await.unwrap();
    response.into_body().collect().await.unwrap();
    let request = server.request().await;
    assert!(request.contains("x-instana-l: 0\r\n") && request.contains("-00\r\n"), "{request}");
    assert_eq!(mock.finished_spans(), []);
}

#[tokio::test]
async fn hosts_that_are_not_admitted_get_no_headers_also_no_copied_ones() {
    let mock = MockTracer::new();
    let stale = |request: &mut Request<Empty<Bytes>>| {
        request.headers_mut().insert("x-instana-t", "9".parse().unwrap());
        request.headers_mut().insert("baggage", "tenant=acme".parse().unwrap());
        request.headers_mut().insert("accept", "*/*".parse().unwrap());
    };
    let (request, span) = ask(&mock, layer(&mock).propagate_to("*.acme.example".parse().unwrap()), HELLO, stale).await;
    for name in ["x-instana", "traceparent", "x-b3", "baggage"] {
        assert!(!request.contains(name), "{request}");
    }
    assert!(request.contains("accept: */*"));
    assert!(!span.is_failed, "the call is traced all the same");

    mock.reset();
    let (request, _) = ask(&mock, layer(&mock).propagate_to("127.0.0.1".parse().unwrap()), HELLO, stale).await;
    assert!(request.contains("x-instana-l: 1\r\n"), "{request}");
}

#[tokio::test]
async fn a_request_may_say_name_and_service() {
    let mock = MockTracer::new();
    let (_, span) = ask(&mock, layer(&mock).peer_service("by-client"), HELLO, |request| {
        request.extensions_mut().insert(OperationName("GET /users/{id}".into()));
        request.extensions_mut().insert(PeerServiceName("users".to_owned().into()));
    })
    .await;
    assert_eq!(&*span.operation_name, "GET /users/{id}");
    assert_eq!(span.tag("peer.service"), Some(Value::Str("users")));
    assert!(!span.is_peer_service_derived);

    mock.reset();
    let (_, span) = ask(&mock, layer(&mock).peer_service("by-client").component("hyper"), HELLO, |request| {
        request.extensions_mut().insert(OperationName(format!("GET /{}", "users").into()));
    })
    .await;
    assert_eq!(&*span.operation_name, "GET /users");
    assert_eq!(span.tag("peer.service"), Some(Value::Str("by-client")));
    assert_eq!(span.tag("component"), Some(Value::Str("hyper")));

    mock.reset();
    let services = PeerServices::new().with_host("127.0.0.1", "mapped").unwrap();
    let (_, span) = ask(&mock, layer(&mock).peer_services(services), HELLO, |request| {
        *request.method_mut() = Method::from_bytes(b"BREW").unwrap();
    })
    .await;
    assert_eq!(&*span.operation_name, "_OTHER");
    assert_eq!(span.tag("http.request.method_original"), Some(Value::Str("BREW")));
    assert_eq!(span.tag("peer.service"), Some(Value::Str("mapped")));
}

#[tokio::test]
async fn a_request_may_opt_out() {
    let mock = MockTracer::new();
    let stale = |request: &mut Request<Empty<Bytes>>| drop(request.headers_mut().insert("b3", "0".parse().unwrap()));
    let (request, _) = ask(&mock, layer(&mock), HELLO, |request| {
        stale(request);
        request.extensions_mut().insert(WithoutPropagation);
    })
    .await;
    assert!(request.contains("b3: 0\r\n") && !request.contains("traceparent"), "{request}");

    mock.reset();
    let server = Once::answering(HELLO).await;
    let mut request = get(server.uri("/"));
    stale(&mut request);
    request.extensions_mut().insert(Untraced);
    let response = client(layer(&mock)).call(request).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
    let request = server.request().await;
    assert!(request.contains("b3: 0\r\n") && !request.contains("traceparent"), "{request}");
    assert_eq!(mock.finished_spans(), []);
}

#[tokio::test]
async fn an_upgrade_ends_with_the_head_and_names_the_protocol() {
    let mock = MockTracer::new();
    let switching = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    let server = Once::answering(switching).await;
    let mut request = get(server.uri("/"));
    request.headers_mut().insert("connection", "upgrade".parse().unwrap());
    request.headers_mut().insert("upgrade", "echo".parse().unwrap());
    let response = client(layer(&mock)).call(request).await.unwrap();
    let upgrade = hyper::upgrade::on(response);
    let span = only_span(&mock).await;
    assert_eq!(span.tag("http.upgrade"), Some(Value::Str("echo")));
    assert_eq!((span.tag("http.outcome"), span.is_failed), (None, false));
    upgrade.await.unwrap();
}

#[tokio::test]
async fn what_a_decorator_says_goes_out_with_the_request() {
    struct Tenant;
    impl HttpDecorator for Tenant {
        fn on_request(&self, span: &mut Span, request: &http::request::Parts) {
            assert!(!request.headers.contains_key("traceparent"));
            span.set_baggage_item("tenant", "acme").set_operation_name("named");
        }
    }
    let mock = MockTracer::new();
    let (request, span) = ask(&mock, layer(&mock).decorator(Tenant), HELLO, |_| {}).await;
    assert!(request.contains("baggage: tenant=acme\r\n"), "{request}");
    assert_eq!(&*span.operation_name, "named");
}

#[tokio::test]
async fn server_errors_fail_and_client_errors_on_request() {
    async fn check(answer: &'static str, statuses: ErrorStatuses, failed: bool) {
        let mock = MockTracer::new();
        let (_, span) = ask(&mock, layer(&mock).error_statuses(statuses), answer, |_| {}).await;
        assert_eq!(span.is_failed, failed, "{answer}");
    }
    let (not_found, unavailable) =
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
    check(not_found, ErrorStatuses::default(), false).await;
    check(not_found, ErrorStatuses::ClientAndServerErrors, true).await;
    check(unavailable, ErrorStatuses::default(), true).await;
    check(HELLO, ErrorStatuses::ClientAndServerErrors, false).await;
}

#[tokio::test]
async fn each_attempt_is_a_span_with_its_number() {
    let (mock, counter) = (MockTracer::new(), ResendCounter::new());
    for resent in [None, Some(Value::I64(1)), Some(Value::I64(2))] {
        mock.reset();
        let (_, span) = ask(&mock, layer(&mock), HELLO, |request| {
            request.extensions_mut().insert(counter.clone());
        })
        .await;
        assert_eq!(span.tag("http.request.resend_count"), resent);
    }
}

#[tokio::test]
async fn a_refused_connection_is_an_error_that_says_why() {
    let mock = MockTracer::new();
    // Bound, so that nobody else is given the port, and not listening.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let uri = format!("http://me:pw@localhost:{}/", address.port()).parse().unwrap();
    let error = client(layer(&mock)).call(get(uri)).await.unwrap_err();
    assert!(error.is_connect(), "the error comes through as it is");
    let span = only_span(&mock).await;
    assert!(span.is_failed);
    assert_eq!((span.tag("http.status_code"), span.tag("http.outcome")), (None, None));
    assert_eq!(span.tag("peer.hostname"), Some(Value::Str("localhost")));
    assert_eq!(span.tag("peer.service"), None);
    let url = span.tag("http.url").unwrap().to_string();
    assert_eq!(url, format!("http://localhost:{}/", address.port()));
    assert_eq!(span.logs.len(), 1);
    assert_eq!(span.logs[0].field("event"), Some(Value::Str("error")));
    let kind = if cfg!(feature = "hyper-util") { "connect" } else { "service" };
    assert_eq!(span.logs[0].field("error.kind"), Some(Value::Str(kind)));
    assert_eq!(span.logs[0].field("message").unwrap().to_string(), error.to_string());
    let object = span.logs[0].field("error.object").unwrap().to_string();
    assert!(object.contains("ConnectionRefused"), "{object}");
}

/// Reaches nobody.
struct Unreachable;

impl Service<Request<()>> for Unreachable {
    type Response = http::Response<Empty<Bytes>>;
    type Error = String;
    type Future = Ready<Result<Self::Response, String>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        ready(Err(format!("no way to {}", request.uri())))
    }
}

#[tokio::test]
async fn the_name_of_the_host_is_the_service_and_marked() {
    let mock = MockTracer::new();
    let request = Request::get("https://shop.example/?key=41").body(()).unwrap();
    let error = layer(&mock).wrap(Unreachable).call(request).await.unwrap_err();
    assert_eq!(error, "no way to https://shop.example/?key=41", "the error comes through as it is");
    let span = only_span(&mock).await;
    assert_eq!(span.tag("peer.service"), Some(Value::Str("shop.example")));
    assert!(span.is_peer_service_derived);
    assert_eq!(span.tag("peer.hostname"), Some(Value::Str("shop.example")));
    assert_eq!(span.tag("peer.port"), Some(Value::I64(443)));
    let message = span.logs[0].field("message");
    assert_eq!(message, Some(Value::Str("no way to https://shop.example/?key=<redacted>")));
    assert_eq!(span.logs[0].field("error.object").unwrap().to_string(), format!("{:?}", message.unwrap().to_string()));
}

#[tokio::test]
async fn the_span_lasts_until_the_body_is_read() {
    let mock = MockTracer::new();
    let server = Once::answering("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n").await;
    let mut body = client(layer(&mock)).call(get(server.uri("/"))).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "one");
    assert_eq!(mock.finished_spans(), []);
    let (_, mut stream) = server.asked.await.unwrap();
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert!(body.frame().await.is_none());
    let span = only_span(&mock).await;
    assert!(!span.is_failed);
    assert_eq!(span.tag("http.outcome"), None);
}

#[tokio::test]
async fn an_answer_that_nobody_reads_to_its_end_is_aborted() {
    let mock = MockTracer::new();
    let server = Once::answering("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbegun").await;
    let mut body = client(layer(&mock)).call(get(server.uri("/"))).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "begun");
    drop(body);
    let span = only_span(&mock).await;
    assert!(!span.is_failed);
    assert_eq!(span.tag("http.outcome"), Some(Value::Str("aborted")));
}

#[tokio::test]
async fn a_connection_that_breaks_off_within_the_answer_is_an_error() {
    let mock = MockTracer::new();
    let server = Once::answering("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbegun").await;
    let body = client(layer(&mock)).call(get(server.uri("/"))).await.unwrap().into_body();
    drop(server.asked.await.unwrap());
    body.collect().await.unwrap_err();
    let span = only_span(&mock).await;
    assert!(span.is_failed);
    assert_eq!(span.logs[0].field("error.kind"), Some(Value::Str("body")));
}

#[tokio::test]
async fn a_request_that_is_dropped_is_cancelled() {
    let mock = MockTracer::new();
    let server = Once::answering("").await;
    let mut client = client(layer(&mock));
    let mut call = Box::pin(client.call(get(server.uri("/"))));
    let asked = tokio::select! {
        _ = &mut call => panic!("there is no answer"),
        asked = server.asked => asked.unwrap(),
    };
    drop(call);
    let span = only_span(&mock).await;
    assert!(!span.is_failed);
    assert_eq!(span.tag("http.outcome"), Some(Value::Str("cancelled")));
    assert!(asked.0.contains("x-instana-t: "));
}

#[tokio::test]
async fn an_answer_to_head_and_an_empty_one_end_the_span() {
    for (method, answer) in [
        (Method::HEAD, "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"),
        (Method::GET, "HTTP/1.1 204 No Content\r\n\r\n"),
        (Method::GET, "HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\n\r\n"),
    ] {
        let mock = MockTracer::new();
        let server = Once::answering(answer).await;
        let mut request = get(server.uri("/"));
        *request.method_mut() = method;
        drop(client(layer(&mock)).call(request).await.unwrap());
        let span = only_span(&mock).await;
        assert!(!span.is_failed);
        assert_eq!(span.tag("http.outcome"), None, "{answer}");
    }
}

#[tokio::test]
async fn a_relative_uri_is_completed_by_the_host_header() {
    let mock = MockTracer::new();
    let server = Once::answering(HELLO).await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (sender, connection) =
        hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut client = layer(&mock).propagate_to("shop.example:8080".parse().unwrap()).wrap(Sender(sender));
    let request = Request::get("/a?b=c").header("host", "shop.example:8080").body(Empty::new()).unwrap();
    client.call(request).await.unwrap().into_body().collect().await.unwrap();
    let span = only_span(&mock).await;
    assert_eq!(span.tag("http.url"), Some(Value::Str("http://shop.example:8080/a?b=c")));
    assert_eq!(span.tag("peer.hostname"), Some(Value::Str("shop.example")));
    assert_eq!(span.tag("peer.port"), Some(Value::I64(8080)));
    assert!(server.request().await.contains("x-instana-l: 1\r\n"));
}

/// A connection without a pool, as a service.
struct Sender(hyper::client::conn::http1::SendRequest<Empty<Bytes>>);

impl Service<Request<Empty<Bytes>>> for Sender {
    type Response = http::Response<hyper::body::Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, hyper::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Empty<Bytes>>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}
