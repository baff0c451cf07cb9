//! `GET /call`: one hop in a chain of services.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use examples::BoxError;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::relay::{Relay, explain};

#[derive(Deserialize)]
pub(crate) struct Call {
    next: Option<String>,
    status: Option<u16>,
}

/// Calls `next` if given. Responds with `status`, the received headers, and the response of the next service.
pub(crate) async fn call(State(relay): State<Relay>, headers: HeaderMap, Query(call): Query<Call>) -> Response {
    let status = call.status.unwrap_or(200);
    let Some(status) = StatusCode::from_u16(status).ok().filter(|status| (200..600).contains(&status.as_u16())) else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "status must be from 200 to 599" }))).into_response();
    };
    let received: Vec<_> =
        headers.iter().map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())])).collect();
    let next = match call.next {
        Some(url) => next(&relay, &url).await,
        None => Value::Null,
    };
    (status, Json(json!({ "hop": "rust", "received": received, "next": next }))).into_response()
}

/// The response of the next service, with its body as JSON if possible, else as text; or the error.
async fn next(relay: &Relay, url: &str) -> Value {
    match fetch(relay, url).await {
        Ok((status, body)) => {
            let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
            json!({ "status": status.as_u16(), "body": body })
        }
        Err(error) => json!({ "error": explain(&*error) }),
    }
}

async fn fetch(relay: &Relay, url: &str) -> Result<(StatusCode, String), BoxError> {
    let response = relay.client.get(url).send().await?;
    Ok((response.status(), response.text().await?))
}
