//! Services and methods that a server does not have.

use http::{Request, Response};
use opentracing_core::mock::MockTracer;
use opentracing_core::{OwnedSpan, Span};
use opentracing_tonic::{GrpcDecorator, TracingLayer};
use tonic::body::Body;
use tower::{ServiceExt, service_fn};

use crate::support::{Fixture, check_tags, request, status_of};

async fn span_of(fixture: &Fixture, path: &str) -> OwnedSpan {
    let mut sender = fixture.connection().await;
    let answer = sender.send_request(request(fixture.address, path, &[], "hello")).await.unwrap();
    assert_eq!(status_of(answer).await.as_deref(), Some("12"), "{path}");
    let span = fixture.server_span(1).await;
    fixture.mock.reset();
    span
}

#[tokio::test]
async fn share_one_name() {
    let fixture = Fixture::start().await;
    for method in ["acme.test.Echo/Nothing", "acme.test.Other/Unary", "v1/acme.test.Echo/Unary", "no.such.Service/a8f5"]
    {
        let span = span_of(&fixture, &format!("/{method}")).await;
        assert_eq!(&*span.operation_name, "_OTHER", "{method}");
        let tags = [("rpc.method", "_OTHER"), ("rpc.method_original", method), ("rpc.status_code", "UNIMPLEMENTED")];
        check_tags(&span, &tags);
        check_tags(&span, &[("error", "true"), ("grpc.request.messages", "0")]);
    }
}

#[tokio::test]
async fn a_method_that_is_not_written_yet_keeps_its_name() {
    let fixture = Fixture::start().await;
    fixture.client().unary("fail 12").await.unwrap_err();
    fixture.client().unary("fail 12 not yet").await.unwrap_err();
    for span in fixture.mock.finished(6).await.iter().filter(|span| &*span.operation_name != "work") {
        let expected = [("rpc.method", "acme.test.Echo/Unary"), ("rpc.method_original", "")];
        check_tags(span, &expected);
        assert_eq!(&*span.operation_name, "acme.test.Echo/Unary");
    }
}

#[tokio::test]
async fn a_client_keeps_the_name_of_what_it_calls() {
    let fixture = Fixture::start().await;
    let call = tonic::Request::new("hello".to_owned());
    fixture.client().send("/acme.test.Echo/Missing", call).await.unwrap_err();
    let (client, server) = fixture.spans(2).await;
    assert_eq!(&*client.operation_name, "acme.test.Echo/Missing");
    assert_eq!(&*server.operation_name, "_OTHER");
}

#[tokio::test]
async fn a_router_s_404_is_one_too() {
    let mock = MockTracer::new();
    let service = service_fn(|_: Request<Body>| async {
        Ok::<_, std::convert::Infallible>(Response::builder().status(404).body(Body::empty()).unwrap())
    });
    let layer = TracingLayer::with_tracer(mock.tracer().clone());
    let call = Request::post("/no.such.Service/Get").header("content-type", "application/grpc");
    layer.wrap(service).oneshot(call.body(Body::empty()).unwrap()).await.unwrap();
    let span = mock.span("_OTHER");
    check_tags(&span, &[("rpc.method_original", "no.such.Service/Get"), ("rpc.status_code", "UNIMPLEMENTED")]);
}

struct Named;

impl GrpcDecorator for Named {
    fn on_request(&self, span: &mut Span, _: &http::request::Parts) {
        span.set_operation_name("a call");
    }
}

#[tokio::test]
async fn a_decorator_has_the_last_word() {
    let fixture = Fixture::with(MockTracer::new(), |layer| layer.decorator(Named)).await;
    let span = span_of(&fixture, "/no.such.Service/Get").await;
    assert_eq!(&*span.operation_name, "a call");
    check_tags(&span, &[("rpc.method", "_OTHER")]);
}
