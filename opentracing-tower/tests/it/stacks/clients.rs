//! Stacks of clients.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use opentracing_core::mock::MockTracer;
use opentracing_tower::{CountResendsLayer, TracingClientLayer};
use tower::hedge::{Hedge, Policy as HedgePolicy};
use tower::retry::Policy;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_http::decompression::DecompressionLayer;
use tower_http::follow_redirect::FollowRedirectLayer;

use super::{hello, request};

fn traced() -> (MockTracer, TracingClientLayer) {
    let mock = MockTracer::new();
    let layer = TracingClientLayer::with_tracer(mock.tracer().clone());
    (mock, layer)
}

#[derive(Clone)]
struct Never;

impl<B, T> Policy<Request<B>, Response<T>, Infallible> for Never {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Request<B>, _: &mut Result<Response<T>, Infallible>) -> Option<Ready<()>> {
        None
    }

    fn clone_request(&mut self, _: &Request<B>) -> Option<Request<B>> {
        None
    }
}

impl<B> HedgePolicy<Request<B>> for Never {
    fn can_retry(&self, _: &Request<B>) -> bool {
        false
    }

    fn clone_request(&self, _: &Request<B>) -> Option<Request<B>> {
        None
    }
}

#[tokio::test]
async fn retries_and_redirects() {
    let (mock, layer) = traced();
    let client = ServiceBuilder::new()
        .layer(CountResendsLayer::new())
        .layer(FollowRedirectLayer::new())
        .retry(Never)
        .layer(layer)
        .service_fn(hello::<Full<Bytes>>);
    drop(client.oneshot(request()).await.unwrap());
    mock.assert_tree("GET (client)");
}

#[tokio::test(start_paused = true)]
async fn hedged_requests() {
    let (mock, layer) = traced();
    let client = layer.wrap(service_fn(hello::<Full<Bytes>>));
    let client = Hedge::new(client, Never, 10, 0.9, Duration::from_secs(1));
    drop(client.oneshot(request()).await.unwrap());
    mock.assert_tree("GET (client)");
}

#[tokio::test]
async fn boxed_clients_behind_a_buffer() {
    let (mock, layer) = traced();
    let client = ServiceBuilder::new()
        .map_response(|response: Response<_>| response.map(Body::new))
        .buffer(8)
        .concurrency_limit(4)
        .timeout(Duration::from_secs(9))
        .layer(layer)
        .layer(DecompressionLayer::new())
        .service_fn(|_: Request<Body>| ready(Ok::<_, Infallible>(Response::new(Body::empty()))));
    let client: BoxCloneSyncService<Request<Body>, Response<Body>, tower::BoxError> = BoxCloneSyncService::new(client);
    drop(client.oneshot(request()).await.unwrap());
    mock.assert_tree("GET (client)");
}

/// The client of a reverse proxy, which may be traced or not.
#[cfg(all(feature = "axum", feature = "hyper-util"))]
#[tokio::test]
async fn the_client_of_a_reverse_proxy() {
    use axum::Router;
    use axum::extract::{Request, State};
    use hyper_util::client::legacy::Client;
    use opentracing_tower::TracingClientService;

    type Proxied = TracingClientService<Client<hyper_util::client::legacy::connect::HttpConnector, Body>, Body>;
    let (mock, layer) = traced();
    let target = crate::support::serve(Router::new().fallback(async || "proxied")).await;
    let client: Proxied =
        layer.clone().axum_body().wrap(Client::builder(hyper_util::rt::TokioExecutor::new()).build_http());
    let forward = async move |State(client): State<Proxied>, mut request: Request| -> Response<Body> {
        *request.uri_mut() = format!("http://{target}/").parse().unwrap();
        client.request(request).await.unwrap()
    };
    let response = Router::new().fallback(forward).with_state(client).oneshot(request::<Body>()).await.unwrap();
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
    assert_eq!(body.to_bytes(), "proxied");
    mock.finished(1).await;
    mock.assert_tree("GET (client)");

    mock.reset();
    let optional = tower::util::option_layer(Some(layer.axum_body()));
    let plain = service_fn(|_: Request| ready(Ok::<_, Infallible>(Response::new(Body::empty()))));
    drop(ServiceBuilder::new().layer(optional).service(plain).oneshot(request::<Body>()).await.unwrap());
    mock.assert_tree("GET (client)");
}
