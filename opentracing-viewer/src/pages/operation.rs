//! One operation: its durations, its slowest and failed traces, and how versions or times compare.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use opentracing_core::SpanKind;

use crate::analysis::{Calls, Comparison};
use crate::pages::PageState;
use crate::pages::chart::{Timeline, now_ns};
use crate::pages::filter::{Pairs, query_of};
use crate::pages::format::{Length, Moment, Share};
use crate::pages::frame::{Frame, page};
use crate::pages::operations::{minutes, since};
use crate::store::{Query, Scope, Status, Store, Summary};

#[derive(Template)]
#[template(path = "operation.html")]
struct OperationPage {
    frame: Frame,
    minutes: u64,
    class: String,
    service: String,
    operation: String,
    kind: String,
    by: String,
    timeline: Timeline,
    bars: Vec<HistogramBar>,
    sides: Vec<Side>,
    comparison: Option<Compared>,
    slowest: Vec<TraceRow>,
    failed: Vec<TraceRow>,
    all: String,
}

/// A bar of the histogram, in units of the drawing.
struct HistogramBar {
    x: usize,
    y: String,
    height: String,
    label: Length,
    count: u64,
}

/// The calls with one value of a tag, or of one range of time.
struct Side {
    name: String,
    calls: Calls,
    failed: Share,
    p50: Length,
    p90: Length,
    p99: Length,
}

/// The last side by the one before.
struct Compared {
    before: String,
    after: String,
    is_meaningful: bool,
    p50: String,
    p90: String,
    p99: Option<String>,
    failed: String,
}

struct TraceRow {
    id: String,
    time: Moment,
    datetime: String,
    name: String,
    duration: Length,
}

/// The tag that calls are told apart by if the user names none.
const DEFAULT_TAG: &str = "service.version";
/// Compares the newer half of the time with the older half.
const TIME: &str = "time";
/// Spans whose tag is read, the newest.
const MAX_SPANS: usize = 200_000;
/// Values of a tag beyond these are left out.
const MAX_SIDES: usize = 20;
const LISTED: usize = 10;
const HISTOGRAM: (usize, f64) = (600, 100.0);

pub(super) async fn operation(State(state): State<PageState>, RawQuery(query): RawQuery, frame: Frame) -> Response {
    let pairs = Pairs::parse(query.as_deref());
    let text = |key| pairs.get(key).unwrap_or_default().to_owned();
    let (service, operation, kind) = (text("service"), text("operation"), text("kind"));
    let minutes = minutes(&pairs);
    let by = pairs.get("by").unwrap_or(DEFAULT_TAG).trim().to_owned();
    let scope = Scope {
        from_unix_ns: Some(since(minutes)),
        service: Some(service.clone()),
        operation: Some(operation.clone()),
        kind: SpanKind::from_tag(&kind),
        ..Scope::default()
    };
    let tag = by.clone();
    let Some(found) = state.app.ask(move |store| Found::read(store, &scope, &tag, minutes)).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let wanted = |key: &str, default: Option<usize>| {
        let named = found.sides.iter().position(|(name, _)| pairs.get(key) == Some(name));
        named.or(default).and_then(|index| found.sides.get(index))
    };
    let (before, after) =
        (wanted("before", found.sides.len().checked_sub(2)), wanted("after", found.sides.len().checked_sub(1)));
    let comparison =
        before.zip(after).filter(|(before, after)| before.0 != after.0).map(|(before, after)| compared(before, after));
    page(&OperationPage {
        class: state.palette.class(&service),
        all: query_of([("service", service.as_str()), ("operation", operation.as_str()), ("kind", kind.as_str())]),
        bars: histogram(&found.timeline_calls),
        sides: found.sides.iter().map(side).collect(),
        comparison,
        slowest: found.slowest.into_iter().map(trace_row).collect(),
        failed: found.failed.into_iter().map(trace_row).collect(),
        timeline: found.timeline,
        frame,
        minutes,
        service,
        operation,
        kind,
        by,
    })
}

/// What the store says of an operation.
struct Found {
    timeline: Timeline,
    timeline_calls: Calls,
    sides: Vec<(String, Calls)>,
    slowest: Vec<Summary>,
    failed: Vec<Summary>,
}

impl Found {
    fn read(store: &Store, scope: &Scope, by: &str, minutes: u64) -> Found {
        let mut calls = Calls::default();
        for figures in store.figures(scope).operations {
            calls.merge(&Calls { failed: figures.failed, durations: figures.durations });
        }
        let query = Query {
            service: scope.service.clone(),
            operation: scope.operation.clone(),
            kind: scope.kind,
            from_unix_ns: scope.from_unix_ns,
            limit: LISTED,
            ..Query::default()
        };
        let slow = Query { min_duration_ns: Some(calls.quantile(0.95)), limit: Query::MAX_LIMIT, ..query.clone() };
        let mut slowest = store.traces(&slow).traces;
        slowest.sort_by_key(|trace| std::cmp::Reverse(trace.duration_ns));
        slowest.truncate(LISTED);
        let failed = store.traces(&Query { status: Status::Failed, ..query }).traces;
        let sides = if by == TIME { halves(store, scope, minutes) } else { values(store, scope, by) };
        let timeline = Timeline::read(store, scope.clone(), minutes, now_ns());
        Found { timeline, timeline_calls: calls, sides, slowest, failed }
    }
}

