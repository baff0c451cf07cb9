//! The store.

use std::cmp::Reverse;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use opentracing_core::TraceId;
use tokio::sync::broadcast;

use crate::model::{Span, Text};
use crate::store::aggregate::{self, Groups};
use crate::store::filter::Filter;
use crate::store::find;
use crate::store::insert::Data;
#[cfg(feature = "sqlite")]
use crate::store::journal::Journal;
use crate::store::table::Entry;
use crate::store::{
    Change, Figures, Inserted, Page, Query, ResourceFigures, Scope, StoreStats, TimelineBucket, Trace, TraceRows,
};

/// Keeps spans in memory within a bound in bytes, and answers questions about them. The oldest spans leave first.
///
/// Spans are kept in columns, about 110 bytes each with nine tags. Questions read a copy of the list of column segments, so they do not
/// hold up spans that come in. They take up to tens of milliseconds for a million spans: ask on a thread that may block.
pub struct Store {
    state: Mutex<State>,
    changes: broadcast::Sender<Change>,
}

struct State {
    data: Data,
    sequence: u64,
    #[cfg(feature = "sqlite")]
    journal: Option<Box<dyn Journal>>,
}

/// The number of changes that a slow subscriber may be behind.
const CHANGES: usize = 256;

/// Traces that a change names.
const MAX_CHANGED: usize = 256;

impl Store {
    /// The bound if none is given: 256 MiB.
    pub const DEFAULT_MAX_BYTES: usize = 256 << 20;

    /// The least bound: 8 MiB. Its tables need some of that.
    pub const MIN_MAX_BYTES: usize = 8 << 20;

    /// Creates an empty store that keeps at most `max_bytes` of spans. Less than [`MIN_MAX_BYTES`](Store::MIN_MAX_BYTES) is raised to that.
    pub fn new(max_bytes: usize) -> Self {
        let data = Data::new(max_bytes.max(Store::MIN_MAX_BYTES));
        Store {
            state: Mutex::new(State {
                data,
                sequence: 0,
                #[cfg(feature = "sqlite")]
                journal: None,
            }),
            changes: broadcast::channel(CHANGES).0,
        }
    }

    /// Adds spans, and drops the oldest ones if there are too many. Takes about 2 microseconds a span.
    pub fn insert(&self, mut spans: Vec<Span>) -> Inserted {
        let mut inserted = Inserted::default();
        let mut traces: Vec<TraceId> = Vec::new();
        let mut state = self.lock();
        let before = state.data.first_row();
        let first_row = state.data.insert(&mut spans, &mut inserted, &mut traces);
        state.keep(first_row, before, spans);
        if inserted.accepted > 0 {
            state.sequence += 1;
            let sequence = state.sequence;
            traces.sort_unstable();
            traces.dedup();
            let has_more = traces.len() > MAX_CHANGED;
            traces.truncate(MAX_CHANGED);
            // Sent under the lock, so that the numbers arrive in order. Nobody listening is no error.
            let _ = self.changes.send(Change { sequence, spans: inserted.accepted, traces: traces.into(), has_more });
        }
        inserted
    }

    /// All spans of a trace; `None` if the store has none. An id whose upper half is zero also finds a trace by its lower half.
    pub fn trace(&self, id: TraceId) -> Option<Trace> {
        let (snapshot, entry) = {
            let mut state = self.lock();
            let table = &state.data.table;
            let slot = table.find(id).or_else(|| (id.high() == 0).then(|| table.find_low(id.low())).flatten())?;
            let entry = *table.get(slot)?;
            (state.data.snapshot(), entry)
        };
        Some(find::trace(&snapshot, &entry))
    }

    /// The traces that match, newest start first.
    pub fn traces(&self, query: &Query) -> Page {
        let (snapshot, slots) = self.snapshot();
        let filter = Filter::new(&snapshot, query);
        let found = (!Filter::is_any(query)).then(|| find::matches(&snapshot, slots, &filter));
        let (snapshot, rows) = {
            let mut state = self.lock();
            let rows = find::page(&mut state.data, found.as_ref(), &filter, query);
            (state.data.snapshot(), rows)
        };
        find::summaries(&snapshot, rows)
    }

