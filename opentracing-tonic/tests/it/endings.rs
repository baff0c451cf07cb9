//! Calls that end without a status: panics in various places, broken connections.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use opentracing_core::OwnedSpan;
use opentracing_core::mock::MockTracer;
use opentracing_tonic::{TracingClientLayer, TracingLayer, code_name};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Endpoint;
use tower::{Layer, Service, service_fn};

use crate::echo::EchoClient;
use crate::support::{Fixture, check_tags, frame, listen, log_field, tag};

fn call() -> Request<Full<Bytes>> {
    let request = Request::post("/acme.test.Echo/Unary").header("content-type", "application/grpc");
    request.body(Full::new(frame("hello").into())).unwrap()
}

#[track_caller]
fn check_panic(mock: &MockTracer) {
    let spans = mock.finished_spans();
    assert_eq!(spans.len(), 1, "{}", mock.tree());
    check_tags(&spans[0], &[("rpc.status_code", "UNKNOWN"), ("error", "true"), ("grpc.request.messages", "0")]);
    assert_eq!(log_field(&spans[0], "error.kind"), "panic");
}

#[test]
fn a_panic_before_there_is_a_future_is_one_too() {
    let mock = MockTracer::new();
    let mut service = TracingLayer::with_tracer(mock.tracer().clone()).layer(service_fn(refuse));
    catch_unwind(AssertUnwindSafe(|| drop(service.call(call())))).unwrap_err();
    check_panic(&mock);
}

/// As an interceptor would.
fn refuse(request: Request<Body>) -> std::future::Ready<Result<Response<Body>, Infallible>> {
    assert!(request.headers().contains_key("authorization"), "no token");
    std::future::ready(Ok(Response::new(Body::empty())))
}

#[test]
fn a_panic_that_a_layer_catches_is_a_panic() {
    let mock = MockTracer::new();
    let layer = TracingLayer::with_tracer(mock.tracer().clone());
    let mut context = Context::from_waker(Waker::noop());

    let panics = service_fn(|_: Request<Body>| async {
        assert!(std::hint::black_box(false), "as it was told to");
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    {
        let mut future = Box::pin(layer.layer(panics).call(call()));
        catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context).is_ready())).unwrap_err();
        assert!(mock.finished_spans().is_empty());
        // It is dropped when nothing panics any more.
    }
    check_panic(&mock);
    mock.reset();

    let panics_later = service_fn(|_: Request<Body>| async {
        let frames = tokio_stream::iter([1]).map(|_| -> Result<Frame<Bytes>, Status> { panic!("as it was told to") });
        Ok::<_, Infallible>(Response::new(StreamBody::new(frames)))
    });
    {
        let future = pin!(layer.layer(panics_later).call(call()));
        let Poll::Ready(Ok(answer)) = future.poll(&mut context) else { panic!("it answers at once") };
        let mut body = Box::pin(answer.into_body());
        catch_unwind(AssertUnwindSafe(|| body.as_mut().poll_frame(&mut context).is_ready())).unwrap_err();
        assert!(mock.finished_spans().is_empty());
    }
    check_panic(&mock);
}

#[test]
fn a_future_that_nobody_polls_is_a_cancelled_call() {
    let mock = MockTracer::new();
    let service = service_fn(|_: Request<Body>| std::future::pending::<Result<Response<Body>, Infallible>>());
    drop(TracingLayer::with_tracer(mock.tracer().clone()).layer(service).call(call()));
    let span: OwnedSpan = mock.span("acme.test.Echo/Unary");
    check_tags(&span, &[("rpc.status_code", "CANCELLED"), ("error", "")]);
    assert_eq!(mock.finished_spans().len(), 1);
}

