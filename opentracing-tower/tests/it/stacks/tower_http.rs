//! Under and over the layers of tower-http.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, SERVER};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use opentracing_tower::{RequestSizeLayer, TracingLayer};
use tower::{Layer, ServiceBuilder, service_fn};
use tower_http::ServiceBuilderExt;
use tower_http::add_extension::AddExtensionLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::decompression::{DecompressionLayer, RequestDecompressionLayer};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::map_response_body::MapResponseBodyLayer;
use tower_http::metrics::InFlightRequestsLayer;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::request_id::MakeRequestUuid;
use tower_http::sensitive_headers::SetSensitiveHeadersLayer;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::set_status::SetStatusLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, ResponseBodyTimeoutLayer, TimeoutLayer};
use tower_http::trace::TraceLayer;
use tower_http::validate_request::{ValidateRequest, ValidateRequestHeaderLayer};

use super::{check, hello, traced};

#[tokio::test]
async fn cors_outside() {
    let (mock, layer) = traced();
    let stack = CorsLayer::permissive().layer(layer.wrap(service_fn(hello::<Body>)));
    check(&mock, "GET", stack).await;
}

#[tokio::test]
async fn cors_inside() {
    let (mock, layer) = traced();
    check(&mock, "GET", layer.wrap(CorsLayer::permissive().layer(service_fn(hello::<Body>)))).await;
}

#[tokio::test]
async fn time_outs_of_request_and_bodies() {
    let (mock, layer) = traced();
    let time = Duration::from_secs(9);
    let stack = ServiceBuilder::new()
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, time))
        .layer(RequestBodyTimeoutLayer::new(time))
        .layer(layer)
        .layer(ResponseBodyTimeoutLayer::new(time))
        .service_fn(hello);
    check(&mock, "GET", stack).await;
}

#[tokio::test]
async fn compression_on_both_sides() {
    let (mock, layer) = traced();
    let stack = ServiceBuilder::new()
        .layer(CompressionLayer::new())
        .layer(layer)
        .layer(CompressionLayer::new())
        .service_fn(hello::<Body>);
    check(&mock, "GET", stack).await;
}

#[tokio::test]
async fn decompression_of_requests_and_responses() {
    let (mock, layer) = traced();
    let stack = ServiceBuilder::new()
        .layer(RequestDecompressionLayer::new())
        .layer(DecompressionLayer::new())
        .layer(layer)
        .service_fn(hello);
    check(&mock, "GET", stack).await;
}

#[tokio::test]
async fn catch_panic_on_both_sides() {
    let (mock, layer) = traced();
    let stack = ServiceBuilder::new()
        .layer(CatchPanicLayer::new())
        .layer(layer)
        .layer(CatchPanicLayer::custom(|_| Response::new(Full::<Bytes>::from("panicked"))))
        .service_fn(hello::<Body>);
    check(&mock, "GET", stack).await;
}

#[tokio::test]
async fn limits_and_sizes_of_requests() {
    let (mock, layer) = traced();
    let stack = ServiceBuilder::new()
        .layer(RequestBodyLimitLayer::new(4096))
        .layer(layer)
        .layer(RequestSizeLayer::new())
        .service_fn(hello);
    check(&mock, "GET", stack).await;
}

#[tokio::test]
async fn ids_and_headers() {
    let (mock, layer) = traced();
    let id = HeaderName::from_static("x-request-id");
    let stack = ServiceBuilder::new()
        .layer(SetSensitiveHeadersLayer::new([AUTHORIZATION]))
        .set_request_id(id.clone(), MakeRequestUuid)
        .propagate_request_id(id)
        .layer(SetResponseHeaderLayer::if_not_present(SERVER, HeaderValue::from_static("shop")))
        .layer(AddExtensionLayer::new("state"))
        .layer(layer)
        .propagate_header(HeaderName::from_static("x-tenant"))
        .service_fn(hello::<Body>);
    check(&mock, "GET", stack).await;
}

#[derive(Clone)]
struct ShopOnly;

impl ValidateRequest<Body> for ShopOnly {
    type ResponseBody = UnsyncBoxBody<Bytes, Infallible>;

    fn validate(&mut self, request: &mut Request<Body>) -> Result<(), Response<Self::ResponseBody>> {
        if request.uri().host() == Some("shop.example") { Ok(()) } else { Err(Response::default()) }
    }
}

#[tokio::test]
async fn authorization_outside() {
    let (mock, layer) = traced();
    let stack = ServiceBuilder::new()
        .layer(ValidateRequestHeaderLayer::custom(ShopOnly))
        .map_response_body(BodyExt::boxed_unsync)
        .layer(layer)
        .service_fn(hello::<Body>);
    check(&mock, "GET", stack).await;
}

#[tokio::test]
async fn the_trace_layer_of_tower_http() {
    let (mock, layer) = traced();
    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(layer)
        .layer(TraceLayer::new_for_http())
        .service_fn(hello::<Body>);
    check(&mock, "GET", stack).await;
}

#[tokio::test]
async fn mapped_bodies_and_statuses() {
    let (mock, layer) = traced();
    let (in_flight, _) = InFlightRequestsLayer::pair();
    let stack = ServiceBuilder::new()
        .layer(in_flight)
        .layer(SetStatusLayer::new(StatusCode::ACCEPTED))
        .layer(MapResponseBodyLayer::new(Body::new))
        .layer(NormalizePathLayer::trim_trailing_slash())
        .layer(layer)
        .service_fn(hello::<Body>);
    check(&mock, "GET", stack).await;
}

#[tokio::test]
async fn a_folder() {
    let (mock, layer) = traced();
    let files = ServeDir::new("tests").fallback(service_fn(hello));
    check(&mock, "GET", layer.wrap(files)).await;
}

#[test]
fn the_layer_is_kept_in_a_builder() {
    let builder = ServiceBuilder::new().layer(TracingLayer::new()).layer(CorsLayer::permissive());
    let service = builder.clone().service(service_fn(hello::<Body>));
    drop((builder, service.clone(), service));
}
