//! Empties the rings, passes spans to the reporter, and returns the records to the stock.

#![expect(clippy::vec_box, reason = "records are handed on by pointer and keep their place in memory")]

use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::time::{Duration, Instant, SystemTime};

use crate::clock::timeline::Timeline;
use crate::model::context::SpanContext;
use crate::model::tags;
use crate::model::unfinished::UnfinishedSpans;
use crate::model::value::Value;
use crate::record::record::Record;
use crate::recorder::names::NameGuard;
use crate::recorder::port::PortReceiver;
use crate::recorder::recorder::{BATCH, Recorder};
use crate::redaction::keys::Redactor;
use crate::reporter::finished::{Batch, FinishedSpan};
use crate::reporter::held::{Hold, HoldOccasion};
use crate::reporter::reporter::{FlushError, PASS_INTERVAL, Reporter};
use crate::stats::histogram::Exemplar;
use crate::stats::red::{CODES, Finished, RedDuration, RedFigures};
use crate::sync::{bump, lock};

/// Takes the finished spans of a tracer and passes them to a reporter. A tracer has exactly one drain.
///
/// Call [`run`](Drain::run) on a thread of its own, as `opentracing-reporter` does. Dropping the drain closes the tracer: spans that finish
/// later are lost and counted, and the first one logs a warning through `log`. Do not bind the drain to `_`, which drops it at once.
///
/// ```
/// use opentracing_core::{Batch, Reporter, Tracer};
///
/// struct Discard;
///
/// impl Reporter for Discard {
///     fn report(&mut self, _: Batch<'_>) {}
/// }
///
/// let (tracer, drain) = Tracer::builder("shop").build();
/// let thread = std::thread::spawn(move || drain.run(Discard));
/// tracer.span("GET /cart").start().finish();
/// drop(tracer); // the last handle: the drain delivers the remaining spans and returns
/// thread.join().expect("the reporter does not panic");
/// ```
#[must_use = "dropping the drain closes the tracer, which then loses every span"]
pub struct Drain {
    recorder: Arc<Recorder>,
    rings: Vec<PortReceiver>,
    batch: Vec<Box<Record>>,
    spent: Vec<Box<Record>>,
    names: NameGuard,
    redactor: Redactor,
    timeline: Timeline,
    ran: bool,
    stock_limit: usize,
    process: u32,
    /// The last pass found no span.
    is_quiet: bool,
    /// How often the thread has slept since it began to rest.
    rests: usize,
    unfinished: UnfinishedSpans,
    trimmed: Instant,
    /// The reporter holds spans.
    holds: bool,
    /// Spans that the reporter has given back.
    released: Vec<Box<Record>>,
}

/// The pause between passes under load. Finishing threads cannot wake the drain early, so they get the processor meanwhile.
const PACE: Duration = Duration::from_millis(1);
/// The pause otherwise. A span waits at most this long in a ring that does not fill up.
const IDLE: Duration = PASS_INTERVAL;
/// The pauses once spans end the rest of the thread. A span that finishes while the rest begins may not know of it yet, so the pauses grow:
/// its thread would have to be suspended for as long in between to be late.
const REST: [Duration; 3] = [IDLE, Duration::from_secs(1), Duration::from_secs(10)];
/// How far wall time and converted ticks may differ. A log within this tolerance counts as inside its span.
const SLACK_NS: u64 = 1_000_000;
/// How often half of the unused free records are freed.
const IDLE_STOCK: Duration = Duration::from_secs(10);
/// The maximum number of spans in one call of the reporter.
const CHUNK: usize = 256;
/// The time-out of the last flush of the reporter when no caller waits for it.
pub(crate) const LAST_FLUSH: Duration = Duration::from_secs(5);

impl Drain {
    pub(crate) fn new(recorder: Arc<Recorder>, redactor: Redactor, unfinished: UnfinishedSpans) -> Self {
        Drain {
            names: NameGuard::new(&recorder.limits),
            timeline: Timeline::new(recorder.begun),
            recorder,
            rings: Vec::new(),
            batch: Vec::with_capacity(CHUNK),
            spent: Vec::with_capacity(BATCH),
            redactor,
            ran: false,
            stock_limit: 0,
            process: std::process::id(),
            is_quiet: false,
            rests: 0,
            unfinished,
            trimmed: Instant::now(),
            holds: false,
            released: Vec::new(),
        }
    }

