//! Fills batches, hands whole requests to the channel, and sees to what becomes of them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentracing_core::{FinishedSpan, TransportStats};

use super::settings::Settings;
use super::spooling::Spooling;
use crate::batch::Backlog;
use crate::batch::Encoded;
use crate::batch::{Detail, Encoding};
use crate::connection::{Answer, Channel, Delay};
use crate::retry::{self, Backoff};
use crate::retry::{Pace, Turn};
use crate::transport::{Outcome, Reason};

/// A transport made of an encoding and a channel. Requests leave in the order in which their spans came, one at a time.
///
/// What it does with an answer is in [`settle`](Exporter::settle). A batch that is to be sent again stays at the front; what comes
/// meanwhile waits, and the reporter's queue and [`Settings::max_bytes`] bound how much; or it goes to a disk, see [`Spooling`].
pub(crate) struct Exporter<E, C> {
    pub(crate) encoding: E,
    pub(crate) channel: C,
    pub(crate) settings: Settings,
    pub(super) backlog: Backlog,
    pub(super) current: Option<Current>,
    pub(super) spooling: Option<Spooling>,
    backoff: Backoff,
    /// The request's size that the other side refused last halves this.
    pub(super) request_bytes: usize,
    pub(crate) pace: Pace,
    knows_process: bool,
    process_bytes: usize,
    /// Added and neither sent nor told to be lost, nor on a disk.
    pub(super) pending: usize,
    oversized: usize,
    crowded_out: usize,
    stats: TransportStats,
}

/// The batch at the front, from its first attempt on.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) batch: Encoded,
    /// What comes after it of the same record of a spool.
    pub(super) rest: VecDeque<Encoded>,
    /// A part of a record, so there is more than the record to remember.
    pub(super) is_part: bool,
    pub(super) origin: Origin,
    first_attempt: Instant,
    pub(super) phase: Phase,
}

/// Where a batch is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Origin {
    Memory,
    /// Also at the front of the spool.
    Spool {
        is_inherited: bool,
    },
}

impl Origin {
    /// So many spans, unless they are an earlier process's: those have numbers of their own.
    fn own(self, spans: usize) -> u64 {
        if self == (Origin::Spool { is_inherited: true }) { 0 } else { spans as u64 }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// With the channel.
    Sent { at: Instant },
    /// Failed for now.
    Resting { since: Instant, until: Instant, by: Delayed },
}

/// Who wants a pause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Delayed {
    Here,
    There,
    /// It is only not its turn yet.
    Nobody,
}

/// In a flush, how long to wait for an answer before the time is looked at again.
const LOOK: Duration = Duration::from_millis(10);
/// A server's own delay counts up to that: a wrong date is not to end the reporting.
const LONGEST_DELAY: Duration = Duration::from_secs(300);
/// Requests are not made smaller than that by what a server refuses as too large, unless a single span is.
const SMALLEST_REQUEST: usize = 4096;

impl<E: Encoding, C: Channel> Exporter<E, C> {
    pub(crate) fn new(encoding: E, channel: C) -> Self {
        Exporter {
            encoding,
            channel,
            settings: Settings::default(),
            backlog: Backlog::default(),
            current: None,
            spooling: None,
            backoff: Backoff::new(),
            request_bytes: usize::MAX,
            pace: Pace::default(),
            knows_process: false,
            process_bytes: 0,
            pending: 0,
            oversized: 0,
            crowded_out: 0,
            stats: TransportStats::default(),
        }
    }

    pub(crate) fn add(&mut self, span: FinishedSpan<'_>) {
        if !self.knows_process {
            let mut process = Vec::new();
            self.encoding.process(span.process(), &mut process);
            self.process_bytes = process.len();
            self.backlog.set_process(Arc::from(process));
            self.knows_process = true;
        }
        self.pending += 1;
        let limits = self.encoding.limits();
        let max_bytes = limits.bytes.saturating_sub(self.process_bytes).min(self.request_bytes);
        let max_span = limits.span_bytes.min(limits.bytes.saturating_sub(self.process_bytes));
        let waiting = self.backlog.bytes();
        let buffer = self.backlog.buffer();
        let start = buffer.len();
        let mut entries = self.encoding.span(span, Detail::Full, buffer);
        if buffer.len() - start > max_span || entries > limits.entries {
            buffer.truncate(start);
            entries = self.encoding.span(span, Detail::Short, buffer);
        }
        let size = buffer.len() - start;
        if entries == 0 {
            self.backlog.discard(start);
            self.pending -= 1;
        } else if size > max_span || entries > limits.entries {
            self.backlog.discard(start);
            self.oversized += 1;
        } else if waiting + size > self.settings.max_bytes {
            self.backlog.discard(start);
            self.crowded_out += 1;
        } else {
            self.note_waiting(start);
            self.backlog.commit(start, entries, max_bytes, limits.entries);
        }
    }

