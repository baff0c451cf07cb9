//! News for open pages.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::StatusCode;
use http::header::RETRY_AFTER;
use tokio::sync::broadcast::error::RecvError;

use crate::pages::PageState;
use crate::store::Change;

/// Open pages at the same time. Each has one stream.
pub(super) const MAX_STREAMS: usize = 64;

/// Streams the changes of the store: an event `spans` with the ids of the traces that have new ones, or `missed` if the page is too slow
/// to hear of all of them.
pub(super) async fn events(State(state): State<PageState>) -> Response {
    let Ok(permit) = state.streams.clone().try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")]).into_response();
    };
    let changes = state.app.store().subscribe();
    // Tells the page that the stream is open, so that it counts from here on.
    let opened = Some(Event::default().event("open").data("{}"));
    let events = stream::unfold((changes, permit, opened), |(mut changes, permit, opened)| async move {
        if let Some(event) = opened {
            return Some((Ok::<_, Infallible>(event), (changes, permit, None)));
        }
        let event = match changes.recv().await {
            Ok(change) => Event::default().id(change.sequence.to_string()).event("spans").data(json(&change)),
            Err(RecvError::Lagged(_)) => Event::default().event("missed").data("{}"),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event), (changes, permit, None)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

/// Ids are hexadecimal, so nothing needs escapes.
fn json(change: &Change) -> String {
    let mut json = format!("{{\"spans\":{},\"more\":{},\"traces\":[", change.spans, change.has_more);
    for (index, id) in change.traces.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(json, "{comma}\"{id}\"");
    }
    json + "]}"
}
