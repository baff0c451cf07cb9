//! Sending: which batch goes next, when it may leave, and how long its answer is awaited.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::exporter::Exporter;
use super::request::{Origin, Phase, Request};
use crate::batch::{EncodedBatch, Encoding};
use crate::connection::{Answer, Channel};
use crate::retry::Permit;
use crate::transport::{SendOutcome, SendReason};

/// How long a flush waits for an answer before it checks the deadline again.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// The answer to a request of this many bytes usually arrives within the time slice of a transport.
const SMALL_REQUEST: usize = 64 << 10;

impl<E: Encoding, C: Channel> Exporter<E, C> {
    pub(crate) fn send(&mut self, reason: SendReason, until: Instant) -> SendOutcome {
        let dropped = self.report_dropped_on_add();
        let mut outcome = dropped.and(self.spool_first(reason));
        // The disk has taken what was too much.
        let reason = if reason == SendReason::QueueFull && self.pending == 0 { SendReason::Due } else { reason };
        // While a request is in flight the reporter calls again and again, whether or not the next batch is due.
        let takes_partial_batch = !reason.is_usual() || self.request.is_none();
        loop {
            match self.request.as_ref().map(|request| request.phase) {
                Some(Phase::InFlight { sent_at }) => match self.wait_for_answer(reason, until, sent_at) {
                    Some(answer) => outcome = outcome.and(self.handle_answer(answer)),
                    None => break,
                },
                Some(phase @ Phase::Waiting { is_retry, .. }) => {
                    if !phase.is_over(reason, self.settings.clock.now()) {
                        break;
                    }
                    let Some(permit) = self.permit() else { break };
                    self.stats.retries += u64::from(is_retry);
                    if self.release_lost_record() {
                        self.pace.release(permit);
                    } else {
                        self.start_request(permit);
                    }
                }
                None if self.take_aside(reason, true) => {}
                None => {
                    let Some(permit) = self.permit() else { break };
                    let (next, read) = self.next_batch(takes_partial_batch);
                    outcome = outcome.and(read);
                    if let Some((batch, origin)) = next {
                        self.request = Some(self.fitted(batch, origin));
                        self.start_request(permit);
                    } else {
                        self.pace.release(permit);
                        if !self.take_aside(reason, false) {
                            break;
                        }
                    }
                }
            }
        }
        let outcome = outcome.and(self.spool_if_needed(reason, until));
        if self.request.is_some() || !self.aside.is_empty() || self.queue.has_full() || self.spooled() > 0 {
            outcome.and(SendOutcome::in_progress())
        } else {
            outcome
        }
    }

    /// How long nothing has to be done, unless spans are added: until a retry is due. `None` if that is not known.
    pub(crate) fn max_pause(&self) -> Option<Duration> {
        let is_sure = self.settings.is_real_time && self.unreported_oversized + self.unreported_over_limit == 0;
        // Spans that wait while the server is unavailable go to the disk soon.
        if !is_sure || (self.has_spool() && self.queue.bytes() > 0) {
            return None;
        }
        let now = self.settings.clock.now();
        let wait = |request: &Request| match request.phase {
            Phase::InFlight { .. } => Duration::ZERO,
            Phase::Waiting { until, .. } => until.saturating_duration_since(now),
        };
        let waits = self.request.iter().chain(&self.aside).map(wait);
        // The next batch would take its turn, if the one at the front only stepped aside.
        self.request.as_ref().and_then(|_| waits.min())
    }

    /// The oldest batch, from the spool or from memory, and what happened to spans while it was read.
    pub(super) fn next_batch(&mut self, takes_partial_batch: bool) -> (Option<(EncodedBatch, Origin)>, SendOutcome) {
        let (spooled, outcome) = self.next_from_spool();
        let next = match spooled {
            Some(spooled) => Some(spooled),
            // The spool cannot be read for now. Its records are older than what is in memory.
            None if self.ready_in_spool() > 0 || self.waits_for_disk() => None,
            None if takes_partial_batch || self.queue.has_full() => {
                self.queue.pop().map(|batch| (batch, Origin::Memory))
            }
            None => None,
        };
        (next, outcome)
    }

    /// Blocks only while the queue is full, the tracer is flushed, or a small request holds up others. Otherwise the answer is there in
    /// one of the next calls.
    fn wait_for_answer(&mut self, reason: SendReason, until: Instant, sent_at: Instant) -> Option<Answer> {
        loop {
            let now = Instant::now();
            let wait = if reason.is_usual() && !self.holds_up_others() {
                Duration::ZERO
            } else {
                until.saturating_duration_since(now).min(POLL_INTERVAL)
            };
            if let Some(answer) = self.channel.answer(wait) {
                return Some(answer);
            }
            let timeout = self.settings.timeout;
            let has_waited = self.settings.clock.now().saturating_duration_since(sent_at);
            if !timeout.is_zero() && has_waited >= timeout {
                return Some(self.channel.time_out(timeout));
            }
            if wait.is_zero() {
                return None;
            }
        }
    }

    /// Whether the request in flight is small and others wait behind it. With one request a tick, small ones would carry too little.
    fn holds_up_others(&self) -> bool {
        let Some(request) = &self.request else { return false };
        let own = if request.origin == Origin::Memory { 0 } else { request.batch.len() };
        let has_more = self.queue.has_full() || !request.rest.is_empty() || self.ready_in_spool() > own;
        has_more && request.batch.bytes.len() <= SMALL_REQUEST
    }

    fn permit(&self) -> Option<Permit> {
        self.pace.try_acquire(self.settings.clock.now(), self.encoding.limits().interval)
    }

    /// The request for a batch, which may leave at once.
    pub(super) fn fitted(&mut self, mut batch: EncodedBatch, origin: Origin) -> Request {
        let rest = self.fit(&mut batch, origin);
        let now = self.settings.clock.now();
        let phase = Phase::Waiting { until: now, in_flush: now, is_retry: false };
        let is_part = !rest.is_empty();
        Request { batch, rest, is_part, origin, first_attempt: now, failures: 0, failed_at: None, trials: 0, phase }
    }

    /// Shortens the batch to one request. The rest goes back to the queue, or is returned if it belongs to a spool record.
    fn fit(&mut self, batch: &mut EncodedBatch, origin: Origin) -> VecDeque<EncodedBatch> {
        let mut rest = VecDeque::new();
        let fitting = batch.fitting(self.request_size.limit());
        if fitting < batch.len() {
            let tail = batch.split_off(fitting);
            match origin {
                Origin::Memory => self.queue.push_front(tail),
                Origin::Spool { .. } => rest.push_front(tail),
            }
        }
        rest
    }

    fn start_request(&mut self, _: Permit) {
        let Some(request) = &mut self.request else { return };
        let now = self.settings.clock.now();
        let EncodedBatch { process, bytes, .. } = &request.batch;
        let mut body = Vec::with_capacity(process.len() + bytes.len() + 256);
        self.encoding.frame(process, request.batch.spans(), &mut body);
        self.channel.start(body, self.encoding.content_type());
        request.phase = Phase::InFlight { sent_at: now };
    }
}
