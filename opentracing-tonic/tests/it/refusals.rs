//! Responses that a client does not accept, and other ends of its own.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use opentracing_core::OwnedSpan;
use opentracing_core::mock::MockTracer;
use opentracing_tonic::{Cause, Ending, GrpcDecorator, TracingClientLayer};
use tokio_stream::StreamExt;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::service_fn;

use crate::echo::EchoClient;
use crate::support::{Fixture, check_tags, frame, log_field};

/// The span of a unary call whose response has this body and then goes on, or has trailers.
async fn span_of(content_type: &'static str, body: Vec<u8>, ends: bool) -> (OwnedSpan, Result<String, Status>) {
    let mock = MockTracer::new();
    let service = service_fn(move |_: Request<Body>| {
        let data: Result<_, Status> = Ok(Frame::data(Bytes::from(body.clone())));
        let trailers =
            Ok(Frame::trailers([("grpc-status".parse().unwrap(), "0".parse().unwrap())].into_iter().collect()));
        let parts =
            tokio_stream::iter([data].into_iter().chain(ends.then_some(trailers))).chain(tokio_stream::pending());
        let response = Response::builder().header("content-type", content_type).body(StreamBody::new(parts));
        async { Ok::<_, Infallible>(response.unwrap()) }
    });
    let mut client = EchoClient::new(TracingClientLayer::with_tracer(mock.tracer().clone()).wrap(service));
    let answer = client.unary("hello").await.map(tonic::Response::into_inner);
    (mock.finished(1).await.remove(0), answer)
}

/// A message with its head.
fn message(bytes: &[u8]) -> Vec<u8> {
    [&[0], &u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

#[tokio::test]
async fn a_message_that_cannot_be_decoded_is_an_error_of_the_client() {
    // A field longer than the message, number 0, type 6, an endless number, half a number, half a fixed one.
    let broken: [&[u8]; 6] = [b"\x0a\x7f", b"\x02\x00", b"\x0e\x00", &[0xff; 12], b"\x08\xff", b"\x0d\x01\x02"];
    for bytes in broken {
        for ends in [true, false] {
            let (span, answer) = span_of("application/grpc", message(bytes), ends).await;
            assert_eq!(answer.unwrap_err().code(), Code::Internal, "{bytes:?}");
            check_tags(&span, &[("rpc.status_code", "INTERNAL"), ("error", "true"), ("grpc.outcome", "")]);
            assert_eq!(log_field(&span, "message"), "dropped at a message that cannot be decoded");
        }
    }
    // Other formats are not known.
    for content_type in ["application/grpc+json", "application/grpc+thrift"] {
        let (span, _) = span_of(content_type, message(b"\x0a\x7f"), true).await;
        check_tags(&span, &[("error", ""), ("grpc.outcome", "aborted")]);
    }
    let (span, answer) = span_of("application/grpc+proto", frame("fine"), true).await;
    check_tags(&span, &[("rpc.status_code", "OK"), ("error", "")]);
    assert_eq!(answer.unwrap(), "fine");
}

#[tokio::test]
async fn a_message_beyond_tonic_s_limit_is_out_of_range() {
    let fixture = Fixture::start().await;
    let large = "x".repeat(5 * 1024 * 1024);
    // The server accepts no more either, so the client announces it to itself.
    let body = frame(&large);
    let (span, answer) = span_of("application/grpc", body.clone(), true).await;
    assert_eq!(answer.unwrap_err().code(), Code::OutOfRange);
    check_tags(&span, &[("rpc.status_code", "OUT_OF_RANGE"), ("error", "true"), ("grpc.outcome", "")]);
    assert!(log_field(&span, "message").contains("5242885 bytes"), "{span:?}");

    // To the server it is a status like any other.
    let status = fixture.client().unary(&large).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    let span = fixture.first("client").await;
    check_tags(&span, &[("rpc.status_code", "OUT_OF_RANGE"), ("error", "true")]);
}

#[tokio::test]
async fn a_message_beyond_a_limit_of_the_client_s_own_is_out_of_range() {
    for size in [200, 100_000] {
        let fixture = Fixture::start().await;
        let layer = TracingClientLayer::with_tracer(fixture.mock.tracer().clone()).max_decoding_message_size(100);
        let channel = layer.connect_lazy(fixture.endpoint()).unwrap();
        let status = EchoClient::with_limits(channel, 100, usize::MAX).unary(&"x".repeat(size)).await.unwrap_err();
        assert_eq!(status.code(), Code::OutOfRange);
        let span = fixture.first("client").await;
        check_tags(&span, &[("rpc.status_code", "OUT_OF_RANGE"), ("error", "true"), ("grpc.outcome", "")]);
        assert_eq!(log_field(&span, "error.kind"), "OUT_OF_RANGE");
    }
}

#[tokio::test]
async fn large_messages_that_are_accepted_may_be_the_last_ones_that_a_program_reads() {
    let (mock, large) = (MockTracer::new(), frame(&"x".repeat(5 * 1024 * 1024)));
    let service = service_fn(move |_: Request<Body>| {
        let pieces: Vec<_> = large.chunks(16_384).map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece)))).collect();
        let parts = tokio_stream::iter(pieces).chain(tokio_stream::pending::<Result<_, Status>>());
        let response = Response::builder().header("content-type", "application/grpc").body(StreamBody::new(parts));
        async { Ok::<_, Infallible>(response.unwrap()) }
    });
    let channel = TracingClientLayer::with_tracer(mock.tracer().clone()).wrap(service);
    let mut answers = EchoClient::with_limits(channel, usize::MAX, usize::MAX).server_stream("1").await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().len(), 5 * 1024 * 1024);
    drop(answers);
    check_tags(&mock.finished(1).await[0], &[("error", ""), ("grpc.outcome", "aborted")]);
}

