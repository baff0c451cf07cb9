//! Traces as downloads.

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use opentracing_core::TraceId;
use serde_json::Value as Json;

use crate::export::{jaeger_json, otlp_json};
use crate::model::Span;
use crate::pages::PageState;
use crate::pages::filter::Filter;
use crate::store::Query;

/// A trace as OTLP JSON.
pub(super) async fn trace_otlp(State(state): State<PageState>, Path(id): Path<String>) -> Response {
    trace(&state, &id, "otlp", otlp_json).await
}

/// A trace in the JSON of Jaeger.
pub(super) async fn trace_jaeger(State(state): State<PageState>, Path(id): Path<String>) -> Response {
    trace(&state, &id, "jaeger", jaeger_json).await
}

async fn trace(state: &PageState, id: &str, format: &str, write: fn(&[Span]) -> Json) -> Response {
    let Ok(id) = id.parse::<TraceId>() else { return StatusCode::NOT_FOUND.into_response() };
    let found =
        state.app.ask(move |store| store.trace(id).map(|trace| (trace.id, write(&trace.spans).to_string()))).await;
    match found {
        // The name consists of the id alone, whatever is in the spans.
        Some(Some((id, json))) => download(&format!("trace-{id}.{format}.json"), json),
        Some(None) => StatusCode::NOT_FOUND.into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The traces that match the filter of the list, as OTLP JSON: the newest [`Query::MAX_LIMIT`].
pub(super) async fn filtered(State(state): State<PageState>, RawQuery(query): RawQuery) -> Response {
    let asked = Query { limit: Query::MAX_LIMIT, ..Filter::parse(query.as_deref()).query };
    let found = state.app.ask(move |store| {
        let traces = store.traces(&asked).traces;
        let spans: Vec<Span> =
            traces.iter().filter_map(|row| store.trace(row.id)).flat_map(|trace| trace.spans).collect();
        otlp_json(&spans).to_string()
    });
    match found.await {
        Some(json) => download("traces.otlp.json", json),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn download(name: &str, json: String) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, json).into_response()
}
