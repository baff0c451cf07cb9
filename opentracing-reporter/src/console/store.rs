//! Traces that are not drawn yet.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentracing_core::{SpanId, TraceId};

use super::entry::Entry;
use super::handle::Counters;

/// The number of drawn traces that are remembered, to mark their late spans as a continuation.
const REMEMBERED: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Store {
    traces: HashMap<TraceId, Trace>,
    drawn: VecDeque<TraceId>,
}

/// The spans of a trace that have arrived since it was last drawn.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) id: TraceId,
    pub(super) entries: Vec<Entry>,
    /// Other spans of the trace were drawn before.
    pub(super) is_continued: bool,
    first: Instant,
    last: Instant,
}

impl Store {
    pub(super) fn add(&mut self, id: TraceId, entry: Entry, now: Instant) {
        let trace = self.traces.entry(id).or_insert_with(|| Trace {
            id,
            entries: Vec::new(),
            is_continued: self.drawn.contains(&id),
            first: now,
            last: now,
        });
        trace.entries.push(entry);
        trace.last = now;
    }

    /// Removes the chosen traces, oldest first.
    pub(super) fn take(&mut self, mut is_chosen: impl FnMut(&Trace) -> bool) -> Vec<Trace> {
        let chosen: Vec<TraceId> =
            self.traces.values().filter(|trace| is_chosen(trace)).map(|trace| trace.id).collect();
        let mut taken: Vec<Trace> = chosen.iter().filter_map(|id| self.traces.remove(id)).collect();
        taken.sort_by_key(|trace| trace.first);
        taken.iter().for_each(|trace| self.remember(trace.id));
        taken
    }

    /// Removes the oldest trace with spans of this handle.
    pub(super) fn take_oldest(&mut self, owner: &Arc<Counters>) -> Option<Trace> {
        let oldest = self.traces.values().filter(|trace| trace.is_of(owner)).min_by_key(|trace| trace.first)?.id;
        self.remember(oldest);
        self.traces.remove(&oldest)
    }

    fn remember(&mut self, id: TraceId) {
        if !self.drawn.contains(&id) {
            if self.drawn.len() == REMEMBERED {
                self.drawn.pop_front();
            }
            self.drawn.push_back(id);
        }
    }
}

impl Trace {
    pub(super) fn is_of(&self, owner: &Arc<Counters>) -> bool {
        self.entries.iter().any(|entry| Arc::ptr_eq(&entry.owner, owner))
    }

    /// Whether the trace is complete and no span has arrived for a while, or it has waited long enough.
    pub(super) fn is_due(&self, now: Instant, linger: Duration, max_age: Duration, several_services: bool) -> bool {
        now.saturating_duration_since(self.first) >= max_age
            || (now.saturating_duration_since(self.last) >= linger
                && (self.is_continued || self.is_complete(several_services)))
    }

    /// Whether every parent is there. A parent in another process never arrives. But if several tracers share the console, a parent
    /// outside of the tracer may be an unfinished span of another one.
    fn is_complete(&self, several_services: bool) -> bool {
        let ids: HashSet<SpanId> = self.entries.iter().map(|entry| entry.id).collect();
        self.entries.iter().all(|entry| match entry.parent {
            None => true,
            Some(parent) => ids.contains(&parent) || (entry.is_local_root && !several_services),
        })
    }
}