    /// Passes spans to the reporter until the tracer is closed or its last handle is dropped, then flushes the reporter and returns.
    ///
    /// Sleeps between passes, for 50 milliseconds at most while spans come. A half full ring, [`Tracer::flush`](crate::Tracer::flush) and
    /// [`Tracer::close`](crate::Tracer::close) wake it. Without spans it sleeps for as long as the reporter allows, up to 10 seconds, and
    /// the next span that finishes wakes it.
    pub fn run(mut self, mut reporter: impl Reporter) {
        let shared = &self.recorder.clone().shared;
        let _draining = Draining::new(self.recorder.id);
        // Fails only if this drain has run before, which taking `self` rules out.
        let _ = shared.drainer.set(std::thread::current());
        self.ask_holds(&reporter);
        loop {
            let closing = shared.closing.load(Ordering::Acquire);
            let wanted = shared.flush_wanted.load(Ordering::Acquire);
            if closing {
                self.recorder.intake.close();
            }
            let fullest = self.pass(&mut reporter);
            if closing || wanted > lock(&shared.gate).flushed {
                if closing {
                    self.report_unfinished(&mut reporter);
                }
                let deadline = lock(&shared.gate).deadline.take().unwrap_or_else(|| Instant::now() + LAST_FLUSH);
                let flushed = self.flush(&mut reporter, deadline, closing);
                let mut gate = lock(&shared.gate);
                gate.flushed = wanted;
                gate.error = flushed.err();
                gate.stopped = closing;
                shared.flushed.notify_all();
            }
            if closing {
                return;
            }
            let paced = fullest >= self.recorder.ring / 8;
            let pause = self.pause(paced, &reporter);
            self.rest(pause, paced);
        }
    }

    fn rest(&self, pause: Duration, paced: bool) {
        let shared = &self.recorder.shared;
        let urgent = || {
            shared.closing.load(Ordering::Acquire)
                || shared.flush_wanted.load(Ordering::Acquire) > lock(&shared.gate).flushed
        };
        if !paced {
            self.recorder.allow_waking(true);
            fence(Ordering::SeqCst);
            if self.rings.iter().any(|receiver| receiver.ring.slots() > self.recorder.ring / 2) {
                self.recorder.allow_waking(false);
                return;
            }
        }
        let end = Instant::now() + pause;
        while !urgent() {
            let left = end.saturating_duration_since(Instant::now());
            let is_woken = !paced && !self.recorder.may_wake() || self.rests > 0 && !self.recorder.intake.is_resting();
            if left.is_zero() || is_woken {
                break;
            }
            std::thread::park_timeout(left);
        }
        self.recorder.allow_waking(false);
    }

    /// How long to sleep, and whether spans end the sleep.
    fn pause(&mut self, paced: bool, reporter: &dyn Reporter) -> Duration {
        let longest =
            if self.is_quiet { catch_unwind(AssertUnwindSafe(|| reporter.max_pause())).unwrap_or(IDLE) } else { IDLE };
        let intake = &self.recorder.intake;
        if longest <= IDLE {
            intake.end_rest();
            self.rests = 0;
            return if paced { PACE } else { IDLE };
        }
        if self.rests > 0 && !intake.is_resting() {
            // A span has finished since the pass began.
            self.rests = 0;
            return Duration::ZERO;
        }
        intake.begin_rest();
        let pause = REST[self.rests.min(REST.len() - 1)];
        self.rests += 1;
        pause.min(longest)
    }

    /// Takes the spans that are in the rings at the time of the call. Returns how many there were in the fullest ring.
    fn pass(&mut self, reporter: &mut dyn Reporter) -> usize {
        let now = Instant::now();
        self.ran = true;
        self.timeline.follow(self.recorder.read_counter());
        self.recorder.publish_rate(self.timeline.ns_per_tick());
        self.rings.append(&mut lock(&self.recorder.shared.new_ports));
        let process = std::process::id();
        if self.process != process {
            // After a fork: the parent has the waiting spans as well, and reports them.
            self.process = process;
            self.rings.retain(|receiver| receiver.process == process);
            lock(&self.recorder.shared.stray).clear();
        }
        self.trim_stock(now);
        let mut fullest = 0;
        self.is_quiet = true;
        let mut rings = std::mem::take(&mut self.rings);
        rings.retain_mut(|receiver| {
            let gone = receiver.ring.is_abandoned(); // read first, so that all that the thread pushed is visible below
            let mut left = receiver.ring.slots();
            fullest = fullest.max(left);
            self.is_quiet &= left == 0;
            while left > 0 {
                let Ok(chunk) = receiver.ring.read_chunk(left.min(CHUNK)) else { break };
                left -= chunk.len();
                for record in chunk {
                    self.accept(record);
                }
                self.report(reporter);
            }
            !gone
        });
        self.rings = rings;
        let stray = std::mem::take(&mut *lock(&self.recorder.shared.stray));
        self.is_quiet &= stray.is_empty();
        for record in stray {
            self.accept(record);
        }
        self.report(reporter);
        self.timeline.settle(self.recorder.ticks().0);
        self.recorder.shared.drained.operation_names.store(self.names.len() as u64, Ordering::Relaxed);
        if self.holds {
            self.hold(reporter, HoldOccasion::Pass);
        }
        if catch_unwind(AssertUnwindSafe(|| reporter.tick())).is_ok() {
            self.publish(reporter);
        }
        fullest
    }

