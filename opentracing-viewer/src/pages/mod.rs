//! The pages.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;

use crate::state::AppState;
use crate::store::Store;

/// The routes of the pages.
pub(crate) fn router(state: AppState) -> Router {
    Router::new().route("/", get(summary)).with_state(state)
}

async fn summary(State(state): State<AppState>) -> Result<String, StatusCode> {
    let stats = state.ask(Store::stats).await.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    let seconds = state.started().elapsed().unwrap_or_default().as_secs();
    Ok(format!("{} spans in {seconds} s at {:?}\n", stats.spans, state.endpoints().http))
}
