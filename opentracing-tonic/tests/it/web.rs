//! gRPC-Web, as tonic-web serves and sends it.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentracing_core::mock::MockTracer;
use opentracing_tonic::{TracingClientLayer, TracingLayer};
use tokio::net::TcpStream;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic_web::{GrpcWebClientLayer, GrpcWebLayer};
use tower::ServiceBuilder;

use crate::echo::{Echo, EchoClient, SERVER_STREAM, UNARY};
use crate::support::{Fixture, check_tags, frame, listen, log_field};

/// A server for browsers; the tracing layer is outside of the one that translates, or inside.
async fn serve(outside: bool) -> Fixture {
    let mock = MockTracer::new();
    let (listener, address) = listen().await;
    let (tracing, echo) = (TracingLayer::with_tracer(mock.tracer().clone()), Echo::new(mock.tracer().clone()));
    let incoming = TcpListenerStream::new(listener);
    let server = Server::builder().accept_http1(true);
    if outside {
        let router = server.layer(tracing).layer(GrpcWebLayer::new()).add_service(echo);
        tokio::spawn(router.serve_with_incoming(incoming));
    } else {
        let router = server.layer(GrpcWebLayer::new()).layer(tracing).add_service(echo);
        tokio::spawn(router.serve_with_incoming(incoming));
    }
    Fixture { mock, address }
}

/// Calls over HTTP/1.1, as a browser does, and reads the answer.
async fn call(address: SocketAddr, path: &str, content_type: &str, body: Vec<u8>) -> Bytes {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post(path)
        .header("host", address.to_string())
        .header("content-type", content_type)
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    sender.send_request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn calls_of_browsers_are_calls() {
    for outside in [true, false] {
        let fixture = serve(outside).await;
        for content_type in ["application/grpc-web", "application/grpc-web+proto"] {
            let answer = call(fixture.address, SERVER_STREAM, content_type, frame("3")).await;
            assert!(answer.windows(14).any(|window| window == b"grpc-status:0\r" || window == b"grpc-status: 0"));
            let span = fixture.server_span(4).await;
            assert_eq!(&*span.operation_name, &SERVER_STREAM[1..]);
            assert_eq!(span.context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
            check_tags(
                &span,
                &[
                    ("rpc.status_code", "OK"),
                    ("grpc.request.messages", "1"),
                    ("grpc.response.messages", "3"),
                    ("peer.ipv4", "127.0.0.1"),
                ],
            );
            fixture.mock.reset();
        }
    }
}

#[tokio::test]
async fn calls_of_browsers_in_text_are_calls() {
    for outside in [true, false] {
        let fixture = serve(outside).await;
        // `fail 13 no` in a message, in base64.
        let text = b"AAAAAAwKCmZhaWwgMTMgbm8=".to_vec();
        call(fixture.address, UNARY, "application/grpc-web-text+proto", text).await;
        let span = fixture.server_span(2).await;
        check_tags(&span, &[("rpc.status_code", "INTERNAL"), ("grpc.request.messages", "1"), ("error", "true")]);
        assert_eq!(log_field(&span, "message"), "no");

        fixture.mock.reset();
        // `3`
        call(fixture.address, SERVER_STREAM, "application/grpc-web-text", b"AAAAAAMKATM=".to_vec()).await;
        let span = fixture.server_span(4).await;
        check_tags(
            &span,
            &[("rpc.status_code", "OK"), ("grpc.request.messages", "1"), ("grpc.response.messages", "3")],
        );
    }
}

#[tokio::test]
async fn a_client_of_grpc_web_is_traced_on_either_side_of_the_translation() {
    for outside in [true, false] {
        let fixture = serve(true).await;
        let tracing = TracingClientLayer::with_tracer(fixture.mock.tracer().clone());
        let origin = format!("http://{}", fixture.address).parse().unwrap();
        let mut messages = if outside {
            let service = ServiceBuilder::new()
                .layer(tracing)
                .layer(GrpcWebClientLayer::new())
                .service(Client::builder(TokioExecutor::new()).build_http());
            EchoClient::with_origin(service, origin).server_stream("2 fail 10 again").await.unwrap()
        } else {
            let service = ServiceBuilder::new()
                .layer(GrpcWebClientLayer::new())
                .layer(tracing)
                .service(Client::builder(TokioExecutor::new()).build_http());
            EchoClient::with_origin(service, origin).server_stream("2 fail 10 again").await.unwrap()
        };
        while let Ok(Some(_)) = messages.message().await {}
        drop(messages);

        let (client, server) = fixture.spans(4).await;
        let tags = [("rpc.status_code", "ABORTED"), ("grpc.request.messages", "1"), ("grpc.response.messages", "2")];
        check_tags(&client, &tags);
        check_tags(&server, &tags);
        // The request itself names its host here.
        check_tags(&client, &[("peer.ipv4", "127.0.0.1"), ("peer.port", &fixture.address.port().to_string())]);
    }
}
