//! The pages, each of which is a URL with its state, and works without scripts.

mod chart;
mod edges;
mod events;
mod files;
mod filter;
mod format;
mod frame;
mod health;
mod list;
mod nodes;
mod operation;
mod operations;
mod palette;
mod services;
mod trace;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use tokio::sync::Semaphore;

use crate::assets;
use crate::pages::palette::Palette;
use crate::state::AppState;

/// What pages share beside the store.
#[derive(Clone, Debug)]
struct PageState {
    app: AppState,
    palette: Arc<Palette>,
    /// Open streams of events.
    streams: Arc<Semaphore>,
}

impl FromRef<PageState> for AppState {
    fn from_ref(state: &PageState) -> AppState {
        state.app.clone()
    }
}

/// The routes of the pages.
pub(crate) fn router(app: AppState) -> Router {
    let state = PageState { app, palette: Arc::default(), streams: Arc::new(Semaphore::new(events::MAX_STREAMS)) };
    Router::new()
        .route("/", get(list::list))
        .route("/count", get(list::count))
        .route("/events", get(events::events))
        .route("/traces/{trace}", get(trace::trace))
        .route("/traces/{trace}/spans/{span}", get(trace::span))
        .route("/traces/{trace}/find", get(trace::find))
        .route("/traces/{trace}/otlp.json", get(files::trace_otlp))
        .route("/traces/{trace}/jaeger.json", get(files::trace_jaeger))
        .route("/export", get(files::filtered))
        .route("/services", get(services::services))
        .route("/operations", get(operations::operations))
        .route("/operation", get(operation::operation))
        .route("/health", get(health::health))
        .route("/theme", get(frame::set_theme))
        .route("/assets/{version}/{name}", get(assets::asset))
        .with_state(state)
}