    pub(crate) fn pending(&self) -> usize {
        self.pending
    }

    pub(crate) fn send(&mut self, reason: Reason, until: Instant) -> Outcome {
        let mut outcome = self.lost_before_sending();
        // With something under way the reporter calls again and again, and says nothing of how long the others have waited.
        let wants_all = reason != Reason::Due || self.current.is_none();
        loop {
            match self.current.as_ref().map(|current| current.phase) {
                Some(Phase::Sent { at }) => match self.wait_for_answer(reason, until, at) {
                    Some(answer) => outcome = outcome.and(self.settle(answer)),
                    None => break,
                },
                Some(Phase::Resting { since, until, by }) => {
                    let is_hurried = reason == Reason::Flush && by == Delayed::Here;
                    let until = if is_hurried { until.min(since + retry::FLUSH) } else { until };
                    if self.settings.timer.now() < until {
                        break;
                    }
                    let Some(turn) = self.turn() else { break };
                    self.stats.retries += u64::from(by != Delayed::Nobody);
                    if self.forgets_record_at_rest() {
                        self.pace.give_back(turn);
                    } else {
                        self.start(turn);
                    }
                }
                None => {
                    let Some(turn) = self.turn() else { break };
                    let (kept, found) = self.next_from_spool();
                    outcome = outcome.and(found);
                    let next = match kept {
                        Some(kept) => Some(kept),
                        // Some of what is there could not be read for now, and is older.
                        None if self.spooled() > 0 => None,
                        None if wants_all || self.backlog.has_full() => {
                            self.backlog.pop().map(|batch| (batch, Origin::Memory))
                        }
                        None => None,
                    };
                    let Some((mut batch, origin)) = next else {
                        self.pace.give_back(turn);
                        break;
                    };
                    let rest = self.fit(&mut batch, origin);
                    let now = self.settings.timer.now();
                    let phase = Phase::Sent { at: now };
                    let is_part = !rest.is_empty();
                    self.current = Some(Current { batch, rest, is_part, origin, first_attempt: now, phase });
                    self.start(turn);
                }
            }
        }
        let outcome = outcome.and(self.spool_what_waits(reason, until));
        if self.current.is_some() || self.backlog.has_full() || self.spooled() > 0 {
            outcome.and(Outcome::in_progress())
        } else {
            outcome
        }
    }

    fn lost_before_sending(&mut self) -> Outcome {
        let (oversized, crowded_out) = (std::mem::take(&mut self.oversized), std::mem::take(&mut self.crowded_out));
        let mut outcome = Outcome::none();
        if oversized > 0 {
            self.stats.oversized += oversized as u64;
            outcome = outcome.and(self.lose(Origin::Memory, oversized, "a span is larger than a request may be"));
        }
        if crowded_out > 0 {
            let waiting = self.backlog.bytes();
            outcome = outcome.and(self.lose(
                Origin::Memory,
                crowded_out,
                format!("{waiting} bytes of spans are waiting already"),
            ));
        }
        outcome
    }

    /// Blocks only where that makes room or ends something: in ordinary operation the answer is there in one of the next calls.
    fn wait_for_answer(&mut self, reason: Reason, until: Instant, sent_at: Instant) -> Option<Answer> {
        loop {
            let now = Instant::now();
            let wait =
                if reason == Reason::Due { Duration::ZERO } else { until.saturating_duration_since(now).min(LOOK) };
            if let Some(answer) = self.channel.answer(wait) {
                return Some(answer);
            }
            let timeout = self.settings.timeout;
            if self.settings.timer.now().saturating_duration_since(sent_at) >= timeout {
                self.channel.cancel();
                return Some(Answer::retry(format!("no answer within {timeout:?}")));
            }
            if wait.is_zero() {
                return None;
            }
        }
    }

    fn turn(&self) -> Option<Turn> {
        self.pace.turn(self.settings.timer.now(), self.encoding.limits().interval)
    }

    /// Takes off what is too large for one request, and returns what of that belongs to a record of the spool.
    fn fit(&mut self, batch: &mut Encoded, origin: Origin) -> VecDeque<Encoded> {
        let mut rest = VecDeque::new();
        let fitting = batch.fitting(self.request_bytes);
        if fitting < batch.len() {
            let behind = batch.split_off(fitting);
            match origin {
                Origin::Memory => self.backlog.push_front(behind),
                Origin::Spool { .. } => rest.push_front(behind),
            }
        }
        rest
    }

    fn start(&mut self, _: Turn) {
        let Some(current) = &mut self.current else { return };
        let now = self.settings.timer.now();
        let Encoded { process, bytes, .. } = &current.batch;
        let mut body = Vec::with_capacity(process.len() + bytes.len() + 256);
        self.encoding.frame(process, current.batch.pieces(), &mut body);
        self.channel.start(body, self.encoding.content_type());
        current.phase = Phase::Sent { at: now };
    }

