//! `grpc-timeout`, and what is beyond it.

use std::time::Duration;

use opentracing_core::mock::MockTracer;
use opentracing_tonic::TracingLayer;
use tonic::body::Body;
use tonic::transport::Server;
use tonic::{Code, Request};
use tower::timeout::TimeoutLayer;
use tower::{Layer, ServiceExt, service_fn};

use crate::echo::UNARY;
use crate::support::{Fixture, check_tags, log_field, request, status_of, tag};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[tokio::test]
async fn a_time_out_of_the_client_is_the_deadline() {
    let fixture = Fixture::start().await;
    let mut call = Request::new("hang".to_owned());
    call.set_timeout(Duration::from_millis(100));
    let status = fixture.client().send(UNARY, call).await.unwrap_err();
    // tonic's word for it.
    assert_eq!(status.code(), Code::Cancelled);

    let (client, server) = fixture.spans(3).await;
    let tags = [("grpc.timeout_ms", "100"), ("grpc.request.messages", "1")];
    check_tags(&client, &tags);
    check_tags(&server, &tags);
    check_tags(&client, &[("grpc.deadline_exceeded", "true"), ("error", "true")]);
    assert!(!log_field(&client, "message").is_empty());
}

#[tokio::test]
async fn a_time_out_of_the_server_is_the_deadline() {
    let fixture = Fixture::start().await;
    // This client sends the time-out and does not heed it, so tonic's own in the server, outside of any layer, is the one that acts.
    let mut sender = fixture.connection().await;
    let call = request(fixture.address, UNARY, &[("grpc-timeout", b"50m")], "hang");
    assert_eq!(status_of(sender.send_request(call).await.unwrap()).await.as_deref(), Some("1"));

    let server = fixture.server_span(2).await;
    check_tags(
        &server,
        &[
            ("rpc.status_code", "DEADLINE_EXCEEDED"),
            ("grpc.timeout_ms", "50"),
            ("grpc.deadline_exceeded", "true"),
            ("error", "true"),
        ],
    );
    assert_eq!(log_field(&server, "error.kind"), "DEADLINE_EXCEEDED");
    assert_eq!(log_field(&server, "message"), "dropped after its time-out");
}

#[tokio::test]
async fn an_endpoint_s_own_time_out_is_one_too() {
    let fixture = Fixture::start().await;
    let endpoint = fixture.endpoint().timeout(Duration::from_millis(50));
    let layer = opentracing_tonic::TracingClientLayer::with_tracer(fixture.mock.tracer().clone());
    let status = crate::echo::EchoClient::new(layer.wrap(endpoint.connect_lazy())).unary("hang").await.unwrap_err();
    assert_eq!(status.code(), Code::Cancelled);
    let (client, server) = fixture.spans(3).await;
    check_tags(&client, &[("rpc.status_code", "DEADLINE_EXCEEDED"), ("grpc.deadline_exceeded", "true")]);
    // It is not sent, so the server sees a client that left.
    check_tags(&server, &[("rpc.status_code", "CANCELLED"), ("grpc.timeout_ms", ""), ("grpc.deadline_exceeded", "")]);
}

