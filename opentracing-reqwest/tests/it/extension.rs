//! One traced request of a client that is not wrapped.

use opentracing_core::mock::MockTracer;
use opentracing_reqwest::RequestBuilderExt;

use crate::server::{OK, Server};
use crate::support::{Refusing, only_span, resolving, tag};

#[tokio::test]
async fn traces_one_request() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let client = resolving(&[]).build().unwrap();
    {
        let _scope = mock.tracer().span("checkout").start_active();
        client.get(server.url("/")).send_traced(mock.tracer())
    }
    .await
    .unwrap()
    .text()
    .await
    .unwrap();
    mock.assert_tree("checkout\n  GET (client)\n");
    assert!(server.request().header("traceparent").is_some());
}

#[tokio::test]
async fn takes_options() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let client = resolving(&[]).build().unwrap();
    let request = client.get(server.url("/42")).traced(mock.tracer());
    let request = request.operation_name("GET /{id}").peer_service("books").without_propagation().resend_count(1);
    request.send().await.unwrap().text().await.unwrap();
    let span = only_span(&mock);
    assert_eq!(&*span.operation_name, "GET /{id}");
    assert_eq!(tag(&span, "peer.service").as_deref(), Some("books"));
    assert_eq!(tag(&span, "http.request.resend_count").as_deref(), Some("1"));
    assert!(server.request().trace_headers().is_empty());
}

#[tokio::test]
async fn fails_with_the_call() {
    let refusing = Refusing::new();
    let mock = MockTracer::new();
    let client = resolving(&[]).build().unwrap();
    assert!(client.get("no url").send_traced(mock.tracer()).await.is_err());
    assert!(mock.finished_spans().is_empty());
    assert!(client.get(refusing.url()).send_traced(mock.tracer()).await.is_err());
    assert!(only_span(&mock).is_failed);
}
