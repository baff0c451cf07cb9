//! A service of gRPC behind a server layer of `opentracing-tower`: one server span, which has the facts of both.

use axum::Router;
use axum::routing::get;
use opentracing_core::Value;
use opentracing_core::mock::MockTracer;
use opentracing_tonic::TracingLayer;
use tonic::service::Routes;
use tonic::transport::{Endpoint, Server};

use crate::echo::{Echo, EchoClient, UNARY};
use crate::support::{check_tags, listen};

/// A router with both layers, whose address is returned.
async fn serve(mock: &MockTracer, tracing: TracingLayer) -> Endpoint {
    let (tracer, (listener, address)) = (mock.tracer(), listen().await);
    let grpc = Routes::new(Echo::new(tracer.clone())).into_axum_router().layer(tracing);
    let http = opentracing_tower::TracingLayer::with_tracer(tracer.clone());
    let app = Router::new().route("/health", get(async || "well")).merge(grpc).layer(http);
    tokio::spawn(async { axum::serve(listener, app).await });
    Endpoint::from_shared(format!("http://{address}")).unwrap()
}

#[tokio::test]
async fn one_span_has_the_facts_of_both() {
    let mock = MockTracer::new();
    let layer = TracingLayer::with_tracer(mock.tracer().clone());
    let mut client = EchoClient::new(serve(&mock, layer).await.connect_lazy());
    client.unary("hello").await.unwrap();
    mock.finished(2).await;
    mock.assert_tree("acme.test.Echo/Unary (server)\n  work\n");
    let span = mock.span("acme.test.Echo/Unary");
    check_tags(
        &span,
        &[
            ("rpc.method", "acme.test.Echo/Unary"),
            ("rpc.status_code", "OK"),
            ("grpc.request.messages", "1"),
            ("grpc.response.messages", "1"),
            ("http.method", "POST"),
            ("http.status_code", "200"),
        ],
    );

    mock.reset();
    client.unary("fail 13 broken").await.unwrap_err();
    mock.finished(2).await;
    let span = mock.span("acme.test.Echo/Unary");
    check_tags(&span, &[("rpc.status_code", "INTERNAL"), ("error", "true"), ("http.status_code", "200")]);
    assert_eq!(span.logs.len(), 1);

    mock.reset();
    let mut messages = client.server_stream("3 fail 5 gone").await.unwrap();
    while let Ok(Some(_)) = messages.message().await {}
    mock.finished(4).await;
    mock.assert_tree("acme.test.Echo/ServerStream (server)\n  work\n  work\n  work\n");
    let span = mock.span("acme.test.Echo/ServerStream");
    check_tags(&span, &[("rpc.status_code", "NOT_FOUND"), ("grpc.response.messages", "3")]);

    mock.reset();
    client.unary("panic").await.unwrap_err();
    mock.finished(2).await;
    let span = mock.span("acme.test.Echo/Unary");
    check_tags(&span, &[("rpc.status_code", "UNKNOWN"), ("error", "true")]);
    let kinds: Vec<_> = span.logs.iter().filter_map(|log| log.field("error.kind")).collect();
    assert_eq!(kinds, [Value::Str("panic")]);
    let stats = mock.tracer().stats();
    assert_eq!((stats.server_layers_nested, stats.write_after_finish, stats.scopes_out_of_order), (4, 0, 0));
}

#[tokio::test]
async fn what_the_inner_layer_skips_is_not_recorded() {
    let mock = MockTracer::new();
    let layer = TracingLayer::with_tracer(mock.tracer().clone()).skip(|request| request.uri.path() == UNARY);
    let mut client = EchoClient::new(serve(&mock, layer).await.connect_lazy());
    client.unary("hello").await.unwrap();
    let mut messages = client.server_stream("1").await.unwrap();
    while let Ok(Some(_)) = messages.message().await {}
    mock.finished(2).await;
    mock.assert_tree("acme.test.Echo/ServerStream (server)\n  work\n");
}

#[tokio::test]
async fn two_layers_of_one_server() {
    let mock = MockTracer::new();
    let layer = || TracingLayer::with_tracer(mock.tracer().clone());
    let http = opentracing_tower::TracingLayer::with_tracer(mock.tracer().clone());
    let mut server = Server::builder().layer(layer()).layer(http).layer(layer());
    let (listener, address) = listen().await;
    let router = server.add_service(Echo::new(mock.tracer().clone()));
    tokio::spawn(router.serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener)));
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    EchoClient::new(channel).unary("hello").await.unwrap();
    mock.finished(2).await;
    mock.assert_tree("acme.test.Echo/Unary (server)\n  work\n");
    check_tags(&mock.span("acme.test.Echo/Unary"), &[("rpc.status_code", "OK"), ("grpc.request.messages", "1")]);
    assert_eq!(mock.tracer().stats().server_layers_nested, 2);
}