#[tokio::test]
async fn a_body_that_is_polled_beyond_its_end_ends_its_span_once() {
    let mock = MockTracer::new();
    let service = service_fn(|_: Request<Body>| async {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        let frames: [Result<_, Status>; 2] =
            [Ok(Frame::data(Bytes::from(frame("hello")))), Ok(Frame::trailers(trailers))];
        Ok::<_, Infallible>(Response::new(StreamBody::new(tokio_stream::iter(frames))))
    });
    let answer = TracingLayer::with_tracer(mock.tracer().clone()).layer(service).call(call()).await.unwrap();
    let mut body = answer.into_body();
    assert!(body.frame().await.unwrap().unwrap().is_data() && mock.finished_spans().is_empty());
    assert!(body.frame().await.unwrap().unwrap().is_trailers());
    assert_eq!(mock.finished_spans().len(), 1);
    assert!(body.is_end_stream() && body.frame().await.is_none());
    drop(body);
    let spans = mock.finished_spans();
    assert_eq!(spans.len(), 1, "{}", mock.tree());
    check_tags(&spans[0], &[("rpc.status_code", "OK"), ("error", "")]);
}

/// A client of the fixture, and what breaks its connection.
async fn fragile(fixture: &Fixture) -> (EchoClient<opentracing_tonic::TracingChannel>, tokio::task::AbortHandle) {
    let (listener, address) = listen().await;
    let server = fixture.address;
    let between = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(server).await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    });
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let layer = TracingClientLayer::with_tracer(fixture.mock.tracer().clone());
    (EchoClient::new(layer.wrap(endpoint.connect_lazy())), between.abort_handle())
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_answer_is_seen_on_both_sides() {
    let fixture = Fixture::start().await;
    let (mut client, connection) = fragile(&fixture).await;
    let status = {
        let mut call = pin!(client.unary("hang"));
        tokio::select! {
            _ = &mut call => panic!("it hangs"),
            _ = fixture.mock.finished(1) => connection.abort(),
        }
        call.await.unwrap_err()
    };
    let (client, server) = fixture.spans(3).await;
    check_tags(&client, &[("rpc.status_code", code_name(status.code())), ("error", "true")]);
    assert_eq!(log_field(&client, "event"), "error");
    check_tags(&server, &[("rpc.status_code", "CANCELLED"), ("error", "")]);
}

#[tokio::test]
async fn a_connection_that_breaks_amid_a_stream_is_seen_on_both_sides() {
    let fixture = Fixture::start().await;
    let (mut client, connection) = fragile(&fixture).await;
    let mut answers = client.server_stream("2 hang").await.unwrap();
    for _ in 0..2 {
        answers.message().await.unwrap().expect("a message");
    }
    connection.abort();
    let status = answers.message().await.unwrap_err();
    let (client, server) = fixture.spans(4).await;
    let code = code_name(status.code());
    check_tags(&client, &[("rpc.status_code", code), ("error", "true"), ("grpc.response.messages", "2")]);
    assert_eq!(log_field(&client, "event"), "error");
    check_tags(&server, &[("rpc.status_code", "CANCELLED"), ("error", ""), ("grpc.response.messages", "2")]);
}

#[tokio::test]
async fn a_client_that_stops_to_listen_may_still_talk() {
    let fixture = Fixture::start().await;
    let (sender, messages) = mpsc::channel(1);
    let mut answers = fixture.client().bidi(ReceiverStream::new(messages)).await.unwrap();
    sender.send("one".to_owned()).await.unwrap();
    assert_eq!(answers.message().await.unwrap().as_deref(), Some("one"));
    drop(answers);
    let client = fixture.mock.finished(1).await.remove(0);
    let tags = [("rpc.status_code", "CANCELLED"), ("grpc.request.messages", "1"), ("grpc.response.messages", "1")];
    check_tags(&client, &tags);
    // hyper resets the stream when the requests are at their end too, and the server may have answered all by then.
    drop(sender);
    let (_, server) = fixture.spans(2).await;
    assert!(["CANCELLED", "OK"].contains(&&*tag(&server, "rpc.status_code")), "{server:?}");
    check_tags(&server, &[("grpc.request.messages", "1"), ("error", "")]);
}
