//! The store.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use opentracing_core::TraceId;
use tokio::sync::broadcast;

use crate::model::{Span, Text, Value};
use crate::store::rows::RowSource;
use crate::store::{
    Change, Figures, Histogram, Inserted, OperationFigures, Page, Query, Scope, SpanRow, Status, StoreStats, Summary,
    TagTerm, TimelineBucket, Trace, TraceRows,
};

/// Keeps spans in memory within a bound in bytes, and answers questions about them. The oldest spans leave first.
pub struct Store {
    state: Mutex<State>,
    changes: broadcast::Sender<Change>,
    max_bytes: usize,
}

#[derive(Default)]
struct State {
    spans: VecDeque<Span>,
    stats: StoreStats,
    sequence: u64,
}

/// The number of changes that a slow subscriber may be behind.
const CHANGES: usize = 256;

impl Store {
    /// The bound if none is given: 256 MiB.
    pub const DEFAULT_MAX_BYTES: usize = 256 << 20;

    /// Creates an empty store that keeps at most `max_bytes` of spans.
    pub fn new(max_bytes: usize) -> Self {
        Store { state: Mutex::default(), changes: broadcast::channel(CHANGES).0, max_bytes }
    }

    /// Adds spans, and drops the oldest ones if there are too many.
    pub fn insert(&self, spans: Vec<Span>) -> Inserted {
        let mut inserted = Inserted::default();
        let mut traces: Vec<TraceId> = Vec::new();
        let mut state = self.lock();
        for span in spans {
            if !span.trace_id.is_valid() || !span.span_id.is_valid() {
                inserted.rejected += 1;
            } else if state.spans.iter().any(|other| *other == span) {
                inserted.repeated += 1;
            } else {
                if !traces.contains(&span.trace_id) {
                    traces.push(span.trace_id);
                }
                state.spans.push_back(span);
                inserted.accepted += 1;
            }
        }
        state.stats.accepted += inserted.accepted as u64;
        state.stats.repeated += inserted.repeated as u64;
        state.stats.rejected += inserted.rejected as u64;
        if inserted.accepted > 0 {
            state.sequence += 1;
            let (sequence, spans, has_more) = (state.sequence, inserted.accepted, false);
            let _ = self.changes.send(Change { sequence, spans, traces: traces.into(), has_more });
        }
        inserted
    }

    /// All spans of a trace; `None` if the store has none. An id whose upper half is zero also finds a trace by its lower half.
    pub fn trace(&self, id: TraceId) -> Option<Trace> {
        let state = self.lock();
        let mut spans: Vec<Span> = state.spans.iter().filter(|span| is_trace(span, id)).cloned().collect();
        let id = spans.first()?.trace_id;
        spans.sort_by_key(|span| (span.start_unix_ns, span.span_id));
        Some(Trace { id, spans, is_partial: false })
    }

