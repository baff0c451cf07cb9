//! Unary calls: names, tags, status, peers, panics, what is skipped.

use http::Request;
use http_body_util::Full;
use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, Decision};
use opentracing_tonic::{ErrorCodes, PeerServiceName, code_name};
use tonic::Code;
use tonic::service::Routes;

use crate::echo::UNARY;
use crate::support::{Fixture, check_tags, log_field, request, status_of, tag};

#[tokio::test]
async fn makes_a_span_on_either_side() {
    let fixture = Fixture::start().await;
    let answer = fixture.client_with(|layer| layer.peer_service("echo")).unary("hello").await.unwrap();
    assert_eq!(answer.into_inner(), "hello");

    let (client, server) = fixture.spans(3).await;
    fixture.mock.assert_tree(
        "
        acme.test.Echo/Unary (client)
          acme.test.Echo/Unary (server)
            work
        ",
    );
    let port = fixture.address.port().to_string();
    let of_both = [
        ("component", "tonic"),
        ("rpc.system.name", "grpc"),
        ("rpc.method", "acme.test.Echo/Unary"),
        ("rpc.status_code", "OK"),
        ("grpc.request.messages", "1"),
        ("grpc.response.messages", "1"),
        ("peer.ipv4", "127.0.0.1"),
        ("error", ""),
    ];
    check_tags(&client, &of_both);
    check_tags(&client, &[("peer.port", &port), ("peer.service", "echo")]);
    check_tags(&server, &of_both);
    check_tags(&server, &[("peer.service", "")]);
    assert!(!tag(&server, "peer.port").is_empty() && tag(&server, "peer.port") != port);
    assert!(client.logs.is_empty() && server.logs.is_empty());
}

#[tokio::test]
async fn tells_the_codes_apart_on_either_side() {
    let fixture = Fixture::start().await;
    let mut client = fixture.client();
    for number in 1..=16 {
        let code = Code::from_i32(number);
        let status = client.unary(&format!("fail {number} no “{number}”: 100%")).await.unwrap_err();
        assert_eq!(status.code(), code);

        let (client, server) = fixture.spans(3).await;
        let name = code_name(code);
        let is_server_error = matches!(number, 2 | 4 | 12 | 13 | 14 | 15);
        check_tags(&client, &[("rpc.status_code", name), ("error", "true"), ("grpc.request.messages", "1")]);
        check_tags(&server, &[("rpc.status_code", name), ("error", if is_server_error { "true" } else { "" })]);
        check_tags(&server, &[("grpc.response.messages", "0"), ("grpc.deadline_exceeded", "")]);
        assert_eq!((client.is_failed, server.is_failed), (true, is_server_error), "{name}");

        let message = format!("no “{number}”: 100%");
        assert_eq!(log_field(&client, "event"), "error", "{name}");
        assert_eq!(log_field(&client, "error.kind"), name);
        assert_eq!(log_field(&client, "message"), message);
        assert_eq!(log_field(&server, "message"), message);
        let event = match (is_server_error, code) {
            (true, _) => "error",
            (_, Code::Cancelled) => "cancelled",
            _ => "status",
        };
        assert_eq!(log_field(&server, "event"), event, "{name}");
        fixture.mock.reset();
    }
}

#[tokio::test]
async fn takes_those_codes_for_errors_that_it_is_told() {
    let fixture =
        Fixture::with(MockTracer::new(), |layer| layer.error_codes(ErrorCodes::SERVER.with(Code::NotFound))).await;
    let mut client = fixture.client_with(|layer| layer.error_codes(ErrorCodes::CLIENT.without(Code::NotFound)));
    client.unary("fail 5 no such book").await.unwrap_err();
    let (client, server) = fixture.spans(3).await;
    assert_eq!((client.is_failed, server.is_failed), (false, true));
    assert_eq!(log_field(&client, "event"), "status");

    assert_eq!(format!("{:?}", ErrorCodes::NONE.with(Code::Internal)), "{\"INTERNAL\"}");
    for number in 0..=16 {
        let code = Code::from_i32(number);
        assert_eq!(ErrorCodes::CLIENT.contain(code), code != Code::Ok);
        assert!(!ErrorCodes::NONE.contain(code));
    }
}

#[tokio::test]
async fn marks_a_handler_that_panics() {
    let fixture = Fixture::start().await;
    let status = fixture.client().unary("panic").await.unwrap_err();

    let (client, server) = fixture.spans(3).await;
    check_tags(&server, &[("rpc.status_code", "UNKNOWN"), ("error", "true"), ("grpc.request.messages", "1")]);
    assert_eq!(log_field(&server, "error.kind"), "panic");
    check_tags(&client, &[("rpc.status_code", code_name(status.code())), ("error", "true")]);
}

#[tokio::test]
async fn says_when_nobody_listens() {
    let fixture = Fixture::start().await;
    let (listener, address) = crate::support::listen().await;
    drop(listener);
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap();
    let layer = opentracing_tonic::TracingClientLayer::with_tracer(fixture.mock.tracer().clone()).peer(&endpoint);
    let status = crate::echo::EchoClient::new(layer.wrap(endpoint.connect_lazy())).unary("hello").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);

    let span = fixture.mock.finished(1).await.remove(0);
    check_tags(&span, &[("rpc.status_code", "UNAVAILABLE"), ("error", "true"), ("grpc.request.messages", "0")]);
    assert!(!log_field(&span, "message").is_empty());
}

#[tokio::test]
async fn names_the_peer_as_the_request_says() {
    let fixture = Fixture::start().await;
    let mut client = fixture.client_with(|layer| layer.peer_service("always"));
    let mut request = tonic::Request::new("hello".to_owned());
    request.extensions_mut().insert(PeerServiceName("today".into()));
    client.send(UNARY, request).await.unwrap();
    let (client, _) = fixture.spans(3).await;
    check_tags(&client, &[("peer.service", "today")]);
}

