//! `POST` to any path: the service that the W3C Trace Context test suite expects.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use opentracing_core::task::JoinSetExt;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::relay::{Relay, explain};

#[derive(Deserialize)]
struct Callback {
    url: String,
    #[serde(default)]
    arguments: Vec<Value>,
}

/// Posts the arguments of each element to its URL, concurrently. Responds when all calls are done, with `{}` or the errors.
pub(crate) async fn post(State(relay): State<Relay>, body: Bytes) -> Response {
    let callbacks: Vec<Callback> = match serde_json::from_slice(&body) {
        Ok(callbacks) => callbacks,
        Err(error) => return (StatusCode::BAD_REQUEST, Json(json!({ "error": error.to_string() }))).into_response(),
    };
    let mut calls = JoinSet::new();
    for callback in callbacks {
        let relay = relay.clone();
        // A task spawned with `spawn` would have no active span, and start a new trace.
        calls.spawn_in_active_span(async move { send(&relay, callback).await });
    }
    let mut errors = Vec::new();
    while let Some(call) = calls.join_next().await {
        errors.extend(call.unwrap_or_else(|error| Some(json!({ "error": error.to_string() }))));
    }
    Json(if errors.is_empty() { json!({}) } else { json!({ "errors": errors }) }).into_response()
}

/// Returns the error, if any.
async fn send(relay: &Relay, callback: Callback) -> Option<Value> {
    let request = relay.client.post(&callback.url).json(&callback.arguments);
    let error = match request.send().await {
        Ok(response) if response.status().is_success() => match response.bytes().await {
            Ok(_) => return None,
            Err(error) => explain(&error),
        },
        Ok(response) => format!("status {}", response.status()),
        Err(error) => explain(&error),
    };
    Some(json!({ "url": callback.url, "error": error }))
}
