//! The state that all threads of a tracer share. The hot path only reads it; locks are taken once per batch.

#![expect(clippy::vec_box, reason = "records are handed on by pointer and keep their place in memory")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, Weak};
use std::thread::Thread;
use std::time::{Duration, Instant, SystemTime};

use crate::clock::ticks::{self, Ticks};
use crate::clock::wall::unix_ns;
use crate::clock::{Clock, TickCounter, TickReading};
use crate::model::context::Meta;
use crate::model::kind::SpanKind;
use crate::model::limits::Limits;
use crate::propagation::Propagators;
use crate::record::record::{Record, Stamp};
use crate::recorder::decisions::Decisions;
use crate::recorder::drain::InlineDrain;
use crate::recorder::id_generator::IdGenerator;
use crate::recorder::intake::Intake;
use crate::recorder::open::OpenSpans;
use crate::recorder::port::PortReceiver;
use crate::recorder::running::Running;
use crate::recorder::stock::Stock;
use crate::reporter::reporter::{FlushError, Process};
use crate::sampler::{Decision, Sampler};
use crate::stats::pool::{PoolSource, PoolStats};
use crate::stats::red::RedFigures;
use crate::stats::stats::{DrainStats, PortStats, RareStats, ReporterStats, Stats};
use crate::stats::tail_stats::TailStats;
use crate::stats::transport_stats::TransportStats;
use crate::sync::{count, lock};

/// Read whenever a span starts or finishes, and rarely written.
pub(crate) struct Recorder {
    pub(crate) id: u32,
    pub(crate) constant: Option<Decision>,
    /// The meta of a root, if the sampler is constant.
    pub(crate) root_meta: Option<Meta>,
    /// No id generator, clock or counter was configured.
    pub(crate) is_plain: bool,
    /// Spans only carry their parent's context on.
    pub(crate) forwards: bool,
    pub(crate) reads_tags: bool,
    pub(crate) overrides_remote: bool,
    /// A span whose reporter decides later is propagated as sampled.
    pub(crate) deferred_as_sampled: bool,
    /// All ones, or zero for 64-bit trace ids.
    pub(crate) high_mask: u64,
    /// The marks of a trace that this tracer begins.
    pub(crate) root_marks: u64,
    pub(crate) intake: Intake,
    /// The process that the tracer was built in.
    process_id: u32,
    /// Whether a flush drains on the calling thread. Then a forked child works as well, since no thread is missing.
    drains_inline: AtomicBool,
    orphaned: AtomicBool,
    wakeable: AtomicBool,
    pub(crate) ring: usize,
    pub(crate) limits: Limits,
    clock: Option<Box<dyn Clock>>,
    counter: Option<Box<dyn TickCounter>>,
    /// The start of the time of reporters that hold spans.
    holding_since: OnceLock<Instant>,
    /// The counter and the clocks at the time when the tracer was built.
    pub(crate) begun: TickReading,
    pub(crate) ids: Option<Box<dyn IdGenerator>>,
    pub(crate) sampler: Box<dyn Sampler>,
    pub(crate) propagators: Propagators,
    /// Baggage items that become tags of local roots.
    pub(crate) baggage_tags: Box<[Box<str>]>,
    /// The topics, queues and exchanges whose messages get no context, as patterns.
    pub(crate) without_message_context: Box<[Box<str>]>,
    /// Counts the end of every span that is not internal, recorded or not.
    pub(crate) red: Option<RedFigures>,
    pub(crate) process: Arc<Process>,
    /// Where the spans go.
    pub(crate) backends: Box<[Box<str>]>,
    pub(crate) shared: Shared,
}