    /// The names of all services, sorted.
    pub fn services(&self) -> Vec<Text> {
        let (snapshot, _) = self.snapshot();
        let mut used = vec![false; snapshot.resources.len()];
        for number in snapshot.segments.iter().flat_map(|segment| &segment.resource) {
            used[usize::from(*number)] = true;
        }
        let resources =
            snapshot.resources.iter().zip(used).filter(|(_, used)| *used).filter_map(|(resource, _)| resource.as_ref());
        let mut names: Vec<Text> = resources.map(|resource| resource.service.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The processes that have spans in the store, sorted by service.
    pub fn resources(&self) -> Vec<ResourceFigures> {
        let (snapshot, _) = self.snapshot();
        aggregate::resources(&snapshot)
    }

    /// The figures of each operation in a scope. Takes about 20 ms for a million spans.
    pub fn figures(&self, scope: &Scope) -> Figures {
        aggregate::figures(&self.snapshot().0, scope)
    }

    /// The figures of a scope by time, in steps of `step_ns`, without empty buckets. At most 1,000 buckets, the latest ones.
    pub fn timeline(&self, scope: &Scope, step_ns: u64) -> Vec<TimelineBucket> {
        aggregate::timeline(&self.snapshot().0, scope, step_ns)
    }

    /// Calls `visit` with the spans of each trace that has a span in the scope, newest first. All spans of these traces are shown, also
    /// those outside of the scope.
    pub fn for_each_trace(&self, scope: &Scope, mut visit: impl FnMut(&TraceRows<'_>)) {
        let (snapshot, entries) = {
            let mut state = self.lock();
            let entries: Vec<(u32, Entry)> = state.data.table.iter().map(|(slot, entry)| (slot, *entry)).collect();
            (state.data.snapshot(), entries)
        };
        let slots = entries.iter().map(|(slot, _)| *slot as usize + 1).max().unwrap_or(0);
        let groups = Groups::new(&snapshot, slots, scope);
        let mut traces: Vec<(u32, Entry)> = entries.into_iter().filter(|(slot, _)| groups.has(*slot)).collect();
        traces.sort_unstable_by_key(|(_, entry)| Reverse((entry.start, entry.id)));
        groups.visit(&snapshot, &traces, &mut visit);
    }

    /// Receives all later changes. A receiver that is more than 256 changes behind loses the oldest ones and is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// The number of the last change; zero before the first.
    pub fn sequence(&self) -> u64 {
        self.lock().sequence
    }

    /// The size and the counters.
    pub fn stats(&self) -> StoreStats {
        let state = self.lock();
        let stats = state.data.stats();
        #[cfg(feature = "sqlite")]
        let stats = StoreStats {
            has_file: state.journal.is_some(),
            queued: state.journal.as_ref().map_or(0, |journal| journal.queued()),
            ..stats
        };
        stats
    }

    /// The first row that is still in the store.
    #[cfg(feature = "sqlite")]
    pub(crate) fn first_row(&self) -> u64 {
        self.lock().data.first_row()
    }

    /// The first row that has not been used.
    #[cfg(feature = "sqlite")]
    pub(crate) fn end_row(&self) -> u64 {
        self.lock().data.end_row()
    }

    /// Keeps later spans in a journal too. Spans that are in the store already are in the journal.
    #[cfg(feature = "sqlite")]
    pub(crate) fn set_journal(&self, journal: Box<dyn Journal>) {
        self.lock().journal = Some(journal);
    }

    /// Writes what waits for the journal, and ends it. Blocks.
    #[cfg(feature = "sqlite")]
    pub(crate) fn close_journal(&self) {
        let journal = self.lock().journal.take();
        drop(journal);
    }

    fn snapshot(&self) -> (super::snapshot::Snapshot, usize) {
        let mut state = self.lock();
        (state.data.snapshot(), state.data.table.slots())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(feature = "sqlite")]
impl State {
    /// Passes on what the store has kept and dropped.
    fn keep(&mut self, first_row: u64, before: u64, spans: Vec<Span>) {
        let Some(journal) = &mut self.journal else { return };
        if !spans.is_empty() {
            self.data.stats.not_stored += journal.append(first_row, spans) as u64;
        }
        if self.data.first_row() > before {
            journal.forget(self.data.first_row());
        }
    }
}

#[cfg(not(feature = "sqlite"))]
impl State {
    fn keep(&mut self, _: u64, _: u64, _: Vec<Span>) {}
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
