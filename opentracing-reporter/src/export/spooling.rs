//! Spooling: when batches go to the disk, and how they are sent from there.

use std::io;
use std::time::{Duration, Instant};

use opentracing_core::TransportStats;

use super::exporter::Exporter;
use super::request::{Origin, Phase, Request};
use crate::batch::{BatchQueue, EncodedBatch, Encoding};
use crate::connection::Channel;
use crate::spool::{Dropped, Spool, Store};
use crate::transport::{SendOutcome, SendReason};

/// The records on the disk are older than the queue in memory, except for the batch that is in flight. They are sent first, and new
/// batches go behind them as long as there are any.
#[derive(Debug)]
pub(crate) struct Spooling {
    pub(super) store: Store,
    /// Batches are written before they are sent.
    writes_first: bool,
    /// When the first span entered an empty queue.
    waiting_since: Option<Instant>,
    /// When the disk took no batch.
    failed_at: Option<Instant>,
    /// Spans dropped from the disk that no `send` has reported yet.
    unreported: Dropped,
    recovered_sent: u64,
    recovered_dropped: u64,
}

/// How long a span waits for others before a record is written while the server is unavailable. A process that is killed then loses at
/// most a second of spans, as it does otherwise.
const RECORD_DELAY: Duration = Duration::from_secs(1);
const SPOOL_FULL: &str = "the disk space for it is full, and the oldest spans in it are dropped";

impl<E: Encoding, C: Channel> Exporter<E, C> {
    pub(crate) fn spool(&mut self, spool: &Spool, kind: &str) -> io::Result<()> {
        let (store, unreported) = Store::open(spool, kind)?;
        self.spooling = Some(Spooling {
            store,
            writes_first: spool.writes_first(),
            waiting_since: None,
            failed_at: None,
            unreported,
            recovered_sent: 0,
            recovered_dropped: 0,
        });
        Ok(())
    }

    /// Whether a spool is configured.
    pub(crate) fn has_spool(&self) -> bool {
        self.spooling.is_some()
    }

    /// The number of spans on the disk.
    pub(crate) fn spooled(&self) -> usize {
        self.spooling.as_ref().map_or(0, |spooling| spooling.store.spans())
    }

    /// The number of spans on the disk that no request has set aside.
    pub(super) fn ready_in_spool(&self) -> usize {
        self.spooling.as_ref().map_or(0, |spooling| spooling.store.ready_spans())
    }

    /// Notes that a span enters the open batch, behind `bytes_before` bytes of others.
    pub(super) fn note_queued(&mut self, bytes_before: usize) {
        if let Some(spooling) = &mut self.spooling
            && bytes_before == 0
        {
            spooling.waiting_since = Some(self.settings.clock.now());
        }
    }

    /// The batch of the oldest record.
    pub(super) fn next_from_spool(&mut self) -> (Option<(EncodedBatch, Origin)>, SendOutcome) {
        let Some(spooling) = &mut self.spooling else { return (None, SendOutcome::none()) };
        let mut dropped = Dropped::default();
        let found = spooling.store.front(&mut dropped);
        spooling.unreported.add(dropped);
        let outcome = self.report_dropped_from_spool("a record is damaged");
        match found {
            Ok(found) => {
                let spooled = |(batch, number, is_inherited)| (batch, Origin::Spool { number, is_inherited });
                (found.map(spooled), outcome)
            }
            Err(error) => (None, outcome.and(SendOutcome::storage(0, error))),
        }
    }

    /// Releases a request that waits for its retry, if the spool has dropped its record meanwhile to make room.
    pub(super) fn release_lost_record(&mut self) -> bool {
        let Some(spooling) = &self.spooling else { return false };
        let is_lost = |request: &mut Request| match request.origin {
            Origin::Spool { number, .. } => !spooling.store.contains(number),
            Origin::Memory => false,
        };
        self.request.take_if(is_lost).is_some()
    }

    /// Deletes the record that a batch came from: its spans are sent or dropped.
    pub(super) fn delete_record(&mut self, origin: Origin) {
        if let (Origin::Spool { number, .. }, Some(spooling)) = (origin, &mut self.spooling) {
            spooling.store.remove_number(number);
        }
    }

    /// Writes the batch of a request in front of all records.
    pub(super) fn spool_request(&mut self, request: &mut Request) -> SendOutcome {
        let Some(spooling) = self.spooling.as_mut().filter(|_| request.origin == Origin::Memory && !request.is_part)
        else {
            return SendOutcome::none();
        };
        match spooling.store.push_front(&request.batch) {
            Ok((number, dropped)) => {
                spooling.unreported.add(dropped);
                self.pending -= request.batch.len();
                request.origin = Origin::Spool { number, is_inherited: false };
                self.report_dropped_from_spool(SPOOL_FULL)
            }
            // The batch stays in memory, as without a spool.
            Err(error) => SendOutcome::storage(0, error),
        }
    }