/// The older and the newer half of the time.
fn halves(store: &Store, scope: &Scope, minutes: u64) -> Vec<(String, Calls)> {
    let middle = since(minutes) + minutes * 30_000_000_000;
    let range = |name: &str, scope: Scope| {
        let mut calls = Calls::default();
        for figures in store.figures(&scope).operations {
            calls.merge(&Calls { failed: figures.failed, durations: figures.durations });
        }
        (name.to_owned(), calls)
    };
    vec![
        range("older half", Scope { until_unix_ns: Some(middle), ..scope.clone() }),
        range("newer half", Scope { from_unix_ns: Some(middle), ..scope.clone() }),
    ]
}

/// The calls by the value of a tag of the span or of its process, in the order of their first spans.
fn values(store: &Store, scope: &Scope, tag: &str) -> Vec<(String, Calls)> {
    let mut found: BTreeMap<String, (u64, Calls)> = BTreeMap::new();
    let mut read = 0;
    store.for_each_trace(scope, |trace| {
        for (index, row) in trace.rows().iter().enumerate() {
            let is_other = scope.kind.is_some_and(|kind| kind != row.kind)
                || scope.from_unix_ns.is_some_and(|from| row.start_unix_ns < from)
                || Some(trace.service(index).as_str()) != scope.service.as_deref()
                || Some(trace.name(index).as_str()) != scope.operation.as_deref();
            if is_other || read >= MAX_SPANS {
                continue;
            }
            read += 1;
            let value = trace.tag(index, tag).map_or("(none)".to_owned(), |value| value.to_string());
            let (first, calls) = found.entry(value).or_insert((u64::MAX, Calls::default()));
            *first = row.start_unix_ns.min(*first);
            calls.add(row.duration_ns, row.is_failed);
        }
    });
    let mut sides: Vec<_> = found.into_iter().collect();
    sides.sort_by_key(|(_, (first, _))| *first);
    let surplus = sides.len().saturating_sub(MAX_SIDES);
    sides.into_iter().skip(surplus).map(|(name, (_, calls))| (name, calls)).collect()
}

fn side((name, calls): &(String, Calls)) -> Side {
    Side {
        name: name.clone(),
        failed: Share(calls.failed_share()),
        p50: Length(calls.quantile(0.5)),
        p90: Length(calls.quantile(0.9)),
        p99: Length(calls.quantile(0.99)),
        calls: calls.clone(),
    }
}

fn compared(before: &(String, Calls), after: &(String, Calls)) -> Compared {
    let comparison = Comparison { before: before.1.clone(), after: after.1.clone() };
    let ratio = |share| comparison.ratio(share).map_or("–".to_owned(), |ratio| format!("× {ratio:.2}"));
    Compared {
        before: before.0.clone(),
        after: after.0.clone(),
        is_meaningful: comparison.is_meaningful(),
        p50: ratio(0.5),
        p90: ratio(0.9),
        p99: comparison.has_p99().then(|| ratio(0.99)),
        failed: format!("{:+.1} points", comparison.failed_growth() * 100.0),
    }
}

/// Powers of two, from the first with a call to the last.
fn histogram(calls: &Calls) -> Vec<HistogramBar> {
    let mut octaves: BTreeMap<u32, u64> = BTreeMap::new();
    for (lower, _, count) in calls.durations.buckets() {
        *octaves.entry(lower.max(1).ilog2()).or_default() += u64::from(count);
    }
    let (Some(first), Some(last)) = (octaves.keys().next().copied(), octaves.keys().last().copied()) else {
        return Vec::new();
    };
    let most = octaves.values().copied().max().unwrap_or(1) as f64;
    let step = HISTOGRAM.0 / (last - first + 1) as usize;
    let bar = |(index, octave): (usize, u32)| {
        let count = octaves.get(&octave).copied().unwrap_or(0);
        let height = if count == 0 { 0.0 } else { (count as f64 / most * HISTOGRAM.1).max(1.0) };
        HistogramBar {
            x: index * step,
            y: format!("{:.1}", HISTOGRAM.1 - height),
            height: format!("{height:.1}"),
            label: Length(1 << octave),
            count,
        }
    };
    (first..=last).enumerate().map(bar).collect()
}

fn trace_row(trace: Summary) -> TraceRow {
    let time = Moment(trace.start_unix_ns);
    TraceRow {
        id: trace.id.to_string(),
        time,
        datetime: time.rfc3339(),
        name: format!("{} {}", trace.service, trace.name),
        duration: Length(trace.duration_ns),
    }
}
