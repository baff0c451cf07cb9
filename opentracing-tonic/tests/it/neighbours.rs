//! Beside what tonic and its crates bring: health checks, reflection, interceptors, limits, metadata.

use bytes::Bytes;
use opentracing_core::http_rules::PeerServiceName;
use opentracing_core::mock::MockTracer;
use opentracing_tonic::{MetadataTags, TracingChannel, TracingClientLayer, TracingLayer};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::metadata::{BinaryMetadataValue, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::{ServerReflectionRequest, server_reflection_response::MessageResponse};

use crate::echo::{Echo, EchoClient, UNARY};
use crate::support::{Fixture, check_tags, listen, log_field, tag};

/// A server with health checks and reflection beside the echo.
async fn start(settings: impl FnOnce(TracingLayer) -> TracingLayer) -> (Fixture, TracingChannel) {
    let (mock, (listener, address)) = (MockTracer::new(), listen().await);
    let (_, health) = tonic_health::server::health_reporter();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .unwrap();
    let layer = settings(TracingLayer::with_tracer(mock.tracer().clone()));
    let echo = Echo::new(mock.tracer().clone());
    let router = Server::builder().layer(layer).add_service(health).add_service(reflection).add_service(echo);
    tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    let fixture = Fixture { mock, address };
    let layer = TracingClientLayer::with_tracer(fixture.mock.tracer().clone());
    let channel = layer.connect_lazy(fixture.endpoint()).unwrap();
    (fixture, channel)
}

#[tokio::test]
async fn a_health_check_is_a_call_and_a_watch_that_is_left_no_error() {
    let (fixture, channel) = start(|layer| layer).await;
    let mut client = HealthClient::new(channel);
    client.check(HealthCheckRequest::default()).await.unwrap();
    let (checked, _) = fixture.spans(2).await;
    assert_eq!(&*checked.operation_name, "grpc.health.v1.Health/Check");
    check_tags(&checked, &[("rpc.status_code", "OK"), ("error", "")]);
    fixture.mock.reset();

    let mut states = client.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    states.message().await.unwrap().expect("the state now");
    drop(states);
    let (client, server) = fixture.spans(2).await;
    for span in [client, server] {
        assert_eq!(&*span.operation_name, "grpc.health.v1.Health/Watch");
        check_tags(&span, &[("rpc.status_code", "CANCELLED"), ("error", ""), ("grpc.outcome", "aborted")]);
        check_tags(&span, &[("grpc.response.messages", "1")]);
        assert_eq!(log_field(&span, "event"), "aborted");
    }
}

#[tokio::test]
async fn reflection_is_a_stream_like_any_other() {
    let (fixture, channel) = start(|layer| layer).await;
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let answers = ServerReflectionClient::new(channel).server_reflection_info(tokio_stream::once(ask)).await.unwrap();
    let mut answers = answers.into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response;
    assert!(matches!(answer, Some(MessageResponse::ListServicesResponse(_))), "{answer:?}");
    assert_eq!(answers.message().await.unwrap(), None);
    let (client, server) = fixture.spans(2).await;
    for span in [client, server] {
        assert_eq!(&*span.operation_name, "grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
        check_tags(&span, &[("rpc.status_code", "OK"), ("grpc.request.messages", "1"), ("grpc.outcome", "")]);
    }
}

#[tokio::test]
async fn both_can_be_skipped() {
    let (fixture, channel) = start(|layer| layer.skip_health().skip_reflection()).await;
    HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await.unwrap();
    EchoClient::new(channel).unary("hello").await.unwrap();
    let spans = fixture.mock.finished(4).await;
    let servers = spans.iter().filter(|span| span.kind.to_string() == "server");
    assert_eq!(servers.map(|span| &*span.operation_name).collect::<Vec<_>>(), [&UNARY[1..]]);
}

fn authorize(request: Request<()>) -> Result<Request<()>, Status> {
    match request.metadata().get("authorization") {
        Some(_) => Ok(request),
        None => Err(Status::unauthenticated("no token")),
    }
}

#[tokio::test]
async fn an_interceptor_of_the_server_that_refuses_is_its_answer() {
    let (mock, (listener, address)) = (MockTracer::new(), listen().await);
    let layer = TracingLayer::with_tracer(mock.tracer().clone());
    let echo = InterceptedService::new(Echo::new(mock.tracer().clone()), authorize);
    let router = Server::builder().layer(layer).add_service(echo);
    tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    let fixture = Fixture { mock, address };
    let status = fixture.client().unary("hello").await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let (client, server) = fixture.spans(2).await;
    check_tags(&client, &[("rpc.status_code", "UNAUTHENTICATED"), ("error", "true")]);
    // The method is there, so it keeps its name.
    assert_eq!(&*server.operation_name, &UNARY[1..]);
    check_tags(&server, &[("rpc.status_code", "UNAUTHENTICATED"), ("error", "")]);
    assert_eq!((log_field(&client, "message"), log_field(&server, "message")), ("no token".into(), "no token".into()));
}

#[tokio::test]
async fn an_interceptor_of_the_client_that_refuses_is_an_error_inside_of_the_layer_only() {
    let fixture = Fixture::start().await;
    let layer = TracingClientLayer::with_tracer(fixture.mock.tracer().clone()).peer(&fixture.endpoint());
    let inside = InterceptedService::new(fixture.endpoint().connect_lazy(), authorize);
    let status = EchoClient::new(layer.wrap(inside)).unary("hello").await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let span = fixture.mock.span(&UNARY[1..]);
    check_tags(&span, &[("rpc.status_code", "UNAUTHENTICATED"), ("error", "true"), ("grpc.outcome", "")]);
    assert_eq!(log_field(&span, "message"), "no token");
    fixture.mock.reset();

    // Outside of the layer there is no call.
    let channel = layer.wrap(fixture.endpoint().connect_lazy());
    let status = EchoClient::with_interceptor(channel, authorize).unary("hello").await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(fixture.mock.finished_spans().is_empty());
}

#[tokio::test]
async fn binary_metadata_travel_and_are_tags_on_request_only() {
    let tags = MetadataTags::new().request(http::HeaderName::from_static("x-cart-bin"));
    let fixture = Fixture::with(MockTracer::new(), |layer| layer.decorator(tags)).await;
    let mut call = Request::new("hello".to_owned());
    let cart: BinaryMetadataValue = MetadataValue::from_bytes(&[0, 255, 7]);
    call.metadata_mut().insert_bin("x-cart-bin", cart);
    call.metadata_mut().insert_bin("x-other-bin", MetadataValue::from_bytes(&Bytes::from_static(b"secret")));
    fixture.client().send(UNARY, call).await.unwrap();
    let (client, server) = fixture.spans(3).await;
    check_tags(&server, &[("rpc.request.metadata.x-cart-bin", "AP8H"), ("rpc.status_code", "OK")]);
    check_tags(&client, &[("rpc.request.metadata.x-cart-bin", "")]);
    assert_eq!(tag(&server, "rpc.request.metadata.x-other-bin"), "");
}

#[tokio::test]
async fn metadata_that_the_server_does_not_accept_are_http_s_431() {
    let fixture = Fixture::start().await;
    let mut call = Request::new("hello".to_owned());
    call.metadata_mut().insert("x-large", "x".repeat(40_000).parse().unwrap());
    let status = fixture.client().send(UNARY, call).await.unwrap_err();
    let span = fixture.mock.finished(1).await.remove(0);
    let code = opentracing_tonic::code_name(status.code());
    check_tags(&span, &[("rpc.status_code", code), ("http.status_code", "431"), ("error", "true")]);
    // hyper answers, without a service.
    assert_eq!(fixture.mock.finished_spans().len(), 1);
}

#[tokio::test]
async fn a_call_that_is_shed_has_no_server_span() {
    let server = Server::builder().concurrency_limit_per_connection(1).load_shed(true);
    let fixture = Fixture::with_server(MockTracer::new(), server, |layer| layer).await;
    let channel =
        TracingClientLayer::with_tracer(fixture.mock.tracer().clone()).wrap(fixture.endpoint().connect_lazy());
    let mut first = EchoClient::new(channel.clone());
    let mut first = std::pin::pin!(first.unary("hang"));
    tokio::select! {
        _ = &mut first => panic!("it hangs"),
        _ = fixture.mock.finished(1) => {}
    }
    let status = EchoClient::new(channel).unary("hello").await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let spans = fixture.mock.finished(2).await;
    assert_eq!(spans.iter().map(|span| &*span.operation_name).collect::<Vec<_>>(), ["work", &UNARY[1..]]);
    check_tags(&spans[1], &[("rpc.status_code", "RESOURCE_EXHAUSTED"), ("error", "true"), ("grpc.outcome", "")]);
}

#[tokio::test]
async fn a_call_names_its_service_in_a_balanced_channel_too() {
    let fixture = Fixture::start().await;
    let layer = TracingClientLayer::with_tracer(fixture.mock.tracer().clone());
    let mut call = Request::new("hello".to_owned());
    call.extensions_mut().insert(PeerServiceName("echo".into()));
    let port = fixture.address.port();
    let endpoint = format!("http://localhost:{port}").parse().unwrap();
    EchoClient::new(layer.balance_list([endpoint])).send(UNARY, call).await.unwrap();
    let (client, _) = fixture.spans(3).await;
    check_tags(&client, &[("peer.service", "echo"), ("peer.hostname", "localhost"), ("peer.port", &port.to_string())]);
}