/// The mutable state, on cache lines of its own.
#[repr(align(64))]
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) closing: AtomicBool,
    pub(crate) flush_wanted: AtomicU64,
    pub(crate) gate: Mutex<Gate>,
    pub(crate) flushed: Condvar,
    pub(crate) drainer: OnceLock<Thread>,
    pub(crate) inline: Mutex<Inline>,
    pub(crate) inline_idle: Condvar,
    pub(crate) running: OnceLock<Weak<Running>>,
    pub(crate) new_ports: Mutex<Vec<PortReceiver>>,
    /// Records of spans that finished while the thread-locals were being destroyed, when no ring is accessible.
    pub(crate) stray: Mutex<Vec<Box<Record>>>,
    pub(crate) stock: Mutex<Stock>,
    pub(crate) open: OpenSpans,
    /// The last handle was dropped, as opposed to a call of `close`.
    pub(crate) handles_gone: AtomicBool,
    pub(crate) ports: Mutex<Vec<Arc<PortStats>>>,
    pub(crate) retired: PortStats,
    pub(crate) rare: RareStats,
    pub(crate) drained: DrainStats,
    /// The rate of the tracer's own counter as the bits of an `f64`; zero until the drain has measured it.
    ns_per_tick: AtomicU64,
    pub(crate) decisions: Decisions,
    pub(crate) reporter: Mutex<Published>,
    pools: Mutex<Vec<Weak<dyn PoolSource>>>,
    pub(crate) log_gate: Mutex<Option<Instant>>,
    /// The drain was dropped before it ran.
    pub(crate) drain_dropped: AtomicBool,
    warned_of_loss: AtomicBool,
}

/// The number of records that are moved to or from the stock at once.
pub(crate) const BATCH: usize = 64;

/// The drain of a tracer without a draining thread.
#[derive(Default)]
pub(crate) enum Inline {
    #[default]
    None,
    Idle(Box<InlineDrain>),
    /// It runs on some thread.
    Draining,
}

/// The most recent statistics of the reporter.
#[derive(Default)]
pub(crate) struct Published {
    pub(crate) stats: ReporterStats,
    pub(crate) transports: Vec<TransportStats>,
    pub(crate) transports_spare: Vec<TransportStats>,
    pub(crate) tail: Option<TailStats>,
    pub(crate) tail_spare: Option<TailStats>,
}

#[derive(Default)]
pub(crate) struct Gate {
    pub(crate) flushed: u64,
    pub(crate) stopped: bool,
    /// The error of the last flush of the reporter.
    pub(crate) error: Option<FlushError>,
    /// The deadline of the flush.
    pub(crate) deadline: Option<Instant>,
}

/// All recorders by id. A lookup upgrades only the one it wants, since dropping the last reference runs destructors of plug-ins, which must
/// not happen under the lock.
static RECORDERS: Mutex<Vec<(u32, Weak<Recorder>)>> = Mutex::new(Vec::new());

/// The parts of a tracer.
pub(crate) struct Parts {
    pub(crate) id: u32,
    pub(crate) forwards: bool,
    pub(crate) high_mask: u64,
    pub(crate) root_marks: u64,
    pub(crate) ring: usize,
    pub(crate) limits: Limits,
    pub(crate) clock: Option<Box<dyn Clock>>,
    pub(crate) counter: Option<Box<dyn TickCounter>>,
    pub(crate) ids: Option<Box<dyn IdGenerator>>,
    pub(crate) sampler: Box<dyn Sampler>,
    pub(crate) deferred_as_sampled: bool,
    pub(crate) propagators: Propagators,
    pub(crate) baggage_tags: Box<[Box<str>]>,
    pub(crate) without_message_context: Box<[Box<str>]>,
    pub(crate) red: Option<RedFigures>,
    pub(crate) process: Process,
    pub(crate) backends: Box<[Box<str>]>,
}

