//! The list of traces.

use std::net::SocketAddr;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::pages::PageState;
use crate::pages::chart::{Timeline, now_ns, ns_since_1970};
use crate::pages::filter::Filter;
use crate::pages::format::{Bytes, Length, Moment};
use crate::pages::frame::{Frame, page};
use crate::store::{Page, Query, StoreStats, Summary};

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    frame: Frame,
    filter: Filter,
    services: Vec<String>,
    rows: Vec<Row>,
    total: usize,
    /// The query of the next page.
    next: Option<String>,
    is_first: bool,
    timeline: Timeline,
    stats: StoreStats,
    size: Bytes,
    max_size: Bytes,
    started: Moment,
    http: Option<SocketAddr>,
    grpc: Option<SocketAddr>,
}

/// A trace in the list.
struct Row {
    id: String,
    time: Moment,
    datetime: String,
    service: String,
    class: String,
    name: String,
    duration: Length,
    /// The duration by the longest one of the page, in per cent.
    width: String,
    spans: usize,
    failed: usize,
    services: Vec<(String, String, usize)>,
    has_root: bool,
    is_partial: bool,
}

/// The minutes that the charts show.
const MINUTES: u64 = 15;
/// Services of a trace beyond these are counted.
const SHOWN_SERVICES: usize = 6;

pub(super) async fn list(State(state): State<PageState>, RawQuery(query): RawQuery, frame: Frame) -> Response {
    let filter = Filter::parse(query.as_deref());
    let (asked, scope) = (filter.query.clone(), filter.scope());
    let answer = state.app.ask(move |store| {
        let timeline = Timeline::read(store, scope, MINUTES, now_ns());
        (store.traces(&asked), store.services(), timeline, store.stats())
    });
    let Some((found, services, timeline, stats)) = answer.await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Page { traces, next, total, .. } = found;
    let longest = traces.iter().map(|trace| trace.duration_ns).max().unwrap_or(0);
    page(&ListPage {
        rows: traces.into_iter().map(|trace| row(&state, trace, longest)).collect(),
        services: services.iter().map(|service| service.to_string()).collect(),
        total,
        next: next.map(|cursor| filter.pairs.with("after", &cursor.to_string())),
        is_first: filter.query.after.is_none(),
        timeline,
        size: Bytes(stats.bytes as u64),
        max_size: Bytes(stats.max_bytes as u64),
        started: Moment(ns_since_1970(state.app.started())),
        stats,
        http: state.app.endpoints().http.first().copied(),
        grpc: state.app.endpoints().grpc.first().copied(),
        frame,
        filter,
    })
}

/// The number of matching traces as JSON, for the button that shows new ones.
pub(super) async fn count(State(state): State<PageState>, RawQuery(query): RawQuery) -> Response {
    let asked = Query { after: None, limit: 1, ..Filter::parse(query.as_deref()).query };
    match state.app.ask(move |store| (store.traces(&asked).total, store.stats().evicted)).await {
        Some((total, evicted)) => {
            let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
            (headers, format!("{{\"total\":{total},\"evicted\":{evicted}}}")).into_response()
        }
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn row(state: &PageState, trace: Summary, longest: u64) -> Row {
    let service = |(name, spans): &(crate::model::Text, usize)| (name.to_string(), state.palette.class(name), *spans);
    let time = Moment(trace.start_unix_ns);
    Row {
        id: trace.id.to_string(),
        time,
        datetime: time.rfc3339(),
        class: state.palette.class(&trace.service),
        service: trace.service.to_string(),
        name: trace.name.to_string(),
        duration: Length(trace.duration_ns),
        width: format!("{:.2}", trace.duration_ns as f64 * 100.0 / longest.max(1) as f64),
        spans: trace.spans,
        failed: trace.failed,
        services: trace.services.iter().map(service).collect(),
        has_root: trace.has_root,
        is_partial: trace.is_partial,
    }
}
