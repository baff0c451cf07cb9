//! The routes of one trace.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use opentracing_core::TraceId;

use crate::analysis::Group;
use crate::pages::PageState;
use crate::pages::filter::Pairs;
use crate::pages::format::{Length, Moment};
use crate::pages::frame::{Frame, page, problem};
use crate::pages::palette::Palette;
use crate::pages::trace::details::Details;
use crate::pages::trace::rows::{PAGE_ROWS, RowView};
use crate::pages::trace::statistics::Operation;
use crate::pages::trace::view::View;

#[derive(Template)]
#[template(path = "trace.html")]
struct TracePage {
    frame: Frame,
    id: String,
    title: String,
    class: String,
    service: String,
    start: Moment,
    datetime: String,
    length: Length,
    ticks: Vec<Tick>,
    count: usize,
    failed: usize,
    services: Vec<(String, String)>,
    depth: usize,
    missing: Vec<String>,
    missing_count: usize,
    is_partial: bool,
    retries: usize,
    shifts: usize,
    is_adjusted: bool,
    groups: Vec<GroupView>,
    rows: Vec<RowView>,
    page: usize,
    pages: usize,
    is_lost: bool,
    details: Option<Details>,
    statistics: Vec<Operation>,
    columns: String,
}

/// A line on the time axis.
struct Tick {
    /// Its place in per cent.
    x: u64,
    at: Length,
}

/// Like siblings, which may be a query in a loop.
struct GroupView {
    count: usize,
    name: String,
    parent: String,
    total: Length,
    first: String,
}

/// Lines on the time axis.
const TICKS: u64 = 4;
/// More are only counted.
const SHOWN_GROUPS: usize = 5;
const SHOWN_MISSING: usize = 5;

/// The trace with its span `?span=`, with clocks adjusted for `?clocks=adjusted`.
pub(crate) async fn trace(
    State(state): State<PageState>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    frame: Frame,
) -> Response {
    let pairs = Pairs::parse(query.as_deref());
    let palette = state.palette.clone();
    let (own, asked) = (frame.clone(), pairs.clone());
    match view(&state, &id, &pairs, move |view| trace_page(view, own, &asked, &palette)).await {
        Ok(found) => page(&found),
        Err(StatusCode::NOT_FOUND) => {
            let text =
                format!("The viewer does not have the trace {id}. It has not arrived, or was dropped for newer ones.");
            problem(frame, StatusCode::NOT_FOUND, "No such trace", text)
        }
        Err(status) => status.into_response(),
    }
}

/// The details of a span, for the panel.
pub(crate) async fn span(
    State(state): State<PageState>,
    Path((id, span)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let pairs = Pairs::parse(query.as_deref());
    let palette = state.palette.clone();
    let row = pairs.get("row").and_then(|row| row.parse::<usize>().ok());
    let details = view(&state, &id, &pairs, move |view| {
        // Two spans may have one id.
        let is_it = |row: &usize| view.tree.rows().len() > *row && view.span(*row).span_id.to_string() == span;
        let row = row.filter(is_it).or_else(|| view.row_of(&span))?;
        view.details(row, &palette).render().ok()
    });
    match details.await {
        Ok(Some(html)) => ([(CACHE_CONTROL, "no-store")], Html(html)).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(status) => status.into_response(),
    }
}

/// The rows that match `?text=`, as JSON.
pub(crate) async fn find(
    State(state): State<PageState>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let pairs = Pairs::parse(query.as_deref());
    let text = pairs.get("text").unwrap_or_default().to_owned();
    let found = view(&state, &id, &pairs, move |view| {
        serde_json::json!({ "count": view.tree.rows().len(), "rows": view.find(&text) }).to_string()
    });
    match found.await {
        Ok(json) => ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], json).into_response(),
        Err(status) => status.into_response(),
    }
}

/// Reads a trace and computes an answer from it, on a thread that may block.
async fn view<T: Send + 'static>(
    state: &PageState,
    id: &str,
    pairs: &Pairs,
    answer: impl FnOnce(&View) -> T + Send + 'static,
) -> Result<T, StatusCode> {
    let id: TraceId = id.parse().map_err(|_| StatusCode::NOT_FOUND)?;
    let adjust_clocks = pairs.get("clocks") == Some("adjusted");
    let found = state.app.ask(move |store| store.trace(id).map(|trace| answer(&View::new(trace, adjust_clocks)))).await;
    found.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?.ok_or(StatusCode::NOT_FOUND)
}

fn trace_page(view: &View, frame: Frame, pairs: &Pairs, palette: &Palette) -> TracePage {
    let rows = view.tree.rows();
    let wanted = pairs.get("span");
    let selected = wanted.and_then(|span| view.row_of(span));
    let asked = pairs.get("page").and_then(|page| page.parse::<usize>().ok()).map(|page| page.saturating_sub(1));
    let page = asked.or(selected.map(|row| row / PAGE_ROWS)).unwrap_or(0);
    let mut services: Vec<&str> = view.trace.spans.iter().map(|span| span.service().as_str()).collect();
    services.sort_unstable();
    services.dedup();
    // The root that the list names, too.
    let is_root = |row: &usize| view.span(*row).parent_id.is_none();
    let root = view.span(view.tree.roots().find(is_root).or_else(|| view.tree.roots().next()).unwrap_or(0));
    let missing = view.tree.missing_parents();
    let group = |group: &Group| GroupView {
        count: group.count,
        name: view.span(group.first).name.to_string(),
        parent: view.span(group.parent).name.to_string(),
        total: Length(group.total_ns),
        first: view.span(group.first).span_id.to_string(),
    };
    let tick = |tick: u64| Tick { x: tick * 100 / TICKS, at: Length(view.length_ns() / TICKS * tick) };
    TracePage {
        id: view.trace.id.to_string(),
        title: root.name.to_string(),
        class: palette.class(root.service()),
        service: root.service().to_string(),
        start: Moment(view.bounds.0),
        datetime: Moment(view.bounds.0).rfc3339(),
        length: Length(view.length_ns()),
        ticks: (0..TICKS).map(tick).collect(),
        count: rows.len(),
        failed: view.trace.spans.iter().filter(|span| span.is_failed).count(),
        services: services.into_iter().map(|service| (palette.class(service), service.to_owned())).collect(),
        depth: rows.iter().map(|row| row.depth + 1).max().unwrap_or(0),
        missing: missing.iter().take(SHOWN_MISSING).map(|id| format!("{id:016x}")).collect(),
        missing_count: missing.len(),
        is_partial: view.trace.is_partial,
        retries: view.tree.retries(),
        shifts: view.shifts.len(),
        is_adjusted: view.is_adjusted,
        groups: view.groups.iter().take(SHOWN_GROUPS).map(group).collect(),
        rows: view.rows(page, selected, palette),
        page,
        pages: rows.len().div_ceil(PAGE_ROWS),
        is_lost: wanted.is_some() && selected.is_none(),
        details: selected.map(|row| view.details(row, palette)),
        statistics: view.statistics(palette),
        columns: view.columns(palette),
        frame,
    }
}
