//! One transport of a reporter: what waits in it, what became of the rest.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentracing_core::{Batch, FinishedSpan, FlushError, ReporterStats, TransportStats};

use crate::transport::{Reason, Transport};

/// How long a transport may take of the thread's time in one call.
const SLICE: Duration = Duration::from_millis(20);
/// Sends that panic in a row, after which a transport is given up.
const PANICS: u8 = 3;
/// Between two lines about the errors of one transport.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Sizes that hold for each transport.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) queue: usize,
    pub(crate) batch: usize,
    pub(crate) delay: Duration,
}

pub(crate) struct Lane {
    /// `None` once it is given up.
    transport: Option<Box<dyn Transport>>,
    pub(crate) name: &'static str,
    pub(crate) stats: ReporterStats,
    /// What the transport said last before it was given up.
    last_words: TransportStats,
    last_error: Option<Arc<str>>,
    /// When the first came of the spans that no send has been asked to take yet.
    waiting_since: Option<Instant>,
    in_progress: bool,
    /// It was asked and kept a whole batch, or a whole queue: it is not asked for that again before the next tick.
    keeps_batch: bool,
    keeps_queue: bool,
    panics: u8,
    logged: Option<Instant>,
}

impl Lane {
    pub(crate) fn new(transport: Box<dyn Transport>) -> Self {
        Lane {
            name: transport.name(),
            transport: Some(transport),
            stats: ReporterStats::default(),
            last_words: TransportStats::default(),
            last_error: None,
            waiting_since: None,
            in_progress: false,
            keeps_batch: false,
            keeps_queue: false,
            panics: 0,
            logged: None,
        }
    }

    pub(crate) fn report(&mut self, batch: Batch<'_>, limits: Limits) {
        for span in batch.iter() {
            let mut pending = self.pending();
            if pending >= limits.queue && !self.keeps_queue {
                self.send(Reason::Full, Instant::now() + SLICE);
                pending = self.pending();
                self.keeps_queue = pending >= limits.queue;
            }
            if pending >= limits.queue {
                self.stats.dropped_queue_full += 1;
                if let Some(transport) = &mut self.transport {
                    let _ = catch_unwind(AssertUnwindSafe(|| transport.refused()));
                }
                self.warn(format_args!("spans are lost, since {pending} are waiting already"));
                continue;
            }
            self.add(span);
            if pending + 1 >= limits.batch && !self.keeps_batch {
                self.send(Reason::Due, Instant::now() + SLICE);
                self.keeps_batch = self.in_progress || self.pending() >= limits.batch;
            }
        }
    }

    pub(crate) fn tick(&mut self, limits: Limits) {
        self.keeps_batch = false;
        self.keeps_queue = false;
        if let Some(transport) = &mut self.transport {
            let _ = catch_unwind(AssertUnwindSafe(|| transport.tick()));
        }
        let pending = self.pending();
        if pending == 0 {
            self.waiting_since = None;
            if self.has_spooled() {
                self.send(Reason::Due, Instant::now() + SLICE);
            }
            return;
        }
        let now = Instant::now();
        let waited = self.waiting_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        if self.in_progress || pending >= limits.batch || waited >= self.delay().unwrap_or(limits.delay) {
            self.send(Reason::Due, now + SLICE);
        }
    }

    /// Whether nothing is pending any more.
    pub(crate) fn flush(&mut self, until: Instant) -> bool {
        self.send(Reason::Flush, until);
        let is_empty = self.pending() == 0;
        if !is_empty && Instant::now() < until {
            // It came back early: a rest, so as not to ask in a tight loop.
            std::thread::sleep(Duration::from_millis(1));
        }
        is_empty
    }

    /// Counts as lost what is still there.
    pub(crate) fn abandon(&mut self) {
        let left = self.pending();
        self.stats.dropped_failed += left as u64;
        if left > 0 && self.last_error.is_none() {
            self.last_error = Some("the end came before an answer".into());
        }
        self.last_words = self.said();
        let transport = self.transport.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(transport)));
    }

    pub(crate) fn lost(&self) -> u64 {
        self.stats.dropped_queue_full + self.stats.dropped_failed
    }

    pub(crate) fn pending(&self) -> usize {
        let Some(transport) = &self.transport else { return 0 };
        catch_unwind(AssertUnwindSafe(|| transport.pending())).unwrap_or(0)
    }

    fn has_spooled(&self) -> bool {
        let Some(transport) = &self.transport else { return false };
        catch_unwind(AssertUnwindSafe(|| transport.spooled())).is_ok_and(|spans| spans > 0)
    }

    pub(crate) fn transport_stats(&self) -> TransportStats {
        let mut stats = self.said();
        stats.name = self.name;
        stats.sent = self.stats.sent;
        stats.dropped_queue_full = self.stats.dropped_queue_full;
        stats.dropped_failed = self.stats.dropped_failed;
        stats.queued = self.pending() as u64;
        stats.last_error.clone_from(&self.last_error);
        stats
    }

    fn said(&self) -> TransportStats {
        let Some(transport) = &self.transport else { return self.last_words.clone() };
        catch_unwind(AssertUnwindSafe(|| transport.stats())).unwrap_or_default()
    }

    fn delay(&self) -> Option<Duration> {
        let transport = self.transport.as_ref()?;
        catch_unwind(AssertUnwindSafe(|| transport.delay())).ok()?
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        let added = match &mut self.transport {
            Some(transport) => catch_unwind(AssertUnwindSafe(|| transport.add(span))).is_ok(),
            None => false,
        };
        if !added {
            self.stats.dropped_failed += 1;
        } else if self.waiting_since.is_none() {
            self.waiting_since = Some(Instant::now());
        }
    }

    fn send(&mut self, reason: Reason, until: Instant) {
        let before = self.pending();
        let has_any = before > 0 || self.has_spooled();
        let Some(transport) = self.transport.as_mut().filter(|_| has_any) else { return };
        match catch_unwind(AssertUnwindSafe(|| transport.send(reason, until))) {
            Ok(outcome) => {
                self.panics = 0;
                self.stats.sent += outcome.sent;
                self.stats.dropped_failed += outcome.lost;
                self.in_progress = outcome.in_progress;
                if let Some(error) = outcome.error {
                    self.last_error = Some(error.to_string().into());
                    self.warn(format_args!("{error} ({} spans lost)", outcome.lost));
                }
            }
            Err(_) => {
                self.in_progress = false;
                self.panics += 1;
                self.last_error = Some("the transport panicked".into());
                self.stats.dropped_failed += before.saturating_sub(self.pending()) as u64;
                if self.panics == PANICS {
                    self.abandon();
                    log::error!("the {} transport panicked {PANICS} times in a row and is no longer used", self.name);
                }
            }
        }
        if !self.in_progress {
            self.waiting_since = (self.pending() > 0).then(Instant::now);
        }
    }

    fn warn(&mut self, message: std::fmt::Arguments<'_>) {
        let now = Instant::now();
        if self.logged.is_none_or(|last| now.saturating_duration_since(last) >= LOG_INTERVAL) {
            self.logged = Some(now);
            log::warn!("{}: {message}", self.name);
        }
    }
}

/// What a flush tells: not everything was through in time, or spans were lost since the last one.
pub(crate) fn verdict(all_through: bool, lost: bool) -> Result<(), FlushError> {
    match (all_through, lost) {
        (false, _) => Err(FlushError::Timeout),
        (true, true) => Err(FlushError::Failed),
        (true, false) => Ok(()),
    }
}
