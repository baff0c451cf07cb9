//! Responses: what happens to the spans of a request, and the statistics.

use std::error::Error;
use std::time::Duration;

use super::exporter::Exporter;
use super::request::{Origin, Phase, Request};
use crate::batch::Encoding;
use crate::connection::{Answer, BoxError, Channel, NoConnection, RetryAfter};
use crate::retry::FLUSH_BACKOFF;
use crate::transport::SendOutcome;

/// The longest delay that a server may ask for, so that a wrong date does not end the reporting.
const MAX_SERVER_DELAY: Duration = Duration::from_secs(300);

impl<E: Encoding, C: Channel> Exporter<E, C> {
    pub(super) fn handle_answer(&mut self, answer: Answer) -> SendOutcome {
        let Some(request) = self.request.take() else { return SendOutcome::none() };
        let request_stats = self.channel.request_stats();
        self.stats.bytes += request_stats.bytes as u64;
        if !matches!(answer, Answer::Accepted(_)) {
            self.stats.failed_requests += 1;
        }
        match answer {
            Answer::Accepted(body) => {
                self.stats.requests += 1;
                self.stats.latency.record(request_stats.latency);
                self.accepted(request, &body)
            }
            Answer::TooLarge if request.batch.len() < 2 => {
                let spans = request.batch.len();
                self.stats.oversized += request.origin.own(spans);
                let outcome = self.drop_spans(request.origin, spans, "a span is larger than the server accepts");
                self.finish_batch(request);
                outcome
            }
            Answer::TooLarge => {
                self.halve(request);
                SendOutcome::none()
            }
            Answer::Refused(error) => {
                self.backoff.reset();
                let spans = request.batch.len();
                self.stats.rejected += request.origin.own(spans);
                let outcome = self.drop_spans(request.origin, spans, error);
                self.finish_batch(request);
                outcome
            }
            Answer::Retry { after, error } => self.retry(request, after, error),
        }
    }

    fn accepted(&mut self, request: Request, body: &[u8]) -> SendOutcome {
        self.backoff.reset();
        self.accepted += 1;
        self.request_size.accepted(request.batch.bytes.len());
        let (spans, origin) = (request.batch.len(), request.origin);
        let answer = self.encoding.partial_success(body);
        let rejected = answer.rejected.min(spans);
        self.stats.rejected += origin.own(rejected);
        let sent = self.sent(origin, spans - rejected);
        let outcome = match answer.message {
            Some(message) => sent.and(self.drop_spans(origin, rejected, format!("the server says: {message}"))),
            None if rejected > 0 => {
                sent.and(self.drop_spans(origin, rejected, "the server rejected some of the spans"))
            }
            None => sent,
        };
        self.finish_batch(request);
        outcome
    }

    /// Sends the two halves of a request that was too large, one after the other.
    fn halve(&mut self, mut request: Request) {
        self.backoff.reset();
        self.request_size.refused(request.batch.bytes.len());
        let tail = request.batch.split_off(request.batch.len() / 2);
        match request.origin {
            Origin::Memory => {
                self.queue.push_front(tail);
                self.queue.push_front(request.batch);
            }
            Origin::Spool { .. } => {
                request.rest.push_front(tail);
                request.is_part = true;
                self.send_when_permitted(request);
            }
        }
    }

    fn retry(&mut self, mut request: Request, after: Option<RetryAfter>, error: BoxError) -> SendOutcome {
        let now = self.settings.clock.now();
        let spooled = self.spool_request(&mut request);
        // On the disk the room is the bound, not the time.
        let is_over = now.saturating_duration_since(request.first_attempt) >= self.settings.max_retry_time;
        if request.origin == Origin::Memory && is_over {
            let spans = request.batch.len();
            self.stats.retries_exhausted += spans as u64;
            return spooled.and(self.drop_spans(Origin::Memory, spans, error));
        }
        // A delay of zero, or a date that our clock has passed, must not make us hammer the server.
        let server_delay = after.map_or(Duration::ZERO, |after| self.server_delay(after).min(MAX_SERVER_DELAY));
        let until = now + server_delay.max(self.backoff.after_failure());
        let in_flush = now + server_delay.max(FLUSH_BACKOFF);
        request.phase = Phase::Waiting { until, in_flush, is_retry: true };
        if error.is::<NoConnection>() {
            self.request = Some(request);
            // Nothing is dropped so far, but the error belongs in `last_error` and in the log.
            return spooled.and(SendOutcome::retrying(error));
        }
        spooled.and(self.judge(request, error))
    }

    /// Goes on with the next part of a batch, or deletes its record after the last part.
    pub(super) fn finish_batch(&mut self, mut request: Request) {
        match request.rest.pop_front() {
            Some(batch) => {
                request.batch = batch;
                request.trials = 0;
                self.send_when_permitted(request);
            }
            None => self.delete_record(request.origin),
        }
    }

    fn send_when_permitted(&mut self, mut request: Request) {
        let now = self.settings.clock.now();
        request.phase = Phase::Waiting { until: now, in_flush: now, is_retry: false };
        self.request = Some(request);
    }

    fn server_delay(&self, after: RetryAfter) -> Duration {
        match after {
            RetryAfter::Delay(delay) => delay,
            RetryAfter::Date(date) => date.duration_since(self.settings.clock.system_time()).unwrap_or_default(),
        }
    }

    /// Reports the spans that `add` had to drop since the last `send`.
    pub(super) fn report_dropped_on_add(&mut self) -> SendOutcome {
        let oversized = std::mem::take(&mut self.unreported_oversized);
        let over_limit = std::mem::take(&mut self.unreported_over_limit);
        let mut outcome = SendOutcome::none();
        if oversized > 0 {
            self.stats.oversized += oversized as u64;
            let dropped = self.drop_spans(Origin::Memory, oversized, "a span is larger than a request may be");
            outcome = outcome.and(dropped);
        }
        if over_limit > 0 {
            let error = format!("{} bytes of spans are already waiting", self.queue.bytes());
            outcome = outcome.and(self.drop_spans(Origin::Memory, over_limit, error));
        }
        outcome
    }

    fn sent(&mut self, origin: Origin, spans: usize) -> SendOutcome {
        match origin {
            Origin::Memory => self.pending -= spans,
            Origin::Spool { is_inherited: false, .. } => {}
            Origin::Spool { is_inherited: true, .. } => {
                self.count_inherited_sent(spans);
                return SendOutcome::none();
            }
        }
        SendOutcome::sent(spans)
    }

    pub(super) fn drop_spans(
        &mut self,
        origin: Origin,
        spans: usize,
        error: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> SendOutcome {
        match origin {
            Origin::Memory => self.pending -= spans,
            Origin::Spool { is_inherited: false, .. } => {}
            Origin::Spool { is_inherited: true, .. } => {
                self.count_inherited_dropped(spans);
                return SendOutcome::retrying(error);
            }
        }
        SendOutcome::dropped(spans, error)
    }
}
