//! A transport as the reporter runs it: with its queue limit, statistics, and protection against panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentracing_core::{Batch, FinishedSpan, FlushError, ReporterStats, TransportStats};

use crate::transport::{SendReason, Transport, TransportCheck};

/// How often a send in progress is continued.
const TICK: Duration = Duration::from_millis(50);
/// How long one call may take on the reporter's thread.
const TIME_SLICE: Duration = Duration::from_millis(20);
/// After this many sends in a row that panic, a transport is no longer used.
const MAX_PANICS: u8 = 3;
/// The minimum time between two log lines of one topic about one transport.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// What a log line is about. A server that is away must not hide a disk or a queue that is full.
#[derive(Clone, Copy, Debug)]
enum Topic {
    Request,
    Storage,
    Queue,
}

/// The limits of each transport that has none of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) queue_size: usize,
    pub(crate) batch_size: usize,
    pub(crate) batch_delay: Duration,
}

/// The limits of one transport that replace those of all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct OwnLimits {
    pub(crate) queue_size: Option<usize>,
    pub(crate) batch_size: Option<usize>,
    pub(crate) batch_delay: Option<Duration>,
}

impl OwnLimits {
    /// A batch is at most as large as the queue.
    fn over(self, all: Limits) -> Limits {
        let queue_size = self.queue_size.unwrap_or(all.queue_size);
        let batch_size = self.batch_size.unwrap_or(all.batch_size).min(queue_size);
        Limits { queue_size, batch_size, batch_delay: self.batch_delay.unwrap_or(all.batch_delay) }
    }
}

pub(crate) struct ManagedTransport {
    pub(crate) own: OwnLimits,
    /// `None` once it is no longer used.
    transport: Option<Box<dyn Transport>>,
    pub(crate) name: &'static str,
    pub(crate) stats: ReporterStats,
    /// The statistics of a transport that is no longer used.
    final_stats: TransportStats,
    last_error: Option<Arc<str>>,
    /// When the oldest span was added that no send was called for yet.
    waiting_since: Option<Instant>,
    in_progress: bool,
    /// A send left a full batch, or a full queue, pending. It is not called for that again before the next tick.
    has_kept_batch: bool,
    has_kept_queue: bool,
    panics: u8,
    logged: [Option<Instant>; 3],
}

impl ManagedTransport {
    pub(crate) fn new(transport: Box<dyn Transport>, own: OwnLimits) -> Self {
        ManagedTransport {
            own,
            name: transport.name(),
            transport: Some(transport),
            stats: ReporterStats::default(),
            final_stats: TransportStats::default(),
            last_error: None,
            waiting_since: None,
            in_progress: false,
            has_kept_batch: false,
            has_kept_queue: false,
            panics: 0,
            logged: [None; 3],
        }
    }

    pub(crate) fn report(&mut self, batch: Batch<'_>, limits: Limits) {
        let limits = self.own.over(limits);
        for span in batch.iter() {
            let mut pending = self.pending();
            if pending >= limits.queue_size && !self.has_kept_queue {
                self.send(SendReason::QueueFull, Instant::now() + TIME_SLICE);
                pending = self.pending();
                self.has_kept_queue = pending >= limits.queue_size;
            }
            if pending >= limits.queue_size {
                self.stats.dropped_queue_full += 1;
                if let Some(transport) = &mut self.transport {
                    let _ = catch_unwind(AssertUnwindSafe(|| transport.span_dropped()));
                }
                self.warn(Topic::Queue, format_args!("the queue is full ({pending} spans), further spans are dropped"));
                continue;
            }
            self.add(span);
            if pending + 1 >= limits.batch_size && !self.has_kept_batch {
                self.send(SendReason::Due, Instant::now() + TIME_SLICE);
                let kept = self.pending();
                self.has_kept_batch = kept >= limits.batch_size || (self.in_progress && kept > 0);
            }
        }
    }

    pub(crate) fn tick(&mut self, limits: Limits) {
        let limits = self.own.over(limits);
        self.has_kept_batch = false;
        self.has_kept_queue = false;
        if let Some(transport) = &mut self.transport {
            let _ = catch_unwind(AssertUnwindSafe(|| transport.tick()));
        }
        let pending = self.pending();
        if pending == 0 {
            self.waiting_since = None;
        }
        let until = Instant::now() + TIME_SLICE;
        if pending > 0 && self.until_due(pending, limits).is_zero() {
            self.send(SendReason::Due, until);
        } else if self.in_progress || self.has_spooled() {
            self.send(SendReason::InProgress, until);
        }
    }

    /// How long the pending spans wait for more.
    fn until_due(&self, pending: usize, limits: Limits) -> Duration {
        if pending >= limits.batch_size {
            return Duration::ZERO;
        }
        let waited = self.waiting_since.map_or(Duration::ZERO, |since| since.elapsed());
        self.batch_delay().unwrap_or(limits.batch_delay).saturating_sub(waited)
    }

