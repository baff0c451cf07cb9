//! Around and inside axum's router.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::handler::HandlerWithoutStateExt;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, any_service, get};
use axum::{BoxError, Extension, Router, ServiceExt};
use http::StatusCode;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use opentracing_core::mock::MockTracer;
use opentracing_tower::{MatchedPathLayer, TracingLayer};
use tokio::net::TcpListener;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceBuilder, steer::Steer};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::services::ServeDir;
use tower_http::timeout::TimeoutLayer;

use super::{check, check_spans, hello, traced};

const ROUTE: &str = "GET /users/{id}";

async fn user(Path(id): Path<u64>) -> String {
    format!("user {id}")
}

fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/users/{id}", get(user))
}

/// Serves on a port of its own, sends one request over it, and looks for the span.
macro_rules! check_served {
    ($mock:expr, $name:expr, |$listener:ident| $server:expr) => {{
        let $listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = $listener.local_addr().unwrap();
        tokio::spawn(async move { $server.await });
        ask($mock, $name, address).await;
    }};
}

async fn ask(mock: &MockTracer, name: &str, address: SocketAddr) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let response = client.get(format!("http://{address}/users/7").parse().unwrap()).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().slice(..), "user 7");
    check_spans(mock, name).await;
}

#[tokio::test]
async fn router_layer() {
    let (mock, layer) = traced();
    check(&mock, ROUTE, router().layer(layer)).await;
}

#[tokio::test]
async fn route_layer() {
    let (mock, layer) = traced();
    check(&mock, ROUTE, router().route_layer(layer)).await;
}

#[tokio::test]
async fn layer_of_one_method_router() {
    let (mock, layer) = traced();
    check(&mock, ROUTE, Router::new().route("/users/{id}", get(user).layer(layer))).await;
}

#[tokio::test]
async fn layer_of_one_handler() {
    use axum::handler::Handler;
    let (mock, layer) = traced();
    check(&mock, ROUTE, Router::new().route("/users/{id}", get(user.layer(layer)))).await;
}

#[tokio::test]
async fn nested_router_with_the_layer() {
    let (mock, layer) = traced();
    let users = Router::new().route("/{id}", get(user)).layer(layer);
    check(&mock, ROUTE, Router::new().nest("/users", users)).await;
}

#[tokio::test]
async fn merged_routers_of_which_one_has_the_layer() {
    let (mock, layer) = traced();
    check(&mock, ROUTE, Router::new().route("/health", get(async || {})).merge(router().layer(layer))).await;
}

#[tokio::test]
async fn nest_service_of_a_wrapped_router() {
    let (mock, layer) = traced();
    let users = Router::new().route("/{id}", get(user)).layer(MatchedPathLayer::new());
    check(&mock, ROUTE, Router::new().nest_service("/users", layer.wrap(users))).await;
}

#[tokio::test]
async fn fallback_service_of_a_wrapped_router() {
    let (mock, layer) = traced();
    check(&mock, ROUTE, Router::new().fallback_service(layer.wrap(router().layer(MatchedPathLayer::new())))).await;
}

#[tokio::test]
async fn route_service_of_a_wrapped_service() {
    let (mock, layer) = traced();
    let service = layer.wrap(tower::service_fn(hello::<Body>));
    check(&mock, ROUTE, Router::new().route_service("/users/{id}", service)).await;
}

#[tokio::test]
async fn any_service_of_a_wrapped_service() {
    let (mock, layer) = traced();
    let service = layer.wrap(tower::service_fn(hello::<Body>));
    check(&mock, ROUTE, Router::new().route("/users/{id}", any_service(service))).await;
}

#[tokio::test]
async fn router_with_state() {
    #[derive(Clone)]
    struct Shop(&'static str);
    let (mock, layer) = traced();
    let sell = async |State(shop): State<Shop>| shop.0;
    let router = Router::new().route("/users/{id}", get(sell)).layer(layer).with_state(Shop("shop"));
    check(&mock, ROUTE, router).await;
}

#[tokio::test]
async fn middleware_from_functions_on_both_sides() {
    async fn auth(request: Request, next: Next) -> Result<Response, StatusCode> {
        if request.uri().path() == "/secret" { Err(StatusCode::UNAUTHORIZED) } else { Ok(next.run(request).await) }
    }
    let (mock, layer) = traced();
    let stack = ServiceBuilder::new()
        .layer(middleware::from_fn(auth))
        .layer(layer)
        .layer(middleware::from_fn_with_state(7, async |State(_): State<u8>, request: Request, next: Next| {
            next.run(request).await
        }))
        .layer(middleware::map_request(async |request: Request| request))
        .layer(middleware::map_response(async |response: Response| response));
    check(&mock, ROUTE, router().layer(stack)).await;
}

#[tokio::test]
async fn middleware_from_an_extractor() {
    struct Anyone;
    impl<S: Sync> FromRequestParts<S> for Anyone {
        type Rejection = StatusCode;
        async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
            Ok(Anyone)
        }
    }
    let (mock, layer) = traced();
    check(&mock, ROUTE, router().layer(middleware::from_extractor::<Anyone>()).layer(layer)).await;
}

