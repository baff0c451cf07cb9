//! Figures of operations.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::pages::PageState;
use crate::pages::chart::now_ns;
use crate::pages::filter::{Pairs, query_of};
use crate::pages::format::{Length, Share};
use crate::pages::frame::{Frame, page};
use crate::store::{OperationFigures, Scope};

#[derive(Template)]
#[template(path = "operations.html")]
struct OperationsPage {
    frame: Frame,
    minutes: u64,
    service: String,
    services: Vec<String>,
    rows: Vec<Row>,
    others: u64,
}

/// One operation in the table.
struct Row {
    class: String,
    service: String,
    name: String,
    kind: &'static str,
    link: String,
    count: u64,
    rate: String,
    failed: Share,
    p50: Length,
    p95: Length,
    p99: Length,
    total: Length,
}

/// More are left out.
const MAX_ROWS: usize = 300;
pub(super) const RANGES: [u64; 4] = [5, 15, 60, 1_440];

/// The time that a page looks back, in minutes.
pub(super) fn minutes(pairs: &Pairs) -> u64 {
    let asked = pairs.get("minutes").and_then(|minutes| minutes.parse().ok());
    asked.filter(|minutes| RANGES.contains(minutes)).unwrap_or(15)
}

pub(super) fn since(minutes: u64) -> u64 {
    now_ns().saturating_sub(minutes * 60_000_000_000)
}

pub(super) async fn operations(State(state): State<PageState>, RawQuery(query): RawQuery, frame: Frame) -> Response {
    let pairs = Pairs::parse(query.as_deref());
    let minutes = minutes(&pairs);
    let scope = Scope {
        from_unix_ns: Some(since(minutes)),
        service: pairs.get("service").map(str::to_owned),
        ..Scope::default()
    };
    let Some((figures, services)) = state.app.ask(move |store| (store.figures(&scope), store.services())).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let others = figures.others + figures.operations.len().saturating_sub(MAX_ROWS) as u64;
    let rows = figures.operations.into_iter().take(MAX_ROWS).map(|figures| row(&state, figures, minutes)).collect();
    page(&OperationsPage {
        frame,
        minutes,
        service: pairs.get("service").unwrap_or_default().to_owned(),
        services: services.iter().map(|service| service.to_string()).collect(),
        rows,
        others,
    })
}

fn row(state: &PageState, figures: OperationFigures, minutes: u64) -> Row {
    let quantile = |share| Length(figures.durations.quantile(share).unwrap_or(0));
    let (service, name) = (figures.service.to_string(), figures.name.to_string());
    let asked = [
        ("service", service.as_str()),
        ("operation", name.as_str()),
        ("kind", figures.kind.as_str()),
        ("minutes", &minutes.to_string()),
    ];
    Row {
        class: state.palette.class(&service),
        link: query_of(asked),
        kind: figures.kind.as_str(),
        count: figures.spans,
        rate: format!("{:.1}/min", figures.spans as f64 / minutes as f64),
        failed: Share(figures.failed as f64 / figures.spans.max(1) as f64),
        p50: quantile(0.5),
        p95: quantile(0.95),
        p99: quantile(0.99),
        total: Length(figures.durations.mean().saturating_mul(figures.spans)),
        service,
        name,
    }
}