impl Recorder {
    pub(crate) fn register(parts: Parts) -> Arc<Recorder> {
        let constant = parts.sampler.constant();
        let root_meta = constant.map(|decision| {
            let (sampling, recording) = Meta::of_decision(decision, false, parts.deferred_as_sampled);
            let marks = Meta::LOCAL_ROOT | parts.root_marks | recording;
            Meta::NONE.child(sampling, marks, SpanKind::Internal, parts.id)
        });
        let recorder = Arc::new(Recorder {
            id: parts.id,
            constant,
            root_meta,
            is_plain: !parts.forwards && parts.ids.is_none() && parts.clock.is_none() && parts.counter.is_none(),
            forwards: parts.forwards,
            reads_tags: parts.sampler.reads_tags(),
            overrides_remote: parts.sampler.overrides_remote(),
            deferred_as_sampled: parts.deferred_as_sampled,
            high_mask: parts.high_mask,
            root_marks: parts.root_marks,
            intake: Intake::default(),
            process_id: std::process::id(),
            drains_inline: AtomicBool::new(false),
            orphaned: AtomicBool::new(false),
            wakeable: AtomicBool::new(false),
            ring: parts.ring,
            limits: parts.limits,
            clock: parts.clock,
            holding_since: OnceLock::new(),
            begun: parts.counter.as_ref().map_or_else(ticks::read, |counter| counter.read()),
            counter: parts.counter,
            ids: parts.ids,
            sampler: parts.sampler,
            propagators: parts.propagators,
            baggage_tags: parts.baggage_tags,
            without_message_context: parts.without_message_context,
            red: parts.red,
            process: Arc::new(parts.process),
            backends: parts.backends,
            shared: Shared::default(),
        });
        let mut recorders = lock(&RECORDERS);
        recorders.retain(|(_, recorder)| recorder.strong_count() > 0);
        recorders.push((recorder.id, Arc::downgrade(&recorder)));
        drop(recorders);
        recorder
    }

    /// Finds a recorder by id. Records and contexts carry the id instead of a reference-counted pointer. Slow.
    #[cold]
    pub(crate) fn find(id: u32) -> Option<Arc<Recorder>> {
        lock(&RECORDERS).iter().find(|(number, _)| *number == id)?.1.upgrade()
    }

    pub(crate) fn has_wall_clock(&self) -> bool {
        self.clock.is_some()
    }

    /// The time of the tracer's own clock, if it has one.
    pub(crate) fn own_unix_ns(&self) -> Option<u64> {
        self.clock.as_ref().map(|clock| clock.unix_ns())
    }

    /// Whether the tracer has its own clock or counter.
    pub(crate) fn has_own_clock(&self) -> bool {
        self.clock.is_some() || self.counter.is_some()
    }

    #[cold]
    pub(crate) fn now(&self) -> Stamp {
        match &self.clock {
            Some(clock) => Stamp::Wall(clock.unix_ns()),
            None => Stamp::Ticks(self.ticks()),
        }
    }

    pub(crate) fn unix_ns(&self) -> u64 {
        match (&self.clock, &self.counter) {
            (Some(clock), _) => clock.unix_ns(),
            (None, Some(counter)) => counter.read().unix_ns,
            (None, None) => unix_ns(SystemTime::now()),
        }
    }

    /// The time for reporters that hold spans: by the tracer's clock, or else by the monotonic one.
    pub(crate) fn time_of_holding(&self) -> Duration {
        match self.own_unix_ns() {
            Some(now) => Duration::from_nanos(now),
            None => self.holding_since.get_or_init(Instant::now).elapsed(),
        }
    }

    /// Whether all recorded spans have finished and been drained. For the draining thread.
    pub(crate) fn is_idle(&self) -> bool {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Shared { rare, drained, retired, .. } = &self.shared;
        let lost = |port: &PortStats| get(&port.dropped_full) + get(&port.dropped_shutdown);
        let ports = lock(&self.shared.ports);
        let lost = ports.iter().map(|port| lost(port)).sum::<u64>() + lost(retired) + get(&rare.dropped_fork);
        let received = get(&drained.delivered) + get(&drained.dropped_unsampled) + get(&drained.dropped_reporter_panic);
        // Read last, so that no span is missed that was open before.
        let started = ports.iter().map(|port| get(&port.started)).sum::<u64>() + get(&retired.started);
        started == received + lost
    }

    pub(crate) fn ticks(&self) -> Ticks {
        self.counter.as_ref().map_or_else(Ticks::now, |counter| Ticks(counter.ticks()))
    }

    pub(crate) fn read_counter(&self) -> TickReading {
        self.counter.as_ref().map_or_else(ticks::read, |counter| counter.read())
    }

