//! Requests that keep failing while others are accepted.
//!
//! Such a request steps aside, so that others get their turn. If one of them is accepted, the server is well, and the next failure counts
//! against the request itself: it is split, until the span that the server cannot take is found and given up. While nothing is accepted,
//! the server counts as unavailable, and nothing is split or given up.

use std::mem;

use super::exporter::Exporter;
use super::request::{Origin, Phase, Request};
use crate::batch::Encoding;
use crate::connection::{BoxError, Channel};
use crate::transport::{SendOutcome, SendReason};

/// So many failures in a row before another request gets its turn.
const PATIENCE: u32 = 3;
/// So many requests step aside. If no other is accepted meanwhile, they take turns.
const MOST_ASIDE: usize = 8;
/// A single span is given up after so many failures, if others were accepted between them.
const LAST_TRIAL: u32 = 5;

impl<E: Encoding, C: Channel> Exporter<E, C> {
    /// Decides about a request that failed. The server was reached, so the cause may be the request.
    pub(super) fn judge(&mut self, mut request: Request, error: BoxError) -> SendOutcome {
        let is_to_blame = request.failed_at.replace(self.accepted).is_some_and(|at| at < self.accepted);
        request.failures += 1;
        if !is_to_blame {
            let steps_aside = request.failures >= PATIENCE || !self.aside.is_empty();
            let read = if steps_aside { self.give_way(request) } else { self.keep(request) };
            return SendOutcome::retrying(error).and(read);
        }
        let spans = request.batch.len();
        if spans > 1 {
            let tail = request.batch.split_off(spans / 2);
            request.rest.push_front(tail);
            request.is_part = true;
        } else {
            request.trials += 1;
            if request.trials >= LAST_TRIAL {
                return self.give_up(request, &error);
            }
        }
        self.put_aside(request);
        SendOutcome::retrying(error)
    }

    /// Takes a request back whose wait is over. With `is_in_turn`, only one whose failure can tell something: others were accepted since
    /// its last one.
    pub(super) fn take_aside(&mut self, reason: SendReason, is_in_turn: bool) -> bool {
        let now = self.settings.clock.now();
        let accepted = self.accepted;
        let is_next = |request: &Request| {
            request.phase.is_over(reason, now) && (!is_in_turn || request.failed_at.is_some_and(|at| at < accepted))
        };
        let Some(at) = self.aside.iter().position(is_next) else { return false };
        self.request = self.aside.remove(at);
        true
    }

    /// The size of the spans aside that are only in memory.
    pub(super) fn aside_bytes(&self) -> usize {
        let in_memory = self.aside.iter().filter(|request| request.origin == Origin::Memory);
        in_memory.flat_map(|request| request.rest.iter().chain([&request.batch])).map(|batch| batch.bytes.len()).sum()
    }

    fn keep(&mut self, request: Request) -> SendOutcome {
        self.request = Some(request);
        SendOutcome::none()
    }

    /// The next request takes the place of this one and its wait, if there is one.
    fn give_way(&mut self, mut request: Request) -> SendOutcome {
        let phase = request.phase;
        self.mark_aside(request.origin, true);
        let (next, read) =
            if self.aside.len() < MOST_ASIDE { self.next_batch(true) } else { (None, SendOutcome::none()) };
        let next = match next {
            Some((batch, origin)) => Some(self.fitted(batch, origin)),
            None => self.aside.pop_front(),
        };
        match next {
            Some(next) => {
                self.aside.push_back(request);
                self.request = Some(Request { phase, ..next });
            }
            None => {
                self.mark_aside(request.origin, false);
                if let Some(part) = request.rest.pop_front() {
                    // The parts of one batch take turns too.
                    request.rest.push_back(mem::replace(&mut request.batch, part));
                    request.trials = 0;
                }
                self.request = Some(request);
            }
        }
        read
    }

    fn put_aside(&mut self, request: Request) {
        self.mark_aside(request.origin, true);
        self.aside.push_back(request);
    }

    fn give_up(&mut self, request: Request, error: &BoxError) -> SendOutcome {
        let name = request.batch.spans().iter().next().and_then(|span| self.encoding.operation(span));
        let named = name.map_or_else(|| "a span".to_owned(), |name| format!("the span {name:?}"));
        let error = format!("{named} failed {LAST_TRIAL} times while others were accepted: {error}");
        let spans = request.batch.len();
        self.stats.retries_exhausted += request.origin.own(spans);
        let dropped = self.drop_spans(request.origin, spans, error);
        self.finish_batch(request);
        dropped
    }

    fn mark_aside(&mut self, origin: Origin, is_aside: bool) {
        if let (Origin::Spool { number, .. }, Some(spooling)) = (origin, &mut self.spooling) {
            spooling.store.set_aside(number, is_aside);
        }
    }
}

impl Phase {
    /// Whether the wait is over.
    pub(super) fn is_over(self, reason: SendReason, now: std::time::Instant) -> bool {
        match self {
            Phase::InFlight { .. } => false,
            Phase::Waiting { until, in_flush, .. } => {
                now >= if reason == SendReason::Flush { until.min(in_flush) } else { until }
            }
        }
    }
}