    /// How long the thread may sleep if no span is added.
    pub(crate) fn max_pause(&self, limits: Limits) -> Duration {
        let Some(transport) = &self.transport else { return Duration::MAX };
        let limits = self.own.over(limits);
        let own = catch_unwind(AssertUnwindSafe(|| transport.max_pause())).unwrap_or_default();
        let pending = self.pending();
        match own {
            None if self.in_progress || self.has_spooled() => TICK,
            Some(own) if self.in_progress || pending == 0 => own,
            own if pending > 0 => self.until_due(pending, limits).min(own.unwrap_or(Duration::MAX)),
            own => own.unwrap_or(Duration::MAX),
        }
    }

    /// Flushes, and returns whether nothing is pending any more.
    pub(crate) fn flush(&mut self, until: Instant) -> bool {
        self.send(SendReason::Flush, until);
        let is_empty = self.pending() == 0;
        if !is_empty && Instant::now() < until {
            // It returned early. Wait a little instead of calling it in a tight loop.
            std::thread::sleep(Duration::from_millis(1));
        }
        is_empty
    }

    /// Drops the pending spans and the transport.
    pub(crate) fn abandon(&mut self) {
        let left = self.pending();
        self.stats.dropped_failed += left as u64;
        if left > 0 && self.last_error.is_none() {
            self.last_error = Some("the tracer was closed before an answer arrived".into());
        }
        self.final_stats = self.own_stats();
        let transport = self.transport.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(transport)));
    }

    pub(crate) fn dropped(&self) -> u64 {
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

    /// The check of the transport, with its name.
    pub(crate) fn check(&self) -> (&'static str, TransportCheck) {
        let panicked = || TransportCheck::new(|_| Err("the transport panicked".to_owned()));
        let check = match &self.transport {
            Some(transport) => catch_unwind(AssertUnwindSafe(|| transport.check())).unwrap_or_else(|_| panicked()),
            None => TransportCheck::unavailable("it is no longer used"),
        };
        (self.name, check)
    }

    pub(crate) fn transport_stats(&self) -> TransportStats {
        let mut stats = self.own_stats();
        stats.name = self.name;
        stats.sent = self.stats.sent;
        stats.dropped_queue_full = self.stats.dropped_queue_full;
        stats.dropped_failed = self.stats.dropped_failed;
        stats.queued = self.pending() as u64;
        stats.last_error.clone_from(&self.last_error);
        stats
    }

    fn own_stats(&self) -> TransportStats {
        let Some(transport) = &self.transport else { return self.final_stats.clone() };
        catch_unwind(AssertUnwindSafe(|| transport.stats())).unwrap_or_default()
    }

    fn batch_delay(&self) -> Option<Duration> {
        let transport = self.transport.as_ref()?;
        catch_unwind(AssertUnwindSafe(|| transport.batch_delay())).ok()?
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

    fn send(&mut self, reason: SendReason, until: Instant) {
        let before = self.pending();
        let has_any = before > 0 || self.has_spooled();
        let Some(transport) = self.transport.as_mut().filter(|_| has_any) else { return };
        match catch_unwind(AssertUnwindSafe(|| transport.send(reason, until))) {
            Ok(outcome) => {
                self.panics = 0;
                self.stats.sent += outcome.sent;
                self.stats.dropped_failed += outcome.dropped;
                self.in_progress = outcome.in_progress;
                for (topic, error) in [(Topic::Request, outcome.error), (Topic::Storage, outcome.storage_error)] {
                    let Some(error) = error else { continue };
                    self.last_error = Some(error.to_string().into());
                    self.warn(topic, format_args!("{error} ({} spans dropped)", outcome.dropped));
                }
            }
            Err(_) => {
                self.in_progress = false;
                self.panics += 1;
                self.last_error = Some("the transport panicked".into());
                self.stats.dropped_failed += before.saturating_sub(self.pending()) as u64;
                if self.panics == MAX_PANICS {
                    self.abandon();
                    log::error!(
                        "the {} transport panicked {MAX_PANICS} times in a row and is no longer used",
                        self.name
                    );
                }
            }
        }
        let pending = self.pending();
        if pending == 0 || !self.in_progress {
            self.waiting_since = (pending > 0).then(Instant::now);
        }
    }

    fn warn(&mut self, topic: Topic, message: std::fmt::Arguments<'_>) {
        let now = Instant::now();
        let logged = &mut self.logged[topic as usize];
        if logged.is_none_or(|last| now.saturating_duration_since(last) >= LOG_INTERVAL) {
            *logged = Some(now);
            log::warn!("{}: {message}", self.name);
        }
    }
}

/// The result of a flush: a time-out if spans are still pending, a failure if spans were dropped since the last one.
pub(crate) fn flush_result(is_empty: bool, has_dropped: bool) -> Result<(), FlushError> {
    match (is_empty, has_dropped) {
        (false, _) => Err(FlushError::Timeout),
        (true, true) => Err(FlushError::Failed),
        (true, false) => Ok(()),
    }
}
