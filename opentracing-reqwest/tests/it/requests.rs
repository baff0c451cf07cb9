//! Requests that are ready to be sent, with settings for their spans.

use opentracing_core::mock::MockTracer;
use opentracing_reqwest::{CallerContext, RequestExt, RequestOptions};
use reqwest::{Method, Request};
use tower_service::Service;

use crate::server::{OK, Server};
use crate::support::{client, only_span, tag};

fn get(server: &Server) -> Request {
    Request::new(Method::GET, server.url("/42").parse().unwrap())
}

#[tokio::test]
async fn a_request_may_have_a_name_and_a_peer() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let request = get(&server).operation_name("GET /{id}").peer_service("catalog");
    client(&mock, &[]).execute(request).await.unwrap().text().await.unwrap();
    let span = only_span(&mock);
    assert_eq!((&*span.operation_name, tag(&span, "peer.service").as_deref()), ("GET /{id}", Some("catalog")));
    assert!(!server.request().trace_headers().is_empty());
}

#[tokio::test]
async fn a_request_without_settings_is_sent_as_well() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    client(&mock, &[]).execute(get(&server)).await.unwrap().text().await.unwrap();
    assert_eq!(&*only_span(&mock).operation_name, "GET");
}

#[tokio::test]
async fn every_setting_holds() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let (client, caller) = (client(&mock, &[]), mock.tracer().span("caller").start());
    drop(client.execute(get(&server).untraced()).await.unwrap());
    let options = RequestOptions::new().operation_name("GET /{id}");
    let request = get(&server).untraced().options(options).caller(CallerContext::of(&caller)).without_propagation();
    caller.finish();
    drop(client.execute(request.try_clone().unwrap()).await.unwrap());
    drop(client.execute(request.into_inner()).await.unwrap());
    mock.assert_tree("caller\n  GET /{id} (client)\nGET (client)\n");
    let traced: Vec<_> = server.received().iter().map(|request| !request.trace_headers().is_empty()).collect();
    assert_eq!(traced, [false, false, true]);
}

#[tokio::test]
async fn a_builder_keeps_its_settings() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let client = client(&mock, &[]);
    let request = client.get(server.url("/42")).operation_name("GET /{id}").build_traced().unwrap();
    assert_eq!(request.get_ref().url().path(), "/42");
    drop(client.execute(request).await.unwrap());
    mock.assert_tree("GET /{id} (client)\n");
    assert!(client.get("no url").build_traced().is_err());
}

#[tokio::test]
async fn a_client_is_a_service() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let mut client = client(&mock, &[]);
    std::future::poll_fn(|cx| Service::<Request>::poll_ready(&mut client, cx)).await.unwrap();
    drop(client.call(get(&server)).await.unwrap());
    drop(client.call(get(&server).operation_name("GET /{id}")).await.unwrap());
    mock.assert_tree("GET (client)\nGET /{id} (client)\n");
}