    #[inline]
    fn accept(&mut self, mut record: Box<Record>) {
        self.recorder.forget_open(&record);
        if let Some(red) = &self.recorder.red
            && !record.is_discarded()
        {
            self.count_for_figures(red, &record);
        }
        if !record.context.is_sampled() && (!self.holds || record.is_for_figures() || record.is_discarded()) {
            return self.discard_unsampled(record);
        }
        if !record.is_plain() {
            self.prepare(&mut record);
        }
        self.batch.push(record);
    }

    #[inline(never)]
    fn count_for_figures(&self, red: &RedFigures, record: &Record) {
        let span = FinishedSpan { record, timeline: &self.timeline, process: &self.recorder.process };
        let duration = match red.duration() {
            RedDuration::Whole => span.duration(),
            RedDuration::ToHead => time_to_head(span).unwrap_or_else(|| span.duration()),
        };
        let exemplar = || {
            // A trace that may still be dropped is no example.
            (record.context.is_sampled() && !record.context.is_deferred()).then(|| Exemplar {
                trace_id: record.context.trace_id(),
                span_id: record.context.span_id(),
                duration,
                at: SystemTime::UNIX_EPOCH + Duration::from_nanos(span.end_unix_ns()),
            })
        };
        let finished = Finished {
            kind: span.kind(),
            name: span.operation_name(),
            failed: span.is_failed(),
            duration,
            code: CODES.iter().find_map(|code| span.tag(code)),
        };
        red.count(&finished, exemplar);
    }

    #[cold]
    fn discard_unsampled(&mut self, mut record: Box<Record>) {
        if !record.is_for_figures() {
            bump(&self.recorder.shared.drained.dropped_unsampled, 1);
        }
        record.retire();
        self.spent.push(record);
        if self.spent.len() == BATCH {
            self.restock();
        }
    }

    /// Applies the limit of names, redacts secrets, and updates the counters.
    #[inline(never)]
    fn prepare(&mut self, record: &mut Record) {
        let counters = &self.recorder.shared.drained;
        if record.truncated != 0 {
            bump(&counters.truncated, record.truncated.into());
        }
        if self.names.exceeds(record) {
            bump(&counters.excess_names, 1);
        }
        record.redact(&mut self.redactor);
        if record.has_end_wall() && record.end_wall_ns < self.start_of(record) {
            bump(&counters.finished_before_start, 1);
        }
        if record.has_log_wall() {
            let span = FinishedSpan { record, timeline: &self.timeline, process: &self.recorder.process };
            let span_ns = span.start_unix_ns().saturating_sub(SLACK_NS)..=span.end_unix_ns().saturating_add(SLACK_NS);
            let outside = span.logs().filter(|log| log.is_wall() && !span_ns.contains(&log.unix_ns())).count();
            bump(&counters.logs_out_of_range, outside as u64);
        }
    }

    fn start_of(&self, record: &Record) -> u64 {
        if record.has_start_wall() { record.start_wall_ns } else { self.timeline.unix_ns(record.start) }
    }

    fn report(&mut self, reporter: &mut dyn Reporter) {
        if self.batch.is_empty() {
            return;
        }
        if self.holds {
            return self.hold(reporter, HoldOccasion::Spans);
        }
        let mut records = std::mem::take(&mut self.batch);
        let batch = Batch { records: &records, timeline: &self.timeline, process: &self.recorder.process };
        let reported = catch_unwind(AssertUnwindSafe(|| reporter.report(batch)));
        let counters = &self.recorder.shared.drained;
        let counter = if reported.is_ok() { &counters.delivered } else { &counters.dropped_reporter_panic };
        bump(counter, records.len() as u64);
        self.recycle(&mut records);
        self.batch = records;
    }

