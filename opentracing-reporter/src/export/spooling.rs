//! What an exporter does with a spool, if it has one.

use std::io;
use std::time::{Duration, Instant};

use opentracing_core::TransportStats;

use super::exporter::{Current, Exporter, Origin, Phase};
use crate::batch::Encoded;
use crate::batch::Encoding;
use crate::connection::Channel;
use crate::spool::{Lost, Spool, Store};
use crate::transport::{Outcome, Reason};

/// What is on the disk is older than what waits in memory, but for the batch that is under way. It is sent first, and as long as there
/// is any, what comes is put behind it.
#[derive(Debug)]
pub(crate) struct Spooling {
    store: Store,
    /// When the first span came to an empty backlog.
    waiting_since: Option<Instant>,
    /// Lost on the disk and not told yet.
    untold: Lost,
    inherited_sent: u64,
    inherited_dropped: u64,
}

/// While the other side is away, a span waits that long for others before a record is written: a second of spans is what a process that
/// is killed loses then, as it does otherwise.
const RECORD_DELAY: Duration = Duration::from_secs(1);

impl<E: Encoding, C: Channel> Exporter<E, C> {
    pub(crate) fn spool(&mut self, spool: &Spool, kind: &str) -> io::Result<()> {
        let (store, untold) = Store::open(spool, kind)?;
        let (waiting_since, inherited_sent, inherited_dropped) = (None, 0, 0);
        self.spooling = Some(Spooling { store, waiting_since, untold, inherited_sent, inherited_dropped });
        Ok(())
    }

    /// Whether there is a disk to keep spans on.
    pub(crate) fn has_spool(&self) -> bool {
        self.spooling.is_some()
    }

    /// Spans on the disk.
    pub(crate) fn spooled(&self) -> usize {
        self.spooling.as_ref().map_or(0, |spooling| spooling.store.spans())
    }

    /// A span is about to be committed behind so many bytes of the batch that is open.
    pub(super) fn note_waiting(&mut self, behind: usize) {
        if let Some(spooling) = &mut self.spooling
            && behind == 0
        {
            spooling.waiting_since = Some(self.settings.timer.now());
        }
    }

    /// The oldest record, unless it is under way already.
    pub(super) fn next_from_spool(&mut self) -> (Option<(Encoded, Origin)>, Outcome) {
        let Some(spooling) = &mut self.spooling else { return (None, Outcome::none()) };
        let mut lost = Lost::default();
        let found = spooling.store.front(&mut lost);
        spooling.untold.add(lost);
        let outcome = self.tell("a record of the spool is damaged");
        match found {
            Ok(found) => (found.map(|(batch, is_inherited)| (batch, Origin::Spool { is_inherited })), outcome),
            Err(error) => (None, outcome.and(Outcome::lost(0, error))),
        }
    }

    /// Whether the batch at rest is a record: meanwhile that may have made room for others, so the oldest is read again.
    pub(super) fn forgets_record_at_rest(&mut self) -> bool {
        self.current.take_if(|current| current.origin != Origin::Memory && !current.is_part).is_some()
    }

    /// The record that a batch came from needs to be kept no longer.
    pub(super) fn forget_record(&mut self, origin: Origin) {
        if let (Origin::Spool { .. }, Some(spooling)) = (origin, &mut self.spooling) {
            spooling.store.remove_front();
        }
    }

    /// Puts a batch in front of all records, where it stays until it is through.
    pub(super) fn spool_current(&mut self, current: &mut Current) -> Outcome {
        let Some(spooling) = self.spooling.as_mut().filter(|_| current.origin == Origin::Memory) else {
            return Outcome::none();
        };
        match spooling.store.push_front(&current.batch) {
            Ok(lost) => {
                spooling.untold.add(lost);
                self.pending -= current.batch.len();
                current.origin = Origin::Spool { is_inherited: false };
                self.tell(FULL)
            }
            // It goes on as if there were no spool.
            Err(error) => Outcome::lost(0, error),
        }
    }

    /// Called once everything has been done that can be: writes down what should not wait in memory.
    pub(super) fn spool_what_waits(&mut self, reason: Reason, until: Instant) -> Outcome {
        if self.spooling.is_none() {
            return Outcome::none();
        }
        let is_resting = self.is_resting();
        let is_away = is_resting || self.spooled() > 0;
        let is_over = reason == Reason::Flush && Instant::now() >= until;
        let mut outcome = Outcome::none();
        if (is_over || reason == Reason::Full)
            && let Some(mut current) = self.current.take()
        {
            // Its answer may still come, and then the record goes.
            outcome = self.spool_current(&mut current);
            self.current = Some(current);
        }
        let takes_all = match reason {
            Reason::Due => is_away && self.has_waited(),
            Reason::Full => true,
            // If the other side is there, what is on the disk and then this is sent instead, until the time is over.
            Reason::Flush => is_resting || is_over,
        };
        let takes_full = is_away && reason != Reason::Flush;
        while takes_all || (takes_full && self.backlog.has_full()) {
            let Some(batch) = self.backlog.pop() else { break };
            match self.push_back(&batch) {
                Ok(()) => outcome = outcome.and(self.tell(FULL)),
                Err(error) => {
                    self.backlog.push_front(batch);
                    return outcome.and(Outcome::lost(0, error));
                }
            }
        }
        outcome
    }

    fn push_back(&mut self, batch: &Encoded) -> io::Result<()> {
        let Some(spooling) = &mut self.spooling else { return Ok(()) };
        // The record that is under way is not to go before its answer is there.
        let is_under_way = self.current.as_ref().is_some_and(|current| {
            let is_sent = matches!(current.phase, Phase::Sent { .. });
            current.origin != Origin::Memory && (is_sent || current.is_part)
        });
        let lost = spooling.store.push_back(batch, usize::from(is_under_way))?;
        spooling.untold.add(lost);
        self.pending -= batch.len();
        Ok(())
    }

    /// Whether the other side could not take the last request, and is left alone for a while.
    fn is_resting(&self) -> bool {
        match &self.current {
            Some(Current { phase: Phase::Resting { until, .. }, .. }) => self.settings.timer.now() < *until,
            _ => false,
        }
    }

    fn has_waited(&self) -> bool {
        let since = self.spooling.as_ref().and_then(|spooling| spooling.waiting_since);
        since.is_some_and(|since| self.settings.timer.now().saturating_duration_since(since) >= RECORD_DELAY)
    }

    pub(super) fn sent_inherited(&mut self, spans: usize) -> Outcome {
        if let Some(spooling) = &mut self.spooling {
            spooling.inherited_sent += spans as u64;
        }
        Outcome::none()
    }

    pub(super) fn lost_inherited(&mut self, spans: usize) -> Outcome {
        if let Some(spooling) = &mut self.spooling {
            spooling.inherited_dropped += spans as u64;
        }
        Outcome::none()
    }

    /// What was lost on the disk.
    fn tell(&mut self, reason: &'static str) -> Outcome {
        let Some(spooling) = &mut self.spooling else { return Outcome::none() };
        let Lost { own, inherited } = std::mem::take(&mut spooling.untold);
        spooling.inherited_dropped += inherited as u64;
        if own + inherited > 0 { Outcome::lost(own, reason) } else { Outcome::none() }
    }

    pub(super) fn spool_stats(&self, stats: &mut TransportStats) {
        if let Some(spooling) = &self.spooling {
            stats.spooled = spooling.store.spans() as u64;
            stats.inherited_sent = spooling.inherited_sent;
            stats.inherited_dropped = spooling.inherited_dropped;
        }
    }
}

const FULL: &str = "the spool is full, and the oldest spans in it are lost";
