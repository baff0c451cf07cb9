//! Stacks in the shapes that services are built in: a traced service fits wherever the untraced one did, and records one server span.

#[cfg(feature = "axum")]
mod axum;
mod clients;
mod hyper;
mod tower;
mod tower_http;

use std::convert::Infallible;
use std::fmt::Debug;

use ::axum::body::Body;
use ::tower::ServiceExt;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use opentracing_core::mock::MockTracer;
use opentracing_core::{SpanKind, Value};
use opentracing_tower::TracingLayer;
use tower_service::Service;

/// A tracer of its own, and a layer with it.
fn traced() -> (MockTracer, TracingLayer) {
    let mock = MockTracer::new();
    let layer = TracingLayer::with_tracer(mock.tracer().clone());
    (mock, layer)
}

fn request<B: Default>() -> Request<B> {
    Request::get("http://shop.example/users/7").body(B::default()).unwrap()
}

/// A handler without a router.
async fn hello<B>(_: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("hello")))
}

/// Sends one request of axum's type.
async fn check<S, B>(mock: &MockTracer, name: &str, service: S)
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Debug,
    B: http_body::Body<Error: Debug>,
{
    check_any::<Body, _, _>(mock, name, service).await;
}

/// Sends one request, reads the response to its end, and looks for the one server span.
async fn check_any<R, S, B>(mock: &MockTracer, name: &str, service: S)
where
    R: Default,
    S: Service<Request<R>, Response = Response<B>>,
    S::Error: Debug,
    B: http_body::Body<Error: Debug>,
{
    let response = service.oneshot(request::<R>()).await.unwrap();
    assert!(response.status().is_success(), "{}", response.status());
    assert!(response.into_body().collect().await.is_ok());
    check_spans(mock, name).await;
}

/// The one server span of a request that has been answered.
async fn check_spans(mock: &MockTracer, name: &str) {
    let spans = mock.finished(1).await;
    let servers: Vec<_> = spans.iter().filter(|span| span.kind == SpanKind::Server).collect();
    assert_eq!(servers.len(), 1, "{}", mock.tree());
    let span = servers[0];
    assert_eq!(&*span.operation_name, name);
    let status = span.tag("http.status_code").and_then(|status| status.to_string().parse().ok());
    assert!(status.is_some_and(|status: u16| status < 300), "{status:?}");
    assert_eq!((span.is_failed, span.tag("http.outcome")), (false, None));
    assert!(span.tag("http.url").is_some_and(|url| matches!(url, Value::Str(url) if url.contains("/7"))));
    let stats = mock.tracer().stats();
    assert_eq!((stats.write_after_finish, stats.scopes_out_of_order), (0, 0));
}
