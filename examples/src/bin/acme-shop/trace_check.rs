//! A transport that checks each trace for completeness, and counts durations, statuses and errors.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opentracing_core::{FinishedSpan, SpanId, SpanKind, TraceId, Value, tags};
use opentracing_reporter::{SendOutcome, SendReason, Transport};
use tokio::sync::Notify;

use crate::services::front_end;

/// Shared by the tracers of all services.
#[derive(Clone, Debug, Default)]
pub(crate) struct TraceCheck {
    counts: Arc<Mutex<Counts>>,
    changed: Arc<Notify>,
}

/// The counts so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// By service name.
    pub(crate) services: BTreeMap<Box<str>, Service>,
    /// Finished requests of the front-end.
    pub(crate) requests: usize,
    /// The durations of the most recent requests.
    durations: VecDeque<Duration>,
    /// Requests by the first digit of their status.
    pub(crate) statuses: BTreeMap<i64, usize>,
    /// The most recent traces. Older ones are counted in `checked`.
    recent: HashMap<TraceId, Trace>,
    order: VecDeque<TraceId>,
    checked: TraceCounts,
}

/// The spans of one service.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Service {
    pub(crate) spans: usize,
    pub(crate) failed: usize,
}

/// The number of complete and incomplete traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TraceCounts {
    /// Every span has its parent.
    pub(crate) complete: usize,
    /// The parent of a span is missing.
    pub(crate) incomplete: usize,
}

/// The spans of one trace so far, each with the parent that must be among them. Requests from outside have none.
type Trace = HashMap<SpanId, Option<SpanId>>;

/// How many traces are kept. All spans of a trace arrive long before it is removed.
const MAX_TRACES: usize = 1000;

/// How many durations are kept.
const MAX_DURATIONS: usize = 10_000;

/// Sends nothing.
impl Transport for TraceCheck {
    fn name(&self) -> &'static str {
        "trace_check"
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        self.lock().add(&span);
        self.changed.notify_waiters();
    }

    fn pending(&self) -> usize {
        0
    }

    fn send(&mut self, _: SendReason, _: Instant) -> SendOutcome {
        SendOutcome::none()
    }
}

impl TraceCheck {
    /// Waits until the front-end has finished this number of requests.
    pub(crate) async fn wait_for_requests(&self, requests: usize) {
        loop {
            let changed = self.changed.notified();
            if self.lock().requests >= requests {
                return;
            }
            changed.await;
        }
    }

    /// The counts so far.
    pub(crate) fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn add(&mut self, span: &FinishedSpan<'_>) {
        let name = span.process().service();
        let service = self.services.entry(name.into()).or_default();
        service.spans += 1;
        service.failed += usize::from(span.is_failed());

        let id = span.context().trace_id();
        if !self.recent.contains_key(&id) {
            self.order.push_back(id);
        }
        let trace = self.recent.entry(id).or_default();
        let is_server = span.kind() == SpanKind::Server;
        let is_entry = is_server && name == front_end::NAME;
        // A caller of the front-end may bring its own trace. A request to another service from outside starts a trace.
        let parent = match span.parent_id() {
            _ if is_entry => None,
            None if !is_server => Some(SpanId::INVALID),
            parent => parent,
        };
        trace.insert(span.context().span_id(), parent);
        if is_entry {
            self.requests += 1;
            if self.durations.len() == MAX_DURATIONS {
                self.durations.pop_front();
            }
            self.durations.push_back(span.duration());
            if let Some(Value::I64(status)) = span.tag(tags::HTTP_STATUS_CODE.name()) {
                *self.statuses.entry(status / 100).or_default() += 1;
            }
        }
        if self.order.len() > MAX_TRACES
            && let Some(oldest) = self.order.pop_front().and_then(|oldest| self.recent.remove(&oldest))
        {
            self.checked.count(&oldest);
        }
    }

    pub(crate) fn spans(&self) -> usize {
        self.services.values().map(|service| service.spans).sum()
    }

    pub(crate) fn traces(&self) -> TraceCounts {
        let mut counts = self.checked;
        self.recent.values().for_each(|trace| counts.count(trace));
        counts
    }

    /// A percentile of the durations of recent requests.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted: Vec<Duration> = self.durations.iter().copied().collect();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

impl TraceCounts {
    fn count(&mut self, trace: &Trace) {
        if trace.values().flatten().all(|parent| trace.contains_key(parent)) {
            self.complete += 1;
        } else {
            self.incomplete += 1;
        }
    }
}