#[tokio::test]
async fn derives_the_service_from_the_host() {
    let fixture = Fixture::start().await;
    let layer = opentracing_tonic::TracingClientLayer::with_tracer(fixture.mock.tracer().clone());
    let named = tonic::transport::Endpoint::from_static("https://users.acme.example");
    // The call itself goes to the loopback.
    let channel = layer.peer(&named).wrap(fixture.endpoint().connect_lazy());
    crate::echo::EchoClient::new(channel).unary("hello").await.unwrap();
    let (client, _) = fixture.spans(3).await;
    let host = "users.acme.example";
    check_tags(&client, &[("peer.service", host), ("peer.hostname", host), ("peer.port", "443")]);
    assert!(client.is_peer_service_derived);
}

#[tokio::test]
async fn does_not_record_what_is_skipped() {
    let fixture = Fixture::with(MockTracer::new(), |layer| {
        layer.skip_health().skip_reflection().skip(|request| request.headers.contains_key("x-probe"))
    })
    .await;
    let mut sender = fixture.connection().await;
    for path in [
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ] {
        let answer = sender.send_request(request(fixture.address, path, &[], "")).await.unwrap();
        assert_eq!(status_of(answer).await.as_deref(), Some("12"));
    }
    let probe = request(fixture.address, UNARY, &[("x-probe", b"1")], "hello");
    assert_eq!(status_of(sender.send_request(probe).await.unwrap()).await.as_deref(), Some("0"));
    // Not even the work of the handler is recorded.
    let counted = request(fixture.address, UNARY, &[], "hello");
    assert_eq!(status_of(sender.send_request(counted).await.unwrap()).await.as_deref(), Some("0"));
    assert_eq!(fixture.mock.finished(2).await.len(), 2, "{}", fixture.mock.tree());
}

#[tokio::test]
async fn tells_the_other_side_to_skip_too() {
    let fixture = Fixture::start().await;
    fixture.client_with(|layer| layer.skip_service("acme.test.Echo")).unary("hello").await.unwrap();
    fixture.client_with(|layer| layer.skip_health().skip_reflection()).unary("hello").await.unwrap();
    assert_eq!(fixture.mock.finished(3).await.len(), 3, "{}", fixture.mock.tree());
}

#[tokio::test]
async fn serves_calls_that_are_not_sampled() {
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::new(Decision::Drop)));
    let fixture = Fixture::with(mock, |layer| layer).await;
    let mut client = fixture.client();
    assert_eq!(client.unary("hello").await.unwrap().into_inner(), "hello");
    assert_eq!(client.unary("fail 13 no").await.unwrap_err().code(), Code::Internal);
    assert!(fixture.mock.finished_spans().is_empty());
}

#[tokio::test]
async fn names_paths_that_are_none_alike() {
    let fixture = Fixture::start().await;
    let mut sender = fixture.connection().await;
    for path in ["/", "/Unary", "//Unary", "/acme.test.Echo/"] {
        let answer = sender.send_request(request(fixture.address, path, &[], "hello")).await.unwrap();
        assert_eq!(status_of(answer).await.as_deref(), Some("12"), "{path}");
        let span = fixture.server_span(1).await;
        assert_eq!(&*span.operation_name, "_OTHER", "{path}");
        check_tags(&span, &[("rpc.method", "_OTHER"), ("rpc.method_original", path)]);
        fixture.mock.reset();
    }
}

#[tokio::test]
async fn leaves_requests_alone_that_are_not_grpc() {
    let fixture = Fixture::start().await;
    let mut sender = fixture.connection().await;
    for content_type in [None, Some("text/html"), Some("application/grpcurl"), Some("application/grp")] {
        let mut plain = Request::get(format!("http://{}/acme.test.Echo/Unary", fixture.address));
        if let Some(content_type) = content_type {
            plain = plain.header("content-type", content_type);
        }
        sender.send_request(plain.body(Full::default()).unwrap()).await.unwrap();
    }
    for content_type in ["application/grpc", "application/grpc+proto", "Application/gRPC; charset=none"] {
        let mut call = request(fixture.address, UNARY, &[], "hello");
        call.headers_mut().insert("content-type", content_type.parse().unwrap());
        assert_eq!(status_of(sender.send_request(call).await.unwrap()).await.as_deref(), Some("0"));
    }
    let spans = fixture.mock.finished(6).await;
    // The handler does its work for the others too, outside of any span.
    let servers = spans.iter().filter(|span| &*span.operation_name == "acme.test.Echo/Unary").count();
    assert_eq!(servers, 3, "{}", fixture.mock.tree());
}

#[tokio::test]
async fn traces_services_among_the_routes_of_axum() {
    let mock = MockTracer::new();
    let (listener, address) = crate::support::listen().await;
    let echo = Routes::new(crate::echo::Echo::new(mock.tracer().clone())).into_axum_router();
    let router = echo.layer(opentracing_tonic::TracingLayer::with_tracer(mock.tracer().clone()));
    let server = tonic::transport::Server::builder().add_routes(router.into());
    tokio::spawn(server.serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener)));
    let fixture = Fixture { mock, address };
    fixture.client().unary("hello").await.unwrap();
    let (client, server) = fixture.spans(3).await;
    assert_eq!(server.parent_id, Some(client.context.span_id()));
    check_tags(&server, &[("rpc.status_code", "OK"), ("grpc.request.messages", "1"), ("peer.ipv4", "127.0.0.1")]);
}
