//! The receivers over HTTP.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use prost::Message;

use super::body::{decompress, is_gzip, media_type, read};
use super::error::Refusal;
use super::load::load;
use super::{Outcome, take};
use crate::decode::{self, Decoded, InvalidRequest};
use crate::state::AppState;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
const THRIFT: [&str; 2] = ["application/x-thrift", "application/vnd.apache.thrift.binary"];

/// The paths that take spans.
pub(crate) const PATHS: [&str; 3] = ["/v1/traces", "/api/v2/spans", "/api/traces"];

/// The paths of OTLP, Zipkin and Jaeger.
pub(crate) fn router(state: AppState) -> Router {
    Router::new()
        .route(PATHS[0], post(otlp))
        .route(PATHS[1], post(zipkin))
        .route(PATHS[2], post(jaeger))
        .route("/load", post(load))
        .with_state(state)
}

/// Answers in the format of the request (OTLP specification, "OTLP/HTTP Response").
async fn otlp(State(state): State<AppState>, headers: HeaderMap, body: Body) -> Response {
    let media_type = media_type(&headers);
    let is_json = media_type == JSON;
    let outcome = match media_type.as_str() {
        PROTOBUF => receive(&state, &headers, body, decode::otlp).await,
        JSON => receive(&state, &headers, body, decode::otlp_json).await,
        _ => Err(Refusal::MediaType),
    };
    match outcome {
        Ok(outcome) => answer(StatusCode::OK, is_json, &success(outcome)),
        Err(refusal) => {
            let status = RpcStatus { code: rpc_code(&refusal), message: refusal.message() };
            refusal.finish(answer(refusal.status(), is_json, &status))
        }
    }
}

async fn zipkin(State(state): State<AppState>, headers: HeaderMap, body: Body) -> Response {
    if media_type(&headers) != JSON {
        return Refusal::MediaType.into_response();
    }
    match receive(&state, &headers, body, decode::zipkin).await {
        Ok(_) => StatusCode::ACCEPTED.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn jaeger(State(state): State<AppState>, headers: HeaderMap, body: Body) -> Response {
    if !THRIFT.contains(&media_type(&headers).as_str()) {
        return Refusal::MediaType.into_response();
    }
    match receive(&state, &headers, body, decode::jaeger).await {
        Ok(_) => StatusCode::ACCEPTED.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

type Decode = fn(&[u8]) -> Result<Decoded, InvalidRequest>;

async fn receive(state: &AppState, headers: &HeaderMap, body: Body, decode: Decode) -> Result<Outcome, Refusal> {
    let limits = *state.limits();
    let is_gzip = is_gzip(headers)?;
    let mut held = state.budget().hold();
    let body = read(body, &limits, &mut held).await?;
    let (refusals, mut refused) = tokio::sync::oneshot::channel();
    let outcome = take(state, move || {
        // Part of the closure, so that the memory counts until the request has been decoded.
        let mut held = held;
        let body = if is_gzip { decompress(&body, limits.max_body_bytes, &mut held) } else { Ok(body) };
        let body = match body {
            Ok(body) => body,
            Err(refusal) => {
                let message = refusal.message();
                let _ = refusals.send(refusal);
                return Err(InvalidRequest::new(message));
            }
        };
        decode(&body)
    });
    match outcome.await {
        Some(Ok(outcome)) => Ok(outcome),
        Some(Err(invalid)) => Err(refused.try_recv().unwrap_or_else(|_| Refusal::Broken(invalid.to_string()))),
        None => Err(Refusal::Failed),
    }
}

pub(super) fn success(outcome: Outcome) -> ExportTraceServiceResponse {
    let is_partial = outcome.rejected > 0 || outcome.message.is_some();
    let partial_success = is_partial.then(|| ExportTracePartialSuccess {
        rejected_spans: outcome.rejected as i64,
        error_message: outcome.message.unwrap_or_default(),
    });
    ExportTraceServiceResponse { partial_success }
}

fn answer<T: Message + serde::Serialize>(status: StatusCode, is_json: bool, message: &T) -> Response {
    if is_json {
        let body = serde_json::to_vec(message).unwrap_or_default();
        (status, [(CONTENT_TYPE, JSON)], body).into_response()
    } else {
        (status, [(CONTENT_TYPE, PROTOBUF)], message.encode_to_vec()).into_response()
    }
}

/// `google.rpc.Status`, without details.
#[derive(Clone, PartialEq, Message, serde::Serialize)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

fn rpc_code(refusal: &Refusal) -> i32 {
    match refusal {
        Refusal::MediaType | Refusal::ContentEncoding | Refusal::Broken(_) => 3,
        Refusal::TooSlow => 4,
        Refusal::TooLarge { .. } => 8,
        Refusal::Failed => 13,
        Refusal::Busy => 14,
    }
}
