//! What decorators are told, and what they may do.

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, Span, Tracer};
use opentracing_reqwest::{HttpFailure, ReqwestDecorator, TracingClient};
use reqwest::{Request, Response};

use crate::server::{Answer, OK, Server};
use crate::support::{Refusing, builder, only_span, resolving, tag};

/// Remembers what it was told.
#[derive(Clone, Default)]
struct Witness(Arc<Mutex<Vec<&'static str>>>);

impl Witness {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    #[track_caller]
    fn check(&self, expected: &[&str]) {
        assert_eq!(std::mem::take(&mut *self.0.lock().unwrap()), expected);
    }
}

impl ReqwestDecorator for Witness {
    fn on_request(&self, _: &mut Span, _: &Request) {
        self.note("request");
    }

    fn on_response(&self, _: &mut Span, _: &Response) {
        self.note("response");
    }

    fn on_error(&self, _: &mut Span, failure: &HttpFailure<'_>) {
        self.note(match failure {
            HttpFailure::Service(error) if error.downcast_ref::<reqwest::Error>().is_some() => "failed",
            HttpFailure::Body(error) if error.downcast_ref().is_some_and(reqwest::Error::is_body) => "failed in body",
            HttpFailure::Cancelled => "cancelled",
            HttpFailure::Aborted => "aborted",
            _ => "something else",
        });
    }
}

#[tokio::test]
async fn are_told_each_station_once() {
    let refusing = Refusing::new();
    let server = Server::start(|request| match &*request.path {
        "/part" => Answer::Part("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab".into()),
        "/cut" => Answer::Last("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab".into()),
        _ => OK.into(),
    })
    .await;
    // Also of a span that is not recorded.
    for sampler in [ConstSampler::on(), ConstSampler::off()] {
        let mock = MockTracer::with(|builder| builder.sampler(sampler));
        let witness = Witness::default();
        let client = builder(&mock, &[]).decorator(witness.clone()).build().unwrap();
        client.get(server.url("/")).send().await.unwrap().text().await.unwrap();
        witness.check(&["request", "response"]);
        client.get(server.url("/cut")).send().await.unwrap().text().await.unwrap_err();
        witness.check(&["request", "response", "failed in body"]);
        drop(client.get(server.url("/")).send().await.unwrap());
        witness.check(&["request", "response"]);
        client.get(server.url("/part")).send().await.unwrap().chunk().await.unwrap();
        witness.check(&["request", "response", "aborted"]);
        client.get(refusing.url()).send().await.unwrap_err();
        witness.check(&["request", "failed"]);
        let mut call = Box::pin(client.get(server.url("/")).send());
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(call);
        witness.check(&["request", "cancelled"]);
    }
}

#[tokio::test]
async fn are_told_nothing_without_a_tracer() {
    let server = Server::start(|_| OK).await;
    let witness = Witness::default();
    let client = TracingClient::from_client(resolving(&[]).build().unwrap()).tracer(Tracer::noop());
    client.decorator(witness.clone()).build().get(server.url("/")).send().await.unwrap().text().await.unwrap();
    witness.check(&[]);
}

#[tokio::test]
async fn are_told_nothing_after_a_panic() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let witness = Witness::default();
    let call = builder(&mock, &[]).decorator(witness.clone()).build().unwrap().get(server.url("/")).send();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _call = call;
        std::panic::resume_unwind(Box::new("the caller's own affair"));
    }));
    assert!(caught.is_err());
    witness.check(&["request"]);
}

/// Writes what it sees.
struct Writer(&'static str);

impl ReqwestDecorator for Writer {
    fn on_request(&self, span: &mut Span, request: &Request) {
        span.set_tag("request.path", request.url().path()).set_operation_name(self.0);
    }

    fn on_response(&self, span: &mut Span, response: &Response) {
        span.set_tag("response.server", response.headers()["server"].to_str().unwrap()).set_tag("component", self.0);
    }
}

#[tokio::test]
async fn have_the_last_word_in_their_order() {
    let mock = MockTracer::new();
    let server = Server::start(|_| "HTTP/1.1 200 OK\r\nserver: me\r\ncontent-length: 0\r\n\r\n").await;
    let client = builder(&mock, &[]).decorator(Writer("first")).decorator(Writer("second")).build().unwrap();
    client.get(server.url("/books")).send().await.unwrap();
    let span = only_span(&mock);
    assert_eq!(&*span.operation_name, "second");
    for (key, value) in [("request.path", "/books"), ("response.server", "me"), ("component", "second")] {
        assert_eq!(tag(&span, key).as_deref(), Some(value));
    }
}

#[tokio::test]
async fn may_keep_a_trace_from_the_answer_on() {
    struct KeepTeapots;

    impl ReqwestDecorator for KeepTeapots {
        fn on_response(&self, span: &mut Span, response: &Response) {
            if response.status() == reqwest::StatusCode::IM_A_TEAPOT {
                span.set_tag("sampling.priority", 1);
            }
        }
    }

    let server = Server::start(|_| crate::server::status(418)).await;
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::off()));
    let client = builder(&mock, &[]).decorator(KeepTeapots).build().unwrap();
    client.get(server.url("/")).send().await.unwrap().text().await.unwrap();
    assert_eq!(&*only_span(&mock).operation_name, "GET");
}