    pub(crate) fn publish_rate(&self, ns_per_tick: f64) {
        match &self.counter {
            Some(_) => self.shared.ns_per_tick.store(ns_per_tick.to_bits(), Ordering::Relaxed),
            None => ticks::publish_rate(ns_per_tick),
        }
    }

    /// The time since `start`, by the rate that the drain has measured. Before there is one, by the average since the tracer was built.
    pub(crate) fn elapsed(&self, start: Ticks) -> Duration {
        let Some(counter) = &self.counter else { return start.elapsed() };
        let mut rate = f64::from_bits(self.shared.ns_per_tick.load(Ordering::Relaxed));
        if rate == 0.0 {
            let now = counter.read();
            let ticks = now.ticks.saturating_sub(self.begun.ticks).max(1);
            rate = now.monotonic_ns.saturating_sub(self.begun.monotonic_ns) as f64 / ticks as f64;
        }
        Duration::from_nanos((counter.ticks().saturating_sub(start.0) as f64 * rate) as u64)
    }

    /// Removes a finished span from the list of open spans.
    #[inline]
    pub(crate) fn forget_open(&self, record: &Record) {
        if record.is_listed() {
            self.shared.open.remove(record);
        }
    }

    /// Sets whether a half full ring wakes the draining thread.
    pub(crate) fn allow_waking(&self, allowed: bool) {
        self.wakeable.store(allowed, Ordering::Relaxed);
    }

    pub(crate) fn may_wake(&self) -> bool {
        self.wakeable.load(Ordering::Relaxed)
    }

    #[cold]
    pub(crate) fn wake(&self) {
        if self.may_wake() && self.wakeable.swap(false, Ordering::Relaxed) {
            self.unpark();
        }
    }

    /// Wakes the draining thread if it rests.
    #[cold]
    pub(crate) fn end_rest(&self) {
        if self.intake.end_rest() {
            self.unpark();
        }
    }

    pub(crate) fn unpark(&self) {
        if let Some(thread) = self.shared.drainer.get() {
            thread.unpark();
        }
    }

    #[cold]
    pub(crate) fn keep_stray(&self, record: Box<Record>) {
        let mut stray = lock(&self.shared.stray);
        let counter = if self.intake.is_closed() {
            &self.shared.retired.dropped_shutdown
        } else if stray.len() >= self.ring {
            &self.shared.retired.dropped_full
        } else {
            return stray.push(record);
        };
        drop(stray);
        if !record.is_for_figures() {
            count(counter);
        }
        self.forget_open(&record);
        self.miss_figures(&record);
    }

    /// Counts a span that is missing from the RED figures.
    #[cold]
    pub(crate) fn miss_figures(&self, record: &Record) {
        if let Some(red) = &self.red {
            red.miss(record.context.meta.kind());
        }
    }

    /// Logs a warning about spans that finish after the tracer was closed, once per tracer.
    #[cold]
    pub(crate) fn warn_of_loss(&self) {
        if self.shared.warned_of_loss.swap(true, Ordering::Relaxed) {
            return;
        }
        let service = self.process.service();
        if self.shared.drain_dropped.load(Ordering::Relaxed) {
            log::warn!(
                "all spans of tracer {service:?} are lost, because its Drain was dropped before it ran: bind the Drain that \
                 TracerBuilder::build returns to a variable, and call Drain::run on a thread of its own"
            );
        } else {
            log::warn!(
                "a span of tracer {service:?} finished after the tracer was closed, and is lost: keep the guard of its reporter until \
                 the last span has finished (a guard bound to `_` is dropped at once), and call Tracer::close last"
            );
        }
    }

    /// Whether this process was forked from the one whose thread drains. Logs a warning once.
    #[cold]
    pub(crate) fn is_orphan(&self) -> bool {
        if self.process_id == std::process::id() || self.drains_inline.load(Ordering::Relaxed) {
            return false;
        }
        self.intake.close();
        if !self.orphaned.swap(true, Ordering::Relaxed) {
            let service = self.process.service();
            log::warn!(
                "this process was forked after the tracer of {service:?} was built, and has no thread that reports: \
                 its spans are dropped. Build the tracer after the fork"
            );
        }
        true
    }