    fn ask_holds(&mut self, reporter: &dyn Reporter) {
        self.holds = catch_unwind(AssertUnwindSafe(|| reporter.holds())).unwrap_or(false);
    }

    /// Passes the batch to a reporter that holds spans. What it takes counts as delivered.
    #[inline(never)]
    fn hold(&mut self, reporter: &mut dyn Reporter, occasion: HoldOccasion) {
        let given = self.batch.len();
        let (held, left) = self.hand_over(reporter, occasion);
        let counters = &self.recorder.shared.drained;
        let missed = if held { &counters.delivered } else { &counters.dropped_reporter_panic };
        bump(&counters.delivered, (given - left) as u64);
        bump(missed, left as u64);
    }

    /// Returns whether the reporter returned without a panic, and how many spans it has not taken.
    fn hand_over(&mut self, reporter: &mut dyn Reporter, occasion: HoldOccasion) -> (bool, usize) {
        let (mut new, mut released) = (std::mem::take(&mut self.batch), std::mem::take(&mut self.released));
        new.reverse();
        let recorder = &self.recorder;
        let mut hold = Hold {
            new: &mut new,
            released: &mut released,
            timeline: &self.timeline,
            process: &recorder.process,
            now: recorder.time_of_holding(),
            is_idle: occasion == HoldOccasion::Pass && recorder.is_idle(),
            occasion,
        };
        let held = catch_unwind(AssertUnwindSafe(|| reporter.hold(&mut hold))).is_ok();
        let left = new.len();
        self.recycle(&mut new);
        self.recycle(&mut released);
        (self.batch, self.released) = (new, released);
        (held, left)
    }

    /// Returns the records to the stock in batches, and empties the list.
    fn recycle(&mut self, records: &mut Vec<Box<Record>>) {
        records.iter_mut().for_each(|record| record.retire());
        let mut rest = records.drain(..);
        loop {
            let room = BATCH - self.spent.len();
            self.spent.extend(rest.by_ref().take(room));
            if self.spent.len() < BATCH {
                break;
            }
            self.restock();
        }
    }

    fn restock(&mut self) {
        self.spent.reverse(); // the stock is taken from its end, so this keeps the order
        lock(&self.recorder.shared.stock).put(&mut self.spent);
        self.spent.clear();
    }

    /// Limits the stock to the number of records that all rings can hold, and frees records that stay unused.
    fn trim_stock(&mut self, now: Instant) {
        let limit = self.recorder.ring.saturating_mul(self.rings.len().max(1));
        let idle = now - self.trimmed >= IDLE_STOCK;
        if limit == self.stock_limit && !idle {
            return;
        }
        self.stock_limit = limit;
        let mut stock = lock(&self.recorder.shared.stock);
        let mut surplus = stock.limit(limit);
        if idle {
            self.trimmed = now;
            surplus.append(&mut stock.shed_idle());
        }
        drop(stock);
        drop(surplus);
    }

    /// Reports the spans that are still open when the tracer is closed.
    fn report_unfinished(&mut self, reporter: &mut dyn Reporter) {
        if self.unfinished == UnfinishedSpans::Drop || self.recorder.shared.handles_gone.load(Ordering::Relaxed) {
            return;
        }
        let kept = |context: &SpanContext| context.is_sampled() || self.holds && context.is_deferred();
        let mut unfinished = self.recorder.shared.open.take_unfinished(&self.recorder, kept).into_iter().peekable();
        while unfinished.peek().is_some() {
            let chunk = unfinished.by_ref().take(CHUNK);
            let mut records: Vec<_> = chunk.map(|span| span.into_record(&self.recorder)).collect();
            records.iter_mut().for_each(|record| self.prepare(record));
            let number = records.len() as u64;
            let is_reported = if self.holds {
                self.batch.append(&mut records);
                self.hand_over(reporter, HoldOccasion::Spans).0
            } else {
                let batch = Batch { records: &records, timeline: &self.timeline, process: &self.recorder.process };
                catch_unwind(AssertUnwindSafe(|| reporter.report(batch))).is_ok()
            };
            if is_reported {
                bump(&self.recorder.shared.drained.unfinished, number);
            }
        }
    }