    fn settle(&mut self, answer: Answer) -> Outcome {
        let Some(mut current) = self.current.take() else { return Outcome::none() };
        let spans = current.batch.len();
        let figures = self.channel.figures();
        self.stats.bytes += figures.bytes as u64;
        if !matches!(answer, Answer::Accepted(_)) {
            self.stats.failed_requests += 1;
        }
        match answer {
            Answer::Accepted(body) => {
                self.stats.requests += 1;
                self.stats.latency.record(figures.took);
                self.backoff.reset();
                let accepted = self.encoding.accepted(&body);
                let rejected = accepted.rejected.min(spans);
                self.stats.rejected += current.origin.own(rejected);
                let outcome = self.sent(current.origin, spans - rejected);
                let outcome = match accepted.message {
                    Some(message) => {
                        outcome.and(self.lose(current.origin, rejected, format!("the other side says: {message}")))
                    }
                    None if rejected > 0 => {
                        outcome.and(self.lose(current.origin, rejected, "the other side rejected a part of the spans"))
                    }
                    None => outcome,
                };
                self.go_on(current);
                outcome
            }
            Answer::TooLarge if spans < 2 => {
                self.stats.oversized += current.origin.own(spans);
                let outcome = self.lose(current.origin, spans, "a span is larger than the other side accepts");
                self.go_on(current);
                outcome
            }
            Answer::TooLarge => {
                self.backoff.reset();
                self.request_bytes = (current.batch.bytes.len() / 2).max(SMALLEST_REQUEST);
                let behind = current.batch.split_off(spans / 2);
                match current.origin {
                    Origin::Memory => {
                        self.backlog.push_front(behind);
                        self.backlog.push_front(current.batch);
                    }
                    Origin::Spool { .. } => {
                        current.rest.push_front(behind);
                        current.is_part = true;
                        self.rest_until_now(current);
                    }
                }
                Outcome::none()
            }
            Answer::Refused(error) => {
                self.backoff.reset();
                self.stats.rejected += current.origin.own(spans);
                let outcome = self.lose(current.origin, spans, error);
                self.go_on(current);
                outcome
            }
            Answer::Retry { after, error } => {
                let now = self.settings.timer.now();
                let kept = self.spool_current(&mut current);
                // On a disk the room is the bound, not the time.
                let is_over = now.saturating_duration_since(current.first_attempt) >= self.settings.give_up;
                if current.origin == Origin::Memory && is_over {
                    self.stats.given_up += spans as u64;
                    return kept.and(self.lose(Origin::Memory, spans, error));
                }
                let own = self.backoff.after_failure();
                let (delay, by) = match after {
                    Some(after) => (self.delay(after).min(LONGEST_DELAY), Delayed::There),
                    None => (own, Delayed::Here),
                };
                current.phase = Phase::Resting { since: now, until: now + delay, by };
                self.current = Some(current);
                // Lost nothing so far, but whoever reads the log wants to know why nothing arrives.
                kept.and(Outcome::lost(0, error))
            }
        }
    }

    /// What becomes of the rest of a record of the spool, and of the record itself once all of it is through.
    fn go_on(&mut self, mut current: Current) {
        match current.rest.pop_front() {
            Some(batch) => {
                current.batch = batch;
                self.rest_until_now(current);
            }
            None => self.forget_record(current.origin),
        }
    }

    /// Sends it as soon as it may be.
    fn rest_until_now(&mut self, mut current: Current) {
        let now = self.settings.timer.now();
        current.phase = Phase::Resting { since: now, until: now, by: Delayed::Nobody };
        self.current = Some(current);
    }

    fn delay(&self, after: Delay) -> Duration {
        match after {
            Delay::For(delay) => delay,
            Delay::Until(date) => date.duration_since(self.settings.timer.system_time()).unwrap_or_default(),
        }
    }

    fn sent(&mut self, origin: Origin, spans: usize) -> Outcome {
        match origin {
            Origin::Memory => self.pending -= spans,
            Origin::Spool { is_inherited: false } => {}
            Origin::Spool { is_inherited: true } => return self.sent_inherited(spans),
        }
        Outcome::sent(spans)
    }

    fn lose(
        &mut self,
        origin: Origin,
        spans: usize,
        reason: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Outcome {
        match origin {
            Origin::Memory => self.pending -= spans,
            Origin::Spool { is_inherited: false } => {}
            Origin::Spool { is_inherited: true } => return self.lost_inherited(spans).and(Outcome::lost(0, reason)),
        }
        Outcome::lost(spans, reason)
    }

    pub(crate) fn stats(&self) -> TransportStats {
        let mut stats = self.stats.clone();
        self.spool_stats(&mut stats);
        stats
    }
}

impl<E, C: fmt::Debug> fmt::Debug for Exporter<E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("channel", &self.channel)
            .field("settings", &self.settings)
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}
