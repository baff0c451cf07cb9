//! One server span for each request, however many layers it passes.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use opentracing_core::Value;
use opentracing_core::mock::MockTracer;
use opentracing_tower::{TracingClientLayer, TracingLayer};
use tower::{ServiceExt, service_fn};

fn layer(mock: &MockTracer) -> TracingLayer {
    TracingLayer::with_tracer(mock.tracer().clone())
}

fn work(mock: &MockTracer) -> axum::routing::MethodRouter {
    let tracer = mock.tracer().clone();
    get(async move || tracer.span("work").start().finish())
}

async fn ask(app: Router, path: &str) -> Response {
    app.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
}

/// Asks twice for the path, and expects one span with that name each time, and that many repeated layers.
async fn check(mock: &MockTracer, app: Router, path: &str, name: &str, nested: u64) {
    mock.reset();
    let before = mock.tracer().stats().server_layers_nested;
    drop(ask(app, path).await);
    mock.assert_tree(&format!("{name} (server)\n  work\n"));
    assert_eq!(mock.tracer().stats().server_layers_nested - before, nested);
    assert_eq!(mock.tracer().report().to_string().contains("server layer applied twice"), before + nested > 0);
}

#[tokio::test]
async fn layers_of_routers() {
    let mock = MockTracer::new();
    let route = if cfg!(feature = "axum") { "GET /api/y/{id}" } else { "GET" };
    let api = || Router::new().route("/y/{id}", work(&mock)).layer(layer(&mock));
    check(&mock, Router::new().nest("/api", api()), "/api/y/7", route, 0).await;
    check(&mock, Router::new().nest("/api", api()).layer(layer(&mock)), "/api/y/7", route, 1).await;
    let route_layer = Router::new().route("/api/y/{id}", work(&mock)).route_layer(layer(&mock)).layer(layer(&mock));
    check(&mock, route_layer, "/api/y/7", route, 1).await;
    let thrice = Router::new().nest("/api", api().layer(layer(&mock))).layer(layer(&mock));
    check(&mock, thrice, "/api/y/7", route, 2).await;
}

/// The layer outside of a router learns the route from the layer inside, which makes no span.
#[tokio::test]
async fn the_inner_layer_knows_the_route() {
    let mock = MockTracer::new();
    let route = if cfg!(feature = "axum") { "GET /api/y/{id}" } else { "GET" };
    let api = Router::new().route("/y/{id}", work(&mock)).layer(layer(&mock));
    let app = Router::new().nest_service("/api", api).layer(layer(&mock));
    check(&mock, app, "/api/y/7", route, 1).await;
    let inner = Router::new().route("/api/y/{id}", work(&mock)).layer(layer(&mock));
    let app = Router::new().fallback_service(layer(&mock).wrap(inner));
    check(&mock, app, "/api/y/7", route, 1).await;
}

/// A gateway that hands the request to a service in the same process.
#[tokio::test]
async fn a_gateway_in_the_same_process() {
    let mock = MockTracer::new();
    let users = Router::new().route("/users/{id}", work(&mock)).layer(layer(&mock));
    let gateway = |users: Router| {
        let forward = service_fn(move |request: Request| users.clone().oneshot(request));
        Router::new().fallback_service(forward).layer(layer(&mock))
    };
    let name = if cfg!(feature = "axum") { "GET /users/{id}" } else { "GET" };
    check(&mock, gateway(users.clone()), "/users/7", name, 1).await;

    // A request of its own is another one, and what a traced client sends is served anew.
    mock.reset();
    let client = TracingClientLayer::with_tracer(mock.tracer().clone()).wrap(users.clone());
    let forward = service_fn(move |request: Request| client.clone().oneshot(request));
    let app = Router::new().fallback_service(forward).layer(layer(&mock));
    drop(ask(app, "http://shop.example/users/7").await);
    mock.assert_tree(&format!("GET (server)\n  GET (client)\n    {name} (server)\n      work\n"));

    mock.reset();
    let forward = service_fn(move |request: Request| {
        let sent = Request::get(request.uri().clone()).body(Body::empty()).unwrap();
        users.clone().oneshot(sent)
    });
    drop(ask(Router::new().fallback_service(forward).layer(layer(&mock)), "/users/7").await);
    assert_eq!(mock.finished_spans().iter().filter(|span| span.kind == opentracing_core::SpanKind::Server).count(), 2);
}

#[tokio::test]
async fn two_tracers_make_a_span_each() {
    let (mock, other) = (MockTracer::new(), MockTracer::new());
    let app = Router::new()
        .route("/", work(&mock))
        .layer(layer(&mock))
        .layer(layer(&other))
        .layer(layer(&mock))
        .layer(layer(&other));
    drop(ask(app, "/").await);
    let route = if cfg!(feature = "axum") { "GET /" } else { "GET" };
    mock.assert_tree(&format!("{route} (server)\n  work\n"));
    other.assert_tree(&format!("{route} (server)"));
    assert_eq!((mock.tracer().stats().server_layers_nested, other.tracer().stats().server_layers_nested), (1, 1));
}

#[tokio::test]
async fn the_decision_of_the_outer_layer_holds() {
    let mock = MockTracer::new();
    let app = Router::new().route("/", work(&mock)).layer(layer(&mock)).layer(layer(&mock).skip(|_| true));
    drop(ask(app, "/").await);
    mock.assert_tree("");
}

#[tokio::test]
async fn a_request_that_is_queued_between_the_layers() {
    let mock = MockTracer::new();
    let inner = tower::buffer::Buffer::new(layer(&mock).wrap(service_fn(hello)), 4);
    let response = layer(&mock).wrap(inner).oneshot(Request::new(Body::empty())).await.unwrap();
    drop(response);
    mock.assert_tree("GET (server)");
    assert_eq!(mock.span("GET").tag("http.status_code"), Some(Value::I64(200)));
}

async fn hello(_: Request) -> Result<Response, Infallible> {
    Ok(Response::new(Body::empty()))
}
