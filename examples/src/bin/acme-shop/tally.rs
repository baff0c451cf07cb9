//! Looks at every span on its way out: is each trace whole, how long did the requests take, what failed?

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opentracing_core::{FinishedSpan, SpanId, SpanKind, TraceId, Value, tags};
use opentracing_reporter::{SendOutcome, SendReason, Transport};
use tokio::sync::Notify;

use crate::services::front_end;

/// Shared by the tracers of all services.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    books: Arc<Mutex<Books>>,
    changed: Arc<Notify>,
}

/// What the tally has come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    /// By name.
    pub(crate) services: BTreeMap<Box<str>, Service>,
    /// Requests that have come to their end at the front-end.
    pub(crate) requests: usize,
    /// How long each of the last of them took there.
    durations: VecDeque<Duration>,
    /// Requests by the first digit of their status.
    pub(crate) statuses: BTreeMap<i64, usize>,
    /// The last traces. Those before are counted in `judged`.
    traces: HashMap<TraceId, Trace>,
    order: VecDeque<TraceId>,
    judged: Judged,
}

/// One service's spans.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Service {
    pub(crate) spans: usize,
    pub(crate) failed: usize,
}

/// How many traces are what they should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    /// Requests from outside, and everything that they led to.
    pub(crate) whole: usize,
    /// A span is there without the one that it belongs to.
    pub(crate) broken: usize,
}

/// The spans of one trace, as far as they have come, with the parent that must be among them. Requests from outside need none.
type Trace = HashMap<SpanId, Option<SpanId>>;

/// Traces that are remembered one by one: long before it is forgotten, all spans of a trace are there.
const REMEMBERED: usize = 1000;

/// Requests whose times are remembered.
const TIMED: usize = 10_000;

/// Keeps nothing: there is never anything to send.
impl Transport for Tally {
    fn name(&self) -> &'static str {
        "tally"
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

impl Tally {
    /// Returns once that many requests have come to their end at the front-end.
    pub(crate) async fn arrived(&self, requests: usize) {
        loop {
            let changed = self.changed.notified();
            if self.lock().requests >= requests {
                return;
            }
            changed.await;
        }
    }

    /// What has come so far.
    pub(crate) fn books(&self) -> Books {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn add(&mut self, span: &FinishedSpan<'_>) {
        let name = span.process().service();
        let service = self.services.entry(name.into()).or_default();
        service.spans += 1;
        service.failed += usize::from(span.is_failed());

        let id = span.context().trace_id();
        if !self.traces.contains_key(&id) {
            self.order.push_back(id);
        }
        let trace = self.traces.entry(id).or_default();
        let served = span.kind() == SpanKind::Server;
        let entered = served && name == front_end::NAME;
        // Who asks the front-end may be in a trace that began elsewhere. Who asks another service from outside begins one.
        let parent = match span.parent_id() {
            _ if entered => None,
            None if !served => Some(SpanId::INVALID),
            parent => parent,
        };
        trace.insert(span.context().span_id(), parent);
        if entered {
            self.requests += 1;
            if self.durations.len() == TIMED {
                self.durations.pop_front();
            }
            self.durations.push_back(span.duration());
            if let Some(Value::I64(status)) = span.tag(tags::HTTP_STATUS_CODE.name()) {
                *self.statuses.entry(status / 100).or_default() += 1;
            }
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front().and_then(|oldest| self.traces.remove(&oldest))
        {
            self.judged.count(&oldest);
        }
    }

    pub(crate) fn spans(&self) -> usize {
        self.services.values().map(|service| service.spans).sum()
    }

    pub(crate) fn judged(&self) -> Judged {
        let mut judged = self.judged;
        self.traces.values().for_each(|trace| judged.count(trace));
        judged
    }

    /// The time within which that share of the last requests was answered.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted: Vec<Duration> = self.durations.iter().copied().collect();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

impl Judged {
    fn count(&mut self, trace: &Trace) {
        if trace.values().flatten().all(|parent| trace.contains_key(parent)) {
            self.whole += 1;
        } else {
            self.broken += 1;
        }
    }
}
