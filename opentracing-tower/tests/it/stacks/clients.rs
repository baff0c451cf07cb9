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
