//! Hooks, and metadata that become tags.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderName, request, response};
use http_body_util::{BodyExt, Full};
use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, Span};
use opentracing_tonic::{Cause, Ending, GrpcDecorator, MetadataTags, TracingClientLayer};
use tonic::body::Body;
use tonic::{Code, Request};
use tower::{ServiceExt, service_fn};

use crate::echo::UNARY;
use crate::support::{Fixture, check_tags, tag};

#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl GrpcDecorator for Diary {
    fn on_request(&self, span: &mut Span, request: &request::Parts) {
        span.set_operation_name("renamed");
        self.note(format!("request {}", request.uri.path()));
    }

    fn on_response(&self, _: &mut Span, response: &response::Parts) {
        self.note(format!("response {}", response.status.as_u16()));
    }

    fn on_end(&self, span: &mut Span, ending: &Ending<'_>) {
        span.set_tag("error", ending.code() == Code::NotFound);
        let trailers = ending.trailers().is_some_and(|trailers| trailers.contains_key("grpc-status"));
        self.note(format!("end {:?} {:?} {:?} {trailers}", ending.cause(), ending.code(), ending.message()));
    }
}

#[tokio::test]
async fn decorators_see_the_stations_of_a_call() {
    let diary = Diary::default();
    let fixture = Fixture::with(MockTracer::new(), |layer| layer.decorator(diary.clone())).await;
    let mut client = fixture.client();

    client.unary("hello").await.unwrap();
    let span = fixture.server_span(3).await;
    assert_eq!(&*span.operation_name, "renamed");
    let begin = ["request /acme.test.Echo/Unary", "response 200"];
    assert_eq!(diary.take(), [&begin[..], &["end Status Ok \"\" true"]].concat());

    fixture.mock.reset();
    client.unary("fail 5 no").await.unwrap_err();
    assert!(fixture.server_span(3).await.is_failed);
    assert_eq!(diary.take(), [&begin[..], &["end Status NotFound \"no\" true"]].concat());

    fixture.mock.reset();
    client.unary("panic").await.unwrap_err();
    fixture.server_span(3).await;
    assert_eq!(diary.take(), begin[..1]);
}

#[tokio::test]
async fn decorators_of_clients_see_what_went_wrong() {
    let diary = Diary::default();
    let fixture = Fixture::start().await;
    let mut client = fixture.client_with(|layer| layer.decorator(diary.clone()));
    let mut answers = client.server_stream("1 hang").await.unwrap();
    answers.message().await.unwrap().expect("a message");
    drop(answers);
    let noted = diary.take();
    let cause = format!("end {:?} Cancelled", Cause::Aborted);
    assert!(noted.len() == 3 && noted[2].starts_with(&cause), "{noted:?}");
}

#[tokio::test]
async fn decorators_see_how_a_call_ended_that_is_not_recorded() {
    let diary = Diary::default();
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::off()));
    let mut end = b"\x80\0\0\0\x0e".to_vec();
    end.extend_from_slice(b"grpc-status:10");
    for (content_type, status) in [("application/grpc-web", None), ("application/grpc", Some("10"))] {
        let body = if status.is_some() { Vec::new() } else { end.clone() };
        let service = service_fn(move |_: http::Request<Body>| {
            let mut answer = http::Response::builder().header("content-type", content_type);
            if let Some(status) = status {
                answer = answer.header("grpc-status", status);
            }
            let answer = answer.body(Full::new(Bytes::from(body.clone()))).unwrap();
            async move { Ok::<_, Infallible>(answer) }
        });
        let client = TracingClientLayer::with_tracer(mock.tracer().clone()).decorator(diary.clone()).wrap(service);
        let call = http::Request::post("/acme.test.Echo/Unary").body(Body::empty()).unwrap();
        client.oneshot(call).await.unwrap().into_body().collect().await.unwrap();
        let noted = ["request /acme.test.Echo/Unary", "response 200", "end Status Aborted \"\" true"];
        assert_eq!(diary.take(), noted, "{content_type}");
    }
    assert!(mock.finished_spans().is_empty());
}

#[tokio::test]
async fn only_named_metadata_become_tags() {
    let names = |names: [&'static str; 3]| names.map(HeaderName::from_static);
    let [tenant, token, absent] = names(["x-tenant", "x-token-bin", "x-absent"]);
    let [served_by, trailing, _] = names(["x-served-by", "grpc-message", "x-absent"]);
    let tags = MetadataTags::new().request(tenant).request(token).request(absent);
    let tags = tags.response(served_by).response(trailing);
    let fixture = Fixture::with(MockTracer::new(), |layer| layer.decorator(tags.clone())).await;
    let mut client = fixture.client_with(|layer| layer.decorator(tags));

    for message in ["hello", "fail 13 no"] {
        let mut call = Request::new(message.to_owned());
        call.metadata_mut().append("x-tenant", "acme".parse().unwrap());
        call.metadata_mut().append("x-tenant", "apex".parse().unwrap());
        call.metadata_mut().append_bin("x-token-bin", tonic::metadata::MetadataValue::from_bytes(b"\x00\xff"));
        call.metadata_mut().insert("authorization", "Bearer secret".parse().unwrap());
        // That the second fails is part of the test.
        let _ = client.send(UNARY, call).await;
        let (client, server) = fixture.spans(3).await;
        for span in [client, server] {
            check_tags(
                &span,
                &[
                    ("rpc.request.metadata.x-tenant", "acme, apex"),
                    ("rpc.request.metadata.x-token-bin", "<redacted>"),
                    ("rpc.request.metadata.x-absent", ""),
                ],
            );
            let (served_by, trailing) = if message == "hello" { ("echo", "") } else { ("", "no") };
            assert_eq!(tag(&span, "rpc.response.metadata.x-served-by"), served_by);
            assert_eq!(tag(&span, "rpc.response.metadata.grpc-message"), trailing);
            assert!(!format!("{span:?}").contains("secret"), "{span:?}");
        }
        fixture.mock.reset();
    }
}