#[tokio::test]
async fn handled_errors_of_time_outs_and_load_shedding() {
    let (mock, layer) = traced();
    let stack = ServiceBuilder::new()
        .layer(layer)
        .layer(HandleErrorLayer::new(async |_: BoxError| StatusCode::SERVICE_UNAVAILABLE))
        .buffer(8)
        .load_shed()
        .concurrency_limit(4)
        .rate_limit(9, Duration::from_secs(1))
        .timeout(Duration::from_secs(9));
    check(&mock, ROUTE, router().layer(stack)).await;
}

#[tokio::test]
async fn handled_errors_with_the_layer_inside() {
    let (mock, layer) = traced();
    let stack = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(async |_: BoxError| StatusCode::SERVICE_UNAVAILABLE))
        .load_shed()
        .timeout(Duration::from_secs(9))
        .layer(layer);
    check(&mock, ROUTE, router().layer(stack)).await;
}

#[tokio::test]
async fn optional_layers() {
    let (mock, layer) = traced();
    let stack = ServiceBuilder::new()
        .option_layer(Some(layer.axum_body()))
        .option_layer(None::<TracingLayer<Body>>)
        .layer(Extension("state"));
    check(&mock, ROUTE, router().layer(stack)).await;
}

#[tokio::test]
async fn the_usual_stack() {
    let (mock, layer) = traced();
    let stack = ServiceBuilder::new()
        .layer(CorsLayer::permissive())
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(9)))
        .layer(layer)
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::new());
    check(&mock, ROUTE, router().layer(stack)).await;
}

#[tokio::test]
async fn serve_a_wrapped_router() {
    let (mock, layer) = traced();
    let app = layer.wrap(router().layer(MatchedPathLayer::new()));
    check_served!(&mock, ROUTE, |listener| axum::serve(listener, app));
}

#[tokio::test]
async fn serve_a_wrapped_router_until_a_signal() {
    let (mock, layer) = traced();
    let app = layer.wrap(router().layer(MatchedPathLayer::new()));
    check_served!(&mock, ROUTE, |listener| {
        axum::serve(listener, app).with_graceful_shutdown(std::future::pending())
    });
}

#[tokio::test]
async fn serve_a_wrapped_method_router() {
    let (mock, layer) = traced();
    check_served!(&mock, "GET", |listener| axum::serve(listener, layer.wrap(any(async || "user 7"))));
}

#[tokio::test]
async fn serve_with_the_addresses_of_peers() {
    let (mock, layer) = traced();
    let app = layer.wrap(router().layer(MatchedPathLayer::new()));
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    check_served!(&mock, ROUTE, |listener| axum::serve(listener, app));
    assert!(mock.span(ROUTE).tag("peer.ipv4").is_some());
}

#[tokio::test]
async fn serve_a_wrapped_stack() {
    let (mock, layer) = traced();
    let stack = CompressionLayer::new().layer(router().layer(MatchedPathLayer::new()));
    check_served!(&mock, ROUTE, |listener| axum::serve(listener, layer.wrap(stack).into_make_service()));
}

#[tokio::test]
async fn serve_behind_a_normalized_path() {
    let (mock, layer) = traced();
    let app = layer.axum_body().wrap(router().layer(MatchedPathLayer::new()));
    let app = NormalizePathLayer::trim_trailing_slash().layer(app);
    check_served!(&mock, ROUTE, |listener| axum::serve(listener, ServiceExt::<Request>::into_make_service(app)));
}

#[tokio::test]
async fn serve_a_steered_pair_of_apps() {
    let (mock, layer) = traced();
    let traced = BoxCloneSyncService::new(layer.axum_body().wrap(router().layer(MatchedPathLayer::new())));
    let plain: BoxCloneSyncService<Request, Response, Infallible> = BoxCloneSyncService::new(Router::new());
    let by_path = |request: &Request, _: &[_]| usize::from(request.uri().path() == "/plain");
    let app = Steer::new([traced, plain], by_path);
    check_served!(&mock, ROUTE, |listener| axum::serve(listener, ServiceExt::<Request>::into_make_service(app)));
}

#[tokio::test]
async fn nested_folder_and_fallback_page() {
    let (mock, layer) = traced();
    let missing = async || (StatusCode::OK, "nothing here").into_response();
    let files = ServeDir::new("tests/it").fallback(missing.into_service());
    check(&mock, "GET /users/{*rest}", Router::new().nest_service("/users", files).layer(layer)).await;
}

#[test]
fn a_layered_router_is_a_router() {
    fn build() -> Router {
        let (_, layer) = traced();
        router().layer(layer.clone()).layer(layer)
    }
    fn in_a_test(app: Router) -> impl tower::Service<Request, Response = Response, Error = Infallible> + Clone + Send {
        app.into_service::<Body>()
    }
    drop(in_a_test(build()));
}