    /// Adds pools to the statistics for as long as they live.
    pub(crate) fn watch_pools(&self, new: impl IntoIterator<Item = Weak<dyn PoolSource>>) {
        let mut pools = lock(&self.shared.pools);
        pools.retain(|pool| pool.strong_count() > 0);
        pools.extend(new);
    }

    /// The pools are code of adapters, so they are asked without a lock.
    fn pool_stats(&self) -> Vec<PoolStats> {
        // As for the ports in `stats`.
        let pools = if self.is_orphan() { self.shared.pools.try_lock().ok() } else { Some(lock(&self.shared.pools)) };
        let pools: Vec<_> = pools.iter().flat_map(|pools| pools.iter()).filter_map(Weak::upgrade).collect();
        pools.iter().filter_map(|pool| catch_unwind(AssertUnwindSafe(|| pool.stats())).ok()).collect()
    }

    pub(crate) fn set_inline(&self, drain: InlineDrain) {
        self.drains_inline.store(true, Ordering::Relaxed);
        *lock(&self.shared.inline) = Inline::Idle(Box::new(drain));
    }

    pub(crate) fn is_inline(&self) -> bool {
        self.drains_inline.load(Ordering::Relaxed)
    }

    pub(crate) fn stats(&self) -> Stats {
        // The sampler is code of the user, so it is called before a lock is taken.
        let sampler = catch_unwind(AssertUnwindSafe(|| self.sampler.stats())).unwrap_or_default();
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Shared { rare, drained, retired, .. } = &self.shared;
        // In a forked child, a thread of the parent may have held the lock at the time of the fork.
        let ports = if self.is_orphan() { self.shared.ports.try_lock().ok() } else { Some(lock(&self.shared.ports)) };
        let ports = ports.as_deref().map_or(&[][..], Vec::as_slice);
        let sum = |counter: fn(&PortStats) -> &AtomicU64| {
            ports.iter().map(|port| get(counter(port))).sum::<u64>() + get(counter(retired))
        };
        let propagators = self.propagators.stats();
        let (sampled, not_sampled) = self.shared.decisions.sum();
        let (reporter, transports, tail) = {
            let published = lock(&self.shared.reporter);
            (published.stats, published.transports.clone(), published.tail.clone())
        };
        let stats = Stats {
            started: 0,
            delivered: get(&drained.delivered),
            dropped_full: sum(|port| &port.dropped_full),
            dropped_shutdown: sum(|port| &port.dropped_shutdown),
            dropped_unsampled: get(&drained.dropped_unsampled),
            dropped_reporter_panic: get(&drained.dropped_reporter_panic),
            dropped_fork: get(&rare.dropped_fork),
            unfinished: get(&drained.unfinished),
            truncated: get(&drained.truncated),
            baggage_dropped: get(&rare.baggage_dropped) + propagators.baggage_dropped,
            excess_names: get(&drained.excess_names),
            sampler_panics: get(&rare.sampler_panics),
            write_after_finish: get(&rare.write_after_finish),
            finished_before_start: get(&drained.finished_before_start),
            logs_out_of_range: get(&drained.logs_out_of_range),
            scopes_out_of_order: get(&rare.scopes_out_of_order),
            extract_corrupted: get(&rare.extract_corrupted),
            fields_malformed: propagators.malformed,
            formats: self.propagators.format_stats(),
            restarts: self.propagators.restarts(),
            missing_route: get(&rare.missing_route),
            server_layers_nested: get(&rare.server_layers_nested),
            missing_peer: get(&rare.missing_peer),
            messages: rare.messages.stats(),
            drain_dropped: self.shared.drain_dropped.load(Ordering::Relaxed),
            operation_names: get(&drained.operation_names),
            sampled,
            not_sampled,
            sampler,
            reporter,
            transports,
            tail,
            pools: self.pool_stats(),
        };
        // Read last, so that there are never more finished than started spans.
        Stats { started: sum(|port| &port.started), ..stats }
    }
}