#[tokio::test]
async fn a_call_in_time_says_what_time_it_had() {
    let fixture = Fixture::start().await;
    let mut call = Request::new("hello".to_owned());
    call.set_timeout(Duration::from_secs(1000));
    fixture.client().send(UNARY, call).await.unwrap();
    let (client, server) = fixture.spans(3).await;
    for span in [client, server] {
        check_tags(&span, &[("grpc.timeout_ms", "1000000"), ("grpc.deadline_exceeded", ""), ("rpc.status_code", "OK")]);
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_time_is_cancelled() {
    let fixture = Fixture::start().await;
    let mut client = fixture.client();
    {
        let mut call = Request::new("hang".to_owned());
        call.set_timeout(Duration::from_secs(1000));
        let mut call = std::pin::pin!(client.send(UNARY, call));
        tokio::select! {
            _ = &mut call => panic!("it hangs"),
            _ = fixture.mock.finished(1) => {}
        }
    }
    let (client, server) = fixture.spans(3).await;
    for span in [client, server] {
        check_tags(&span, &[("rpc.status_code", "CANCELLED"), ("grpc.deadline_exceeded", "")]);
    }
}

#[tokio::test]
async fn reads_every_unit_and_nothing_else() {
    let fixture = Fixture::start().await;
    let mut sender = fixture.connection().await;
    for (value, ms) in [
        ("3H", "10800000"),
        ("2M", "120000"),
        ("99999999S", "99999999000"),
        ("1500m", "1500"),
        ("90000000u", "90000"),
        ("123456789S", ""),
        ("10", ""),
        ("S", ""),
        ("", ""),
        ("1s", ""),
        ("-1S", ""),
        ("+9S", ""),
        ("1.5S", ""),
        ("9é", ""),
    ] {
        let call = request(fixture.address, UNARY, &[("grpc-timeout", value.as_bytes())], "hello");
        let answer = sender.send_request(call).await.unwrap();
        assert_eq!(status_of(answer).await.as_deref(), Some("0"), "{value:?}");
        let span = fixture.server_span(2).await;
        assert_eq!(tag(&span, "grpc.timeout_ms"), ms, "{value:?}");
        fixture.mock.reset();
    }
}

#[tokio::test]
async fn the_server_s_own_time_out_is_an_error_of_the_server() {
    let timeout = Duration::from_millis(50);
    let fixture = Fixture::with_server(MockTracer::new(), Server::builder().timeout(timeout), |layer| {
        layer.server_timeout(timeout)
    })
    .await;
    let status = fixture.client().unary("hang").await.unwrap_err();
    // tonic's word for it.
    assert_eq!(status.code(), Code::Cancelled);
    let (client, server) = fixture.spans(3).await;
    check_tags(&server, &[("rpc.status_code", "DEADLINE_EXCEEDED"), ("error", "true"), ("grpc.timeout_ms", "")]);
    assert_eq!(log_field(&server, "event"), "error");
    // The status that it got.
    check_tags(&client, &[("rpc.status_code", "CANCELLED"), ("error", "true"), ("grpc.outcome", "")]);
}

#[tokio::test]
async fn a_client_that_leaves_before_the_server_s_time_out_is_no_error() {
    let fixture = Fixture::with(MockTracer::new(), |layer| layer.server_timeout(Duration::from_secs(1000))).await;
    let mut client = fixture.client();
    {
        let mut call = std::pin::pin!(client.unary("hang"));
        tokio::select! {
            _ = &mut call => panic!("it hangs"),
            _ = fixture.mock.finished(1) => {}
        }
    }
    let (_, server) = fixture.spans(3).await;
    check_tags(&server, &[("rpc.status_code", "CANCELLED"), ("error", ""), ("grpc.outcome", "cancelled")]);
}

#[tokio::test]
async fn the_server_s_time_out_is_for_handlers_and_not_for_streams() {
    // Zero is over at once.
    let fixture = Fixture::with(MockTracer::new(), |layer| layer.server_timeout(Duration::ZERO)).await;
    let mut answers = fixture.client().server_stream("1 hang").await.unwrap();
    answers.message().await.unwrap().expect("a message");
    drop(answers);
    let (_, server) = fixture.spans(3).await;
    check_tags(&server, &[("rpc.status_code", "CANCELLED"), ("error", ""), ("grpc.outcome", "aborted")]);
}

/// As a layer for time-outs inside of ours, or a proxy in front of a channel.
#[tokio::test]
async fn a_time_out_inside_of_the_layer_is_the_deadline() {
    let mock = MockTracer::new();
    let service = service_fn(|_: http::Request<Body>| async {
        Err::<http::Response<Body>, BoxError>(Box::new(tonic::TimeoutExpired(())))
    });
    let call = http::Request::post(UNARY).header("content-type", "application/grpc").body(Body::empty()).unwrap();
    TracingLayer::with_tracer(mock.tracer().clone()).wrap(service).oneshot(call).await.unwrap_err();
    let span = mock.span("acme.test.Echo/Unary");
    check_tags(&span, &[("rpc.status_code", "DEADLINE_EXCEEDED"), ("error", "true")]);
    mock.reset();

    let hangs = service_fn(|_: http::Request<Body>| std::future::pending::<Result<http::Response<Body>, BoxError>>());
    let hangs = TimeoutLayer::new(Duration::from_millis(20)).layer(hangs);
    let call = http::Request::post(UNARY).header("content-type", "application/grpc").body(Body::empty()).unwrap();
    TracingLayer::with_tracer(mock.tracer().clone()).wrap(hangs).oneshot(call).await.unwrap_err();
    let span = mock.span("acme.test.Echo/Unary");
    check_tags(&span, &[("rpc.status_code", "DEADLINE_EXCEEDED"), ("error", "true")]);
}