    /// Writes the queue to the disk before anything of it is sent, if that is the mode. Called at the beginning of each `send`.
    pub(super) fn spool_first(&mut self, reason: SendReason) -> SendOutcome {
        let now = self.settings.clock.now();
        let Some(spooling) = &self.spooling else { return SendOutcome::none() };
        let has_just_failed = spooling.failed_at.is_some_and(|at| now.saturating_duration_since(at) < RECORD_DELAY);
        if !spooling.writes_first || reason == SendReason::InProgress || (has_just_failed && reason == SendReason::Due)
        {
            return SendOutcome::none();
        }
        self.spool_queue(|_| true)
    }

    /// Whether the spans in memory go to the disk before they are sent.
    pub(super) fn waits_for_disk(&self) -> bool {
        self.spooling.as_ref().is_some_and(|spooling| spooling.writes_first && spooling.failed_at.is_none())
    }

    /// Writes batches of the queue to the disk, oldest first, while `is_wanted` and the disk takes them.
    fn spool_queue(&mut self, is_wanted: impl Fn(&BatchQueue) -> bool) -> SendOutcome {
        let mut outcome = SendOutcome::none();
        while is_wanted(&self.queue)
            && let Some(batch) = self.queue.pop()
        {
            let written = self.push_back(&batch);
            let now = self.settings.clock.now();
            if let Some(spooling) = &mut self.spooling {
                spooling.failed_at = written.is_err().then_some(now);
            }
            match written {
                Ok(()) => outcome = outcome.and(self.report_dropped_from_spool(SPOOL_FULL)),
                Err(error) => {
                    self.queue.push_front(batch);
                    return outcome.and(SendOutcome::storage(0, error));
                }
            }
        }
        outcome
    }

    /// Writes to the disk what should not wait in memory. Called at the end of each `send`.
    pub(super) fn spool_if_needed(&mut self, reason: SendReason, until: Instant) -> SendOutcome {
        if self.spooling.is_none() {
            return SendOutcome::none();
        }
        let is_waiting_for_retry = self.is_waiting_for_retry();
        let is_unavailable = is_waiting_for_retry || self.ready_in_spool() > 0;
        let is_over = reason == SendReason::Flush && Instant::now() >= until;
        let mut outcome = SendOutcome::none();
        if (is_over || reason == SendReason::QueueFull)
            && let Some(mut request) = self.request.take()
        {
            // Its answer may still arrive; the record is deleted then.
            outcome = self.spool_request(&mut request);
            self.request = Some(request);
        }
        let takes_all = match reason {
            SendReason::Due | SendReason::InProgress => is_unavailable && self.is_record_due(),
            SendReason::QueueFull => true,
            // While the server answers, a flush sends the records and then the queue for as long as it has time.
            SendReason::Flush => is_waiting_for_retry || is_over,
        };
        let takes_full = is_unavailable && reason != SendReason::Flush;
        outcome.and(self.spool_queue(|queue| takes_all || (takes_full && queue.has_full())))
    }

    fn push_back(&mut self, batch: &EncodedBatch) -> io::Result<()> {
        let Some(spooling) = &mut self.spooling else { return Ok(()) };
        // The record in flight must stay until its answer arrives.
        let in_use = match &self.request {
            Some(request) if request.is_in_flight() || request.is_part => request.origin.record(),
            _ => None,
        };
        let dropped = spooling.store.push_back(batch, in_use)?;
        spooling.unreported.add(dropped);
        self.pending -= batch.len();
        Ok(())
    }

    /// Whether the last request failed and its retry is not due yet.
    fn is_waiting_for_retry(&self) -> bool {
        match &self.request {
            Some(Request { phase: Phase::Waiting { until, .. }, .. }) => self.settings.clock.now() < *until,
            _ => false,
        }
    }

    fn is_record_due(&self) -> bool {
        let since = self.spooling.as_ref().and_then(|spooling| spooling.waiting_since);
        since.is_some_and(|since| self.settings.clock.now().saturating_duration_since(since) >= RECORD_DELAY)
    }

    pub(super) fn count_inherited_sent(&mut self, spans: usize) {
        if let Some(spooling) = &mut self.spooling {
            spooling.recovered_sent += spans as u64;
        }
    }

    pub(super) fn count_inherited_dropped(&mut self, spans: usize) {
        if let Some(spooling) = &mut self.spooling {
            spooling.recovered_dropped += spans as u64;
        }
    }

    fn report_dropped_from_spool(&mut self, error: &'static str) -> SendOutcome {
        let Some(spooling) = &mut self.spooling else { return SendOutcome::none() };
        let Dropped { own, inherited } = std::mem::take(&mut spooling.unreported);
        spooling.recovered_dropped += inherited as u64;
        if own + inherited > 0 { SendOutcome::storage(own, error) } else { SendOutcome::none() }
    }

    pub(super) fn spool_stats(&self, stats: &mut TransportStats) {
        if let Some(spooling) = &self.spooling {
            stats.spooled = spooling.store.spans() as u64;
            stats.recovered_sent = spooling.recovered_sent;
            stats.recovered_dropped = spooling.recovered_dropped;
        }
    }
}