    fn flush(&mut self, reporter: &mut dyn Reporter, deadline: Instant, closing: bool) -> Result<(), FlushError> {
        if self.holds {
            self.hold(reporter, if closing { HoldOccasion::Close } else { HoldOccasion::Flush });
        }
        let flush = || if closing { reporter.close(deadline) } else { reporter.flush(deadline) };
        let flushed = catch_unwind(AssertUnwindSafe(flush)).unwrap_or(Err(FlushError::Failed));
        self.publish(reporter);
        flushed
    }

    fn publish(&self, reporter: &dyn Reporter) {
        let published = &self.recorder.shared.reporter;
        // The list is taken out so that the reporter does not run under the lock, and put back so that its memory is reused.
        let mut transports = std::mem::take(&mut lock(published).transports_spare);
        let mut tail = if self.holds { std::mem::take(&mut lock(published).tail_spare) } else { None };
        transports.clear();
        let ask = || {
            reporter.transport_stats(&mut transports);
            if self.holds {
                reporter.tail_stats(&mut tail);
            }
            reporter.stats()
        };
        let asked = catch_unwind(AssertUnwindSafe(ask));
        let mut published = lock(published);
        if let Ok(stats) = asked {
            published.stats = stats;
            std::mem::swap(&mut published.tail, &mut tail);
            published.tail_spare = tail;
            std::mem::swap(&mut published.transports, &mut transports);
        }
        published.transports_spare = transports;
    }
}

impl Drop for Drain {
    /// Runs also when the thread panics: wakes callers that wait for a flush, and counts the spans that are lost.
    fn drop(&mut self) {
        let shared = &self.recorder.shared;
        shared.drain_dropped.store(!self.ran, Ordering::Relaxed);
        self.recorder.intake.close();
        self.rings.append(&mut lock(&shared.new_ports));
        let recorder = &self.recorder;
        let in_rings: usize = self.rings.iter_mut().map(|ring| ring.empty(recorder)).sum();
        let lost = self.batch.len()
            + in_rings
            + std::mem::take(&mut *lock(&shared.stray)).iter().filter(|record| !record.is_for_figures()).count();
        shared.retired.dropped_shutdown.fetch_add(lost as u64, Ordering::Relaxed);
        *lock(&shared.stock) = Default::default();
        let mut gate = lock(&shared.gate);
        if !gate.stopped && lost > 0 {
            gate.error = Some(FlushError::Failed);
        }
        gate.stopped = true;
        drop(gate);
        shared.flushed.notify_all();
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").field("process", &self.recorder.process).finish_non_exhaustive()
    }
}

thread_local! {
    /// The ids of the tracers that this thread is draining.
    static DRAINING: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// Marks this thread as draining a tracer, so that a reporter that flushes the same tracer gets an error instead of a deadlock.
struct Draining;

impl Draining {
    fn new(tracer: u32) -> Self {
        let _ = DRAINING.try_with(|tracers| tracers.borrow_mut().push(tracer));
        Draining
    }
}

impl Drop for Draining {
    fn drop(&mut self) {
        let _ = DRAINING.try_with(|tracers| tracers.borrow_mut().pop());
    }
}

/// Whether the call comes from within the reporter of that tracer.
pub(crate) fn is_draining(tracer: u32) -> bool {
    DRAINING.try_with(|tracers| tracers.borrow().contains(&tracer)).unwrap_or(false)
}

/// A drain without a thread: it runs on the thread that calls [`Tracer::flush`](crate::Tracer::flush).
pub(crate) struct InlineDrain {
    drain: Drain,
    reporter: Box<dyn Reporter>,
}

impl InlineDrain {
    pub(crate) fn new(mut drain: Drain, reporter: Box<dyn Reporter>) -> Self {
        drain.ask_holds(&reporter);
        InlineDrain { drain, reporter }
    }

    pub(crate) fn drain(&mut self, deadline: Instant) -> Result<(), FlushError> {
        let _draining = Draining::new(self.drain.recorder.id);
        self.drain.pass(&mut self.reporter);
        let closing = self.drain.recorder.intake.is_closed();
        self.drain.flush(&mut self.reporter, deadline, closing)
    }
}

/// The time to the head of the response, where the span lasted longer.
fn time_to_head(span: FinishedSpan<'_>) -> Option<Duration> {
    match span.tag(tags::HTTP_TIME_TO_HEAD_MS.name())? {
        Value::F64(ms) => Duration::try_from_secs_f64(ms / 1e3).ok(),
        _ => None,
    }
}
