//! Files that the page loads.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::body::{media_type, read};
use super::error::Refusal;
use super::take;
use crate::decode::{Decoded, InvalidRequest};
use crate::export;
use crate::state::AppState;

/// Keeps the spans of a file, and answers with the page that shows them. For the viewer's own pages: other sites are refused here, also those
/// that may send spans.
pub(super) async fn load(State(state): State<AppState>, headers: HeaderMap, body: Body) -> Response {
    match keep(&state, &headers, body).await {
        Ok(location) => answer(StatusCode::OK, &json!({ "location": location })),
        Err(refusal) => {
            let problem = answer(refusal.status(), &json!({ "error": refusal.message() }));
            refusal.finish(problem)
        }
    }
}

async fn keep(state: &AppState, headers: &HeaderMap, body: Body) -> Result<String, Refusal> {
    if media_type(headers) != "application/json" {
        return Err(Refusal::MediaType);
    }
    let mut held = state.budget().hold();
    let body = read(body, state.limits(), &mut held).await?;
    let (found, location) = tokio::sync::oneshot::channel();
    let outcome = take(state, move || {
        // Part of the closure, so that the memory counts until the file has been read.
        let _held = held;
        let spans = export::load(&body).map_err(InvalidRequest::new)?;
        let first = spans.first().map(|span| span.trace_id);
        let only = first.filter(|id| spans.iter().all(|span| span.trace_id == *id));
        let _ = found.send(only.map_or("/".to_owned(), |id| format!("/traces/{id}")));
        Ok(Decoded { spans, ..Decoded::default() })
    });
    match outcome.await {
        Some(Ok(_)) => location.await.map_err(|_| Refusal::Failed),
        Some(Err(invalid)) => Err(Refusal::Broken(invalid.to_string())),
        None => Err(Refusal::Failed),
    }
}

fn answer(status: StatusCode, json: &serde_json::Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], json.to_string()).into_response()
}