    /// The traces that match, newest start first.
    pub fn traces(&self, query: &Query) -> Page {
        let state = self.lock();
        let mut traces: BTreeMap<TraceId, Vec<&Span>> = BTreeMap::new();
        for span in &state.spans {
            traces.entry(span.trace_id).or_default().push(span);
        }
        let matching = traces.values().filter(|spans| spans.iter().any(|span| matches(span, query)));
        let mut rows: Vec<Summary> = matching.map(|spans| summary(spans)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.cursor()));
        let total = rows.len();
        rows.retain(|row| query.after.is_none_or(|after| row.cursor() < after));
        let next = rows.get(query.page_limit()).is_some().then(|| rows[query.page_limit() - 1].cursor());
        rows.truncate(query.page_limit());
        Page { traces: rows, next, total }
    }

    /// The names of all services, sorted.
    pub fn services(&self) -> Vec<Text> {
        let state = self.lock();
        let mut names: Vec<Text> = state.spans.iter().map(|span| span.service().clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The figures of each operation in a scope. Takes about 15 ms for a million spans.
    pub fn figures(&self, scope: &Scope) -> Figures {
        let state = self.lock();
        let mut rows: HashMap<(Text, Text, opentracing_core::SpanKind), OperationFigures> = HashMap::new();
        for span in state.spans.iter().filter(|span| is_in_scope(span, scope)) {
            let (service, name, kind) = (span.service().clone(), span.name.clone(), span.kind);
            let row = rows.entry((service.clone(), name.clone(), kind)).or_insert_with(|| OperationFigures {
                service,
                name,
                kind,
                spans: 0,
                failed: 0,
                durations: Histogram::new(),
            });
            row.spans += 1;
            row.failed += u64::from(span.is_failed);
            row.durations.record(span.duration_ns);
        }
        let mut operations: Vec<_> = rows.into_values().collect();
        operations.sort_by(|a, b| (b.spans, &a.service, &a.name).cmp(&(a.spans, &b.service, &b.name)));
        Figures { operations, others: 0 }
    }

    /// The figures of a scope by time, in steps of `step_ns`, from its earliest to its latest span. At most 1,000 buckets, the latest ones.
    pub fn timeline(&self, scope: &Scope, step_ns: u64) -> Vec<TimelineBucket> {
        let state = self.lock();
        let mut buckets: BTreeMap<u64, TimelineBucket> = BTreeMap::new();
        for span in state.spans.iter().filter(|span| is_in_scope(span, scope)) {
            let start_unix_ns = span.start_unix_ns / step_ns.max(1) * step_ns.max(1);
            let bucket = buckets.entry(start_unix_ns).or_default();
            bucket.start_unix_ns = start_unix_ns;
            bucket.spans += 1;
            bucket.failed += u64::from(span.is_failed);
            bucket.durations.record(span.duration_ns);
        }
        buckets.into_values().collect()
    }

    /// Calls `visit` with the spans of each trace that has a span in the scope, newest first.
    pub fn for_each_trace(&self, scope: &Scope, mut visit: impl FnMut(&TraceRows<'_>)) {
        let state = self.lock();
        let mut traces: BTreeMap<TraceId, Vec<&Span>> = BTreeMap::new();
        for span in &state.spans {
            traces.entry(span.trace_id).or_default().push(span);
        }
        let mut services: HashMap<&str, u32> = HashMap::new();
        for (id, spans) in traces.iter().filter(|(_, spans)| spans.iter().any(|span| is_in_scope(span, scope))) {
            let rows: Vec<SpanRow> = spans.iter().map(|span| row(span, &mut services)).collect();
            visit(&TraceRows { id: *id, rows: &rows, source: spans });
        }
    }

    /// Receives all later changes. A receiver that is more than 256 changes behind loses the oldest ones and is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// The size and the counters.
    pub fn stats(&self) -> StoreStats {
        let state = self.lock();
        StoreStats { max_bytes: self.max_bytes, spans: state.spans.len(), ..state.stats }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl RowSource for Vec<&Span> {
    fn service(&self, index: usize) -> Text {
        self[index].service().clone()
    }

    fn name(&self, index: usize) -> Text {
        self[index].name.clone()
    }

    fn tag(&self, index: usize, key: &str) -> Option<Value> {
        self[index].tag(key).or_else(|| self[index].resource.tag(key)).cloned()
    }
}

fn row<'a>(span: &'a Span, services: &mut HashMap<&'a str, u32>) -> SpanRow {
    let next = services.len() as u32;
    SpanRow {
        span_id: span.span_id,
        parent_id: span.parent_id,
        service: *services.entry(span.service()).or_insert(next),
        kind: span.kind,
        is_failed: span.is_failed,
        is_shared: span.is_shared,
        start_unix_ns: span.start_unix_ns,
        duration_ns: span.duration_ns,
    }
}

fn summary(spans: &[&Span]) -> Summary {
    let start_unix_ns = spans.iter().map(|span| span.start_unix_ns).min().unwrap_or_default();
    let end_unix_ns = spans.iter().map(|span| span.end_unix_ns()).max().unwrap_or_default();
    let first = spans.iter().min_by_key(|span| (span.parent_id.is_some(), span.start_unix_ns));
    let mut services: Vec<(Text, usize)> = Vec::new();
    for span in spans {
        match services.iter_mut().find(|(name, _)| name == span.service()) {
            Some((_, count)) => *count += 1,
            None => services.push((span.service().clone(), 1)),
        }
    }
    services.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    Summary {
        id: spans[0].trace_id,
        start_unix_ns,
        duration_ns: end_unix_ns - start_unix_ns,
        spans: spans.len(),
        failed: spans.iter().filter(|span| span.is_failed).count(),
        service: first.map(|span| span.service().clone()).unwrap_or_default(),
        name: first.map(|span| span.name.clone()).unwrap_or_default(),
        has_root: spans.iter().any(|span| span.parent_id.is_none()),
        services,
        is_partial: false,
    }
}

fn is_trace(span: &Span, id: TraceId) -> bool {
    span.trace_id == id || id.high() == 0 && span.trace_id.low() == id.low()
}

fn is_in_scope(span: &Span, scope: &Scope) -> bool {
    scope.from_unix_ns.is_none_or(|from| span.start_unix_ns >= from)
        && scope.until_unix_ns.is_none_or(|until| span.start_unix_ns < until)
        && scope.service.as_ref().is_none_or(|service| span.service() == service.as_str())
        && scope.operation.as_ref().is_none_or(|name| span.name == name.as_str())
        && scope.version.as_ref().is_none_or(|version| span.version().is_some_and(|own| own == version.as_str()))
        && scope.kind.is_none_or(|kind| span.kind == kind)
}

fn matches(span: &Span, query: &Query) -> bool {
    let scope = Scope {
        from_unix_ns: query.from_unix_ns,
        until_unix_ns: query.until_unix_ns,
        service: query.service.clone(),
        operation: query.operation.clone(),
        version: query.version.clone(),
        kind: query.kind,
    };
    is_in_scope(span, &scope)
        && query.status != if span.is_failed { Status::Ok } else { Status::Failed }
        && query.min_duration_ns.is_none_or(|least| span.duration_ns >= least)
        && query.max_duration_ns.is_none_or(|most| span.duration_ns <= most)
        && query.trace_id.is_none_or(|id| is_trace(span, id))
        && query.span_id.is_none_or(|id| span.span_id == id)
        && query.tags.iter().take(Query::MAX_TAGS).all(|term| has_tag(span, term) != term.is_excluded)
        && query.needle().is_none_or(|needle| has_text(span, needle))
}

fn has_tag(span: &Span, term: &TagTerm) -> bool {
    let mut tags = span.tags.iter().chain(&span.resource.tags);
    tags.any(|(key, value)| {
        key == term.key.as_str() && term.value.as_ref().is_none_or(|wanted| value.to_string() == *wanted)
    })
}

fn has_text(span: &Span, needle: &str) -> bool {
    let fields = span.logs.iter().flat_map(|log| &log.fields);
    let texts = span.tags.iter().chain(&span.resource.tags).chain(fields).filter_map(|(_, value)| value.as_text());
    let needle = needle.to_ascii_lowercase();
    texts.chain([span.service().as_str(), span.name.as_str()]).any(|text| text.to_ascii_lowercase().contains(&needle))
}
