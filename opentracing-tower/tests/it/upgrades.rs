//! Connections that go on after their request: tunnels, web sockets, streams of events.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use futures_util::SinkExt;
use http::{Method, StatusCode};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentracing_core::mock::MockTracer;
use opentracing_core::{ConnectionTrace, InSpan, OwnedSpan, ReferenceKind, SpanKind, Tracer, Value};
use opentracing_tower::{TracingClientLayer, TracingLayer, is_event_stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::StreamExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::Role;
use tower::{Service, ServiceExt};

use crate::support::serve;

fn layer(mock: &MockTracer) -> TracingLayer {
    TracingLayer::with_tracer(mock.tracer().clone())
}

fn text(span: &OwnedSpan, key: &str) -> Option<String> {
    span.tag(key).map(|value| value.to_string())
}

/// The span follows from the request's span, in its trace.
#[track_caller]
fn check_follows(span: &OwnedSpan, request: &OwnedSpan) {
    assert_eq!(span.context.trace_id(), request.context.trace_id());
    let references: Vec<_> = span.references.iter().map(|it| (it.kind, it.context.span_id())).collect();
    assert_eq!(references, [(ReferenceKind::FollowsFrom, request.context.span_id())]);
}

/// A proxy as that of axum's `http-proxy` example: it promises the tunnel first, and connects then.
async fn proxy(request: Request) -> Result<Response, Infallible> {
    if request.method() != Method::CONNECT {
        return Ok("not a proxy".into_response());
    }
    let Some(target) = request.uri().authority().map(ToString::to_string) else {
        return Ok((StatusCode::BAD_REQUEST, "no target").into_response());
    };
    let connection = ConnectionTrace::active();
    tokio::spawn(async move {
        let span = connection.span("tunnel").start();
        let tunnel = async {
            let mut client = TokioIo::new(hyper::upgrade::on(request).await?);
            let mut server = TcpStream::connect(target).await?;
            copy_bidirectional(&mut client, &mut server).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        };
        async move {
            if let Err(error) = tunnel.await {
                opentracing_core::SpanRef::active().mark_error(&*error);
            }
        }
        .in_span(span)
        .await;
    });
    Ok(Response::new(Body::empty()))
}

/// Serves the service on connections of HTTP/1.
async fn serve_proxy(mock: &MockTracer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let traced = layer(mock).wrap(tower::service_fn(proxy));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let traced = traced.clone();
            let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                traced.clone().call(request.map(Body::new))
            });
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service).with_upgrades());
        }
    });
    address
}

/// Asks the proxy for a tunnel, and returns it with the head of the response.
async fn connect(proxy: SocketAddr, target: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    stream.write_all(format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n").as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(head).unwrap())
}

#[tokio::test]
async fn a_tunnel_of_a_proxy() {
    let mock = MockTracer::new();
    let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = echo.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = echo.accept().await.unwrap();
        let (mut reader, mut writer) = stream.split();
        tokio::io::copy(&mut reader, &mut writer).await
    });
    let (mut tunnel, head) = connect(serve_proxy(&mock).await, &target).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    tunnel.write_all(b"hello").await.unwrap();
    let mut echoed = [0; 5];
    tunnel.read_exact(&mut echoed).await.unwrap();
    assert_eq!(&echoed, b"hello");
    assert_eq!(mock.finished(1).await.len(), 1, "the tunnel is open");
    drop(tunnel);
    mock.finished(2).await;
    mock.assert_tree("CONNECT (server)\n  tunnel\n");
    let request = mock.span("CONNECT");
    assert_eq!(text(&request, "http.upgrade").as_deref(), Some("connect"));
    assert_eq!(text(&request, "http.url"), Some(format!("http://{target}")));
    assert_eq!((text(&request, "http.outcome"), request.is_failed), (None, false));
    check_follows(&mock.span("tunnel"), &request);
    assert_eq!(mock.tracer().stats().missing_route, 0, "a tunnel has no route");
}

#[tokio::test]
async fn a_tunnel_to_a_dead_target() {
    let mock = MockTracer::new();
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = unused.local_addr().unwrap().to_string();
    drop(unused);
    let (mut tunnel, head) = connect(serve_proxy(&mock).await, &target).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "the example answers before it connects: {head}");
    assert_eq!(tunnel.read(&mut [0]).await.unwrap_or(0), 0);
    mock.finished(2).await;
    mock.assert_tree("CONNECT (server)\n  tunnel !\n");
    assert_eq!(text(&mock.span("CONNECT"), "http.upgrade").as_deref(), Some("connect"));
}

#[tokio::test]
async fn a_tunnel_that_is_refused() {
    let mock = MockTracer::new();
    let refuse = tower::service_fn(|_: http::Request<()>| {
        std::future::ready(Ok::<_, Infallible>(http::Response::builder().status(502).body(Body::empty()).unwrap()))
    });
    let request = || http::Request::connect("db.shop.example:5432").body(()).unwrap();
    drop(layer(&mock).wrap(refuse).oneshot(request()).await.unwrap());
    drop(TracingClientLayer::with_tracer(mock.tracer().clone()).wrap(refuse).oneshot(request()).await.unwrap());
    mock.assert_tree("CONNECT (server) !\nCONNECT (client) !\n");
    for span in mock.finished_spans() {
        assert_eq!(text(&span, "http.upgrade").as_deref(), Some("connect"));
        assert_eq!(text(&span, "http.status_code").as_deref(), Some("502"));
    }
}

