//! Settings of a client beside peers, hosts and errors.

use std::time::Duration;

use http::HeaderName;
use opentracing_core::mock::MockTracer;
use opentracing_reqwest::{HeaderTags, TracingClient, TracingClientBuilder};
use reqwest::Method;

use crate::server::{OK, Server};
use crate::support::{builder, only_span, resolving, tag};

/// The span of one `GET`, whose response is read to its end.
async fn get(settings: impl FnOnce(TracingClientBuilder) -> TracingClientBuilder) -> opentracing_core::OwnedSpan {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let client = settings(builder(&mock, &[])).build().unwrap();
    client.get(server.url("/books")).header("x-tenant", "acme").send().await.unwrap().text().await.unwrap();
    only_span(&mock)
}

#[tokio::test]
async fn a_skipped_request_is_not_recorded_and_carries_the_decision() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let client = builder(&mock, &[]).skip(|request| request.url().path() == "/health").build().unwrap();
    client.get(server.url("/health")).send().await.unwrap().text().await.unwrap();
    assert!(mock.finished_spans().is_empty());
    assert!(server.request().header("traceparent").unwrap().ends_with("-00"));
    client.get(server.url("/")).send().await.unwrap().text().await.unwrap();
    only_span(&mock);
}

#[tokio::test]
async fn the_component_is_a_setting() {
    assert_eq!(tag(&get(|client| client).await, "component").as_deref(), Some("reqwest"));
    assert_eq!(tag(&get(|client| client.component("sdk")).await, "component").as_deref(), Some("sdk"));
}

#[tokio::test]
async fn headers_become_tags_on_request() {
    let tags = HeaderTags::new()
        .request(HeaderName::from_static("x-tenant"))
        .response(HeaderName::from_static("content-length"));
    let span = get(|client| client.decorator(tags)).await;
    assert_eq!(tag(&span, "http.request.header.x-tenant").as_deref(), Some("acme"));
    assert_eq!(tag(&span, "http.response.header.content-length").as_deref(), Some("2"));
    assert_eq!(tag(&get(|client| client).await, "http.request.header.x-tenant"), None);
}

#[tokio::test]
async fn further_methods_can_be_known() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let client = builder(&mock, &[]).known_method("PURGE").build().unwrap();
    for method in ["PURGE", "BREW"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        client.request(method, server.url("/")).send().await.unwrap().text().await.unwrap();
    }
    mock.assert_tree("PURGE (client)\n_OTHER (client)\n");
}

#[tokio::test]
async fn a_stream_may_end_with_its_head() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let client = builder(&mock, &[]).end_at_head(|response| response.url().path() == "/events").build().unwrap();
    let events = client.get(server.url("/events")).send().await.unwrap();
    assert_eq!(tag(&only_span(&mock), "http.outcome"), None);
    drop(events);
    let other = client.get(server.url("/")).send().await.unwrap();
    assert_eq!(mock.finished_spans().len(), 1);
    drop(other);
}

#[tokio::test]
async fn sizes_are_recorded_on_request() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let sizes = |span: &opentracing_core::OwnedSpan| {
        ["http.request.body.size", "http.response.body.size"].map(|key| tag(span, key))
    };
    let client = builder(&mock, &[]).body_sizes().build().unwrap();
    client.post(server.url("/")).body("hello").send().await.unwrap().text().await.unwrap();
    assert_eq!(sizes(&only_span(&mock)), [Some("5".to_owned()), Some("2".to_owned())]);
    mock.reset();
    client.head(server.url("/")).send().await.unwrap();
    assert_eq!(sizes(&only_span(&mock)), [None, Some("0".to_owned())]);
    assert_eq!(sizes(&get(|client| client).await), [None, None]);
}

#[tokio::test]
async fn progress_is_logged_on_request() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab").await);
    let client = builder(&mock, &[]).progress_logs(Duration::from_secs(1)).build().unwrap();
    let mut response = client.get(server.url("/")).send().await.unwrap();
    mock.clock().advance(Duration::from_secs(2));
    assert_eq!(response.chunk().await.unwrap().unwrap(), "ab");
    drop(response);
    let span = only_span(&mock);
    let events: Vec<_> = span.logs.iter().map(|log| log.field("event").unwrap().to_string()).collect();
    assert_eq!(events, ["progress", "aborted"]);
    assert_eq!(span.logs[0].field("http.response.body.size"), Some(2_u64.into()));
}

#[tokio::test]
async fn a_ready_made_client_has_the_same_settings() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let ready_made = TracingClient::from_client(resolving(&[]).build().unwrap());
    let client = ready_made.tracer(mock.tracer().clone()).peer_service("catalog").component("sdk").build();
    client.get(server.url("/")).send().await.unwrap().text().await.unwrap();
    let span = only_span(&mock);
    assert_eq!(tag(&span, "peer.service").as_deref(), Some("catalog"));
    assert_eq!(tag(&span, "component").as_deref(), Some("sdk"));
}
