//! Fills batches, hands whole requests to the channel, and sees to what becomes of them.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentracing_core::FinishedSpan;

use crate::export::backlog::Backlog;
use crate::export::backoff::{self, Backoff};
use crate::export::batch::Encoded;
use crate::export::channel::{Answer, Channel, Delay};
use crate::export::encoding::{Detail, Encoding};
use crate::export::settings::Settings;
use crate::transport::{Outcome, Reason};

/// A transport made of an encoding and a channel. Requests leave in the order in which their spans came, one at a time.
///
/// What it does with an answer is in [`settle`](Exporter::settle). A batch that is to be sent again stays at the front; what comes
/// meanwhile waits, and the reporter's queue and [`Settings::max_bytes`] bound how much.
pub(crate) struct Exporter<E, C> {
    pub(crate) encoding: E,
    pub(crate) channel: C,
    pub(crate) settings: Settings,
    backlog: Backlog,
    current: Option<Current>,
    backoff: Backoff,
    /// The request's size that the other side refused last halves this.
    request_bytes: usize,
    next_start: Option<Instant>,
    knows_process: bool,
    process_bytes: usize,
    /// Added and neither sent nor told to be lost.
    pending: usize,
    oversized: usize,
    crowded_out: usize,
}

/// The batch at the front, from its first attempt on.
#[derive(Debug)]
struct Current {
    batch: Encoded,
    first_attempt: Instant,
    phase: Phase,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// With the channel.
    Sent { at: Instant },
    /// Failed for now.
    Resting { since: Instant, until: Instant, by: Delayed },
}

/// Who wants a pause.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Delayed {
    Here,
    There,
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
            backoff: Backoff::new(),
            request_bytes: usize::MAX,
            next_start: None,
            knows_process: false,
            process_bytes: 0,
            pending: 0,
            oversized: 0,
            crowded_out: 0,
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
                    let until = if is_hurried { until.min(since + backoff::FLUSH) } else { until };
                    if self.settings.timer.now() < until || !self.may_start() {
                        break;
                    }
                    self.start();
                }
                None => {
                    if !(wants_all || self.backlog.has_full()) || !self.may_start() {
                        break;
                    }
                    let Some(batch) = self.next_batch() else { break };
                    let now = self.settings.timer.now();
                    self.current = Some(Current { batch, first_attempt: now, phase: Phase::Sent { at: now } });
                    self.start();
                }
            }
        }
        if self.current.is_some() || self.backlog.has_full() { outcome.and(Outcome::in_progress()) } else { outcome }
    }

    fn lost_before_sending(&mut self) -> Outcome {
        let (oversized, crowded_out) = (std::mem::take(&mut self.oversized), std::mem::take(&mut self.crowded_out));
        let mut outcome = Outcome::none();
        if oversized > 0 {
            outcome = outcome.and(self.lose(oversized, "a span is larger than a request may be"));
        }
        if crowded_out > 0 {
            let waiting = self.backlog.bytes();
            outcome = outcome.and(self.lose(crowded_out, format!("{waiting} bytes of spans are waiting already")));
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

    fn may_start(&self) -> bool {
        self.next_start.is_none_or(|start| self.settings.timer.now() >= start)
    }

    fn next_batch(&mut self) -> Option<Encoded> {
        let mut batch = self.backlog.pop()?;
        let fitting = batch.fitting(self.request_bytes);
        if fitting < batch.len() {
            self.backlog.push_front(batch.split_off(fitting));
        }
        Some(batch)
    }

    fn start(&mut self) {
        let Some(current) = &mut self.current else { return };
        let now = self.settings.timer.now();
        let Encoded { process, bytes, .. } = &current.batch;
        let mut body = Vec::with_capacity(process.len() + bytes.len() + 256);
        self.encoding.frame(process, current.batch.pieces(), &mut body);
        self.channel.start(body, self.encoding.content_type());
        current.phase = Phase::Sent { at: now };
        self.next_start = Some(now + self.encoding.limits().interval);
    }

    fn settle(&mut self, answer: Answer) -> Outcome {
        let Some(mut current) = self.current.take() else { return Outcome::none() };
        let spans = current.batch.len();
        match answer {
            Answer::Accepted(body) => {
                self.backoff.reset();
                let accepted = self.encoding.accepted(&body);
                let rejected = accepted.rejected.min(spans);
                self.pending -= spans - rejected;
                let outcome = Outcome::sent(spans - rejected);
                match accepted.message {
                    Some(message) => outcome.and(self.lose(rejected, format!("the other side says: {message}"))),
                    None if rejected > 0 => {
                        outcome.and(self.lose(rejected, "the other side rejected a part of the spans"))
                    }
                    None => outcome,
                }
            }
            Answer::TooLarge if spans < 2 => self.lose(spans, "a span is larger than the other side accepts"),
            Answer::TooLarge => {
                self.backoff.reset();
                self.request_bytes = (current.batch.bytes.len() / 2).max(SMALLEST_REQUEST);
                self.backlog.push_front(current.batch.split_off(spans / 2));
                self.backlog.push_front(current.batch);
                Outcome::none()
            }
            Answer::Refused(error) => {
                self.backoff.reset();
                self.lose(spans, error)
            }
            Answer::Retry { after, error } => {
                let now = self.settings.timer.now();
                if now.saturating_duration_since(current.first_attempt) >= self.settings.give_up {
                    return self.lose(spans, error);
                }
                let own = self.backoff.after_failure();
                let (delay, by) = match after {
                    Some(after) => (self.delay(after).min(LONGEST_DELAY), Delayed::There),
                    None => (own, Delayed::Here),
                };
                current.phase = Phase::Resting { since: now, until: now + delay, by };
                self.current = Some(current);
                // Lost nothing so far, but whoever reads the log wants to know why nothing arrives.
                Outcome::lost(0, error)
            }
        }
    }

    fn delay(&self, after: Delay) -> Duration {
        match after {
            Delay::For(delay) => delay,
            Delay::Until(date) => date.duration_since(self.settings.timer.system_time()).unwrap_or_default(),
        }
    }

    fn lose(&mut self, spans: usize, reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Outcome {
        self.pending -= spans;
        Outcome::lost(spans, reason)
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
