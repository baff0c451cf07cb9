//! What tracers and the viewer say of themselves.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::health::TracerHealth;
use crate::pages::PageState;
use crate::pages::filter::query_of;
use crate::pages::format::{Bytes, Moment, Share};
use crate::pages::frame::{Frame, page};
use crate::store::StoreStats;

#[derive(Template)]
#[template(path = "health.html")]
struct HealthPage {
    frame: Frame,
    tracers: Vec<Row>,
    stats: StoreStats,
    size: Bytes,
    max_size: Bytes,
    fill: String,
    oldest: Moment,
}

/// One tracer.
struct Row {
    /// The query of its operations.
    query: String,
    class: String,
    latest: Moment,
    sampled: Option<Share>,
    tracer: TracerHealth,
}

pub(super) async fn health(State(state): State<PageState>, frame: Frame) -> Response {
    let app = state.app.clone();
    let Some((tracers, stats)) = state.app.ask(move |store| (app.health(), store.stats())).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let row = |tracer: TracerHealth| Row {
        query: query_of([("service", tracer.service.as_str())]),
        class: state.palette.class(&tracer.service),
        latest: Moment(tracer.latest_unix_ns),
        sampled: tracer.local.as_ref().and_then(|local| local.sampled_share).map(Share),
        tracer,
    };
    page(&HealthPage {
        frame,
        tracers: tracers.into_iter().map(row).collect(),
        size: Bytes(stats.bytes as u64),
        max_size: Bytes(stats.max_bytes as u64),
        fill: format!("{:.1}", stats.bytes as f64 * 100.0 / stats.max_bytes.max(1) as f64),
        oldest: Moment(stats.oldest_unix_ns),
        stats,
    })
}