/// Greets, and sends each message back, in a span each.
fn chat(tracer: Tracer) -> Router {
    let handler = async move |upgrade: WebSocketUpgrade| {
        let connection = ConnectionTrace::active();
        let tracer = tracer.clone();
        upgrade.on_upgrade(async move |mut socket| {
            while let Some(Ok(Message::Text(message))) = socket.recv().await {
                let span = connection.span("receive").kind(SpanKind::Consumer).tag("size", message.len()).start();
                async {
                    tracer.span("store").start().finish();
                    let _ = socket.send(Message::Text(message)).await;
                }
                .in_span(span)
                .await;
            }
        })
    };
    Router::new().route("/chat/{room}", any(handler))
}

/// Sends two messages, and checks the spans of the connection.
async fn check_chat<S>(mock: &MockTracer, name: &str, mut socket: WebSocketStream<S>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    // The span of the request has ended, and the connection stays open.
    let request = mock.finished(1).await.remove(0);
    for message in ["hello", "world"] {
        socket.send(Frame::text(message)).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Frame::text(message));
    }
    mock.finished(5).await;
    mock.assert_tree(&format!("{name} (server)\n  receive (consumer)\n    store\n  receive (consumer)\n    store\n"));
    assert_eq!(text(&request, "http.upgrade").as_deref(), Some("websocket"));
    assert_eq!((text(&request, "http.outcome"), request.is_failed), (None, false));
    for message in mock.finished_spans().iter().filter(|span| &*span.operation_name == "receive") {
        check_follows(message, &request);
        assert_eq!(message.tag("size"), Some(Value::U64(5)));
    }
}

#[tokio::test]
async fn messages_of_a_web_socket() {
    let mock = MockTracer::new();
    let address = serve(chat(mock.tracer().clone()).layer(layer(&mock))).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let (socket, response) = tokio_tungstenite::client_async(format!("ws://{address}/chat/7"), stream).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let name = if cfg!(feature = "axum") { "GET /chat/{room}" } else { "GET" };
    check_chat(&mock, name, socket).await;
}

#[tokio::test]
async fn messages_of_a_web_socket_over_http2() {
    let mock = MockTracer::new();
    let address = serve(chat(mock.tracer().clone()).layer(layer(&mock)).route("/", get(async || {}))).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    // The server's settings, which allow extended `CONNECT`, come before the first response.
    let first = http::Request::get(format!("http://{address}/")).body(String::new()).unwrap();
    drop(client.send_request(first).await.unwrap());
    let upgrade = http::Request::connect(format!("http://{address}/chat/7"))
        .extension(hyper::ext::Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13")
        .body(String::new())
        .unwrap();
    let response = client.send_request(upgrade).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let upgraded = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    let name = if cfg!(feature = "axum") { "CONNECT /chat/{room}" } else { "CONNECT" };
    check_chat(&mock, name, WebSocketStream::from_raw_socket(upgraded, Role::Client, None).await).await;
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn other_protocols_of_extended_connect() {
    let mock = MockTracer::new();
    let accept =
        tower::service_fn(|_: http::Request<()>| std::future::ready(Ok::<_, Infallible>(Response::new(Body::empty()))));
    let request = http::Request::connect("https://shop.example/masque")
        .extension(hyper::ext::Protocol::from_static("connect-udp"))
        .body(())
        .unwrap();
    drop(layer(&mock).wrap(accept).oneshot(request).await.unwrap());
    assert_eq!(text(&mock.span("CONNECT"), "http.upgrade").as_deref(), Some("connect-udp"));
}

/// One event, and then silence.
fn events(tracing: TracingLayer) -> Router {
    let events = async || {
        let first = tokio_stream::once(Ok::<_, Infallible>(Event::default().data("hello")));
        Sse::new(first.chain(tokio_stream::pending()))
    };
    Router::new().route("/events", get(events)).layer(tracing)
}

/// Reads the first event, and returns the connection.
async fn read_event(app: Router) -> TcpStream {
    let mut stream = TcpStream::connect(serve(app).await).await.unwrap();
    stream.write_all(b"GET /events HTTP/1.1\r\nhost: shop.example\r\n\r\n").await.unwrap();
    let mut read = Vec::new();
    while !read.windows(5).any(|window| window == b"hello") {
        read.push(stream.read_u8().await.unwrap());
    }
    stream
}

#[tokio::test]
async fn an_open_stream_of_events_is_listed() {
    let mock = MockTracer::new();
    let name = if cfg!(feature = "axum") { "GET /events" } else { "GET" };
    let stream = read_event(events(layer(&mock))).await;
    mock.assert_tree("");
    // Younger spans are in flight as usual.
    mock.clock().advance(Duration::from_secs(2));
    let report = mock.tracer().report().to_string();
    assert!(report.contains("1 open") && report.contains(name), "{report}");
    drop(stream);
    let span = mock.finished(1).await.remove(0);
    assert_eq!((&*span.operation_name, text(&span, "http.outcome").as_deref()), (name, Some("aborted")));
}

#[tokio::test]
async fn a_stream_of_events_may_end_with_its_head() {
    let mock = MockTracer::new();
    let stream = read_event(events(layer(&mock).end_at_head(is_event_stream))).await;
    let span = mock.finished(1).await.remove(0);
    assert_eq!((text(&span, "http.status_code").as_deref(), text(&span, "http.outcome")), (Some("200"), None));
    drop(stream);
}