#[tokio::test]
async fn a_request_that_is_too_large_to_send_is_an_error_of_the_client() {
    let fixture = Fixture::start().await;
    let layer = TracingClientLayer::with_tracer(fixture.mock.tracer().clone());
    let channel = layer.connect_lazy(fixture.endpoint()).unwrap();
    EchoClient::with_limits(channel, usize::MAX, 100).unary(&"x".repeat(200)).await.unwrap_err();
    let span = fixture.first("client").await;
    check_tags(&span, &[("rpc.status_code", "OUT_OF_RANGE"), ("error", "true"), ("grpc.outcome", "")]);
    let message = log_field(&span, "message");
    assert!(message.contains("too large") && message.contains("100 bytes"), "{message}");
}

struct Causes(std::sync::mpsc::SyncSender<Cause>);

impl GrpcDecorator for Causes {
    fn on_end(&self, _: &mut opentracing_core::Span, ending: &Ending<'_>) {
        self.0.send(ending.cause()).unwrap();
    }
}

#[tokio::test]
async fn decorators_see_who_ended_the_call() {
    let (sender, causes) = std::sync::mpsc::sync_channel(8);
    let fixture = Fixture::start().await;
    let layer = TracingClientLayer::with_tracer(fixture.mock.tracer().clone());
    let layer = layer.max_decoding_message_size(10).decorator(Causes(sender));
    let channel = layer.connect_lazy(fixture.endpoint()).unwrap();
    let mut client = EchoClient::with_limits(channel, 10, usize::MAX);
    client.unary("far more than ten bytes").await.unwrap_err();
    assert_eq!(causes.try_recv(), Ok(Cause::Refused));
    drop(client.server_stream("2 hang").await.unwrap());
    assert_eq!(causes.try_recv(), Ok(Cause::Aborted));
    client.unary("fail 1").await.unwrap_err();
    assert_eq!(causes.try_recv(), Ok(Cause::Status));
}
