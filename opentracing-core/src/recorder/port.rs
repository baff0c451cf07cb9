//! The connection of a thread to a tracer: the ring for its finished spans, and its free records.

#![expect(clippy::vec_box, reason = "records are handed on by pointer and keep their place in memory")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rtrb::{Consumer, Producer, PushError, RingBuffer};

use crate::clock::ticks::Ticks;
use crate::record::record::Record;
use crate::recorder::recorder::{BATCH, Recorder};
use crate::stats::stats::PortStats;
use crate::sync::{bump, count, lock};

/// The number of records that a thread takes one by one before it takes whole batches.
const SINGLE_REFILLS: u32 = 32;
/// The same after a rest.
const SINGLE_REFILLS_AFTER_REST: u32 = 16;

/// The capacity of a thread's first ring. The first span that does not fit makes the thread switch to a ring of full size.
const FIRST_RING: usize = 64;

/// A span is listed as open from its start if its thread has listed none for so many ticks: about 3 milliseconds of a processor's counter, 8
/// of the system's clock. This bounds the time that a busy thread spends on listing to a ten-thousandth.
const LISTING_PAUSE: u64 = 1 << 23;

/// After a pause of so many ticks, some 50 to 130 milliseconds, a thread starts with few records again.
const REST: u64 = 1 << 27;

/// The producing end, owned by the thread.
pub(crate) struct Port {
    recorder: Arc<Recorder>,
    /// The recorder's id, for a look-up without following the pointer.
    id: u32,
    /// When the thread last listed a span.
    listed_at: Ticks,
    ring: Producer<Box<Record>>,
    capacity: usize,
    until_check: usize,
    /// The first, small ring once it has been replaced, until it is drained.
    outgrown: Option<Producer<Box<Record>>>,
    /// The ring while the maximum number of spans waits. Meanwhile, `ring` has no capacity.
    blocked: Option<Producer<Box<Record>>>,
    free: Vec<Box<Record>>,
    refills: u32,
    /// How many of the free records are new.
    fresh: usize,
    stats: Arc<PortStats>,
    settled: bool,
    /// The process in which the port was made.
    process: u32,
    /// No drain runs in this forked process. Threads of the parent may have held any lock at the time of the fork, so none is taken.
    orphan: bool,
}

/// The consuming end, owned by the drain. The ring outlives the thread and is abandoned once the thread has ended.
pub(crate) struct PortReceiver {
    pub(crate) ring: Consumer<Box<Record>>,
    pub(crate) process: u32,
}

impl PortReceiver {
    /// Drops the records in the ring, and returns how many spans are lost.
    pub(crate) fn empty(&mut self, recorder: &Recorder) -> usize {
        let Ok(chunk) = self.ring.read_chunk(self.ring.slots()) else { return 0 };
        let dropped = chunk.into_iter().inspect(|record| recorder.forget_open(record));
        dropped.filter(|record| !record.is_for_figures()).count()
    }
}

/// The ports of one thread, the most recently used first.
pub(crate) struct Ports {
    // A pointer, so that one comparison tells whether there is a port.
    first: Option<Box<Port>>,
    rest: Vec<Box<Port>>,
}

impl Ports {
    pub(crate) const NONE: Ports = Ports { first: None, rest: Vec::new() };

    #[inline(always)]
    pub(crate) fn of(&mut self, recorder: &Arc<Recorder>) -> Option<&mut Port> {
        if self.first.as_ref().is_none_or(|port| port.id != recorder.id) {
            self.bring_forward(recorder);
        }
        self.first.as_deref_mut()
    }

    /// Drops the ports that were made before a fork.
    pub(crate) fn retain_own(&mut self) {
        let process = std::process::id();
        self.first.take_if(|port| port.process != process);
        self.rest.retain(|port| port.process == process);
    }

    #[inline(always)]
    pub(crate) fn by_id(&mut self, id: u32) -> Option<&mut Port> {
        if self.first.as_ref().is_none_or(|port| port.id != id) {
            self.search(id)?;
        }
        self.first.as_deref_mut()
    }

    #[cold]
    #[inline(never)]
    fn search(&mut self, id: u32) -> Option<()> {
        let known = self.rest.iter().find(|port| port.id == id).map(|port| port.recorder.clone());
        self.bring_forward(&known.or_else(|| Recorder::find(id))?);
        Some(())
    }

    #[cold]
    fn bring_forward(&mut self, recorder: &Arc<Recorder>) {
        self.rest.extend(self.first.take());
        match self.rest.iter().position(|port| port.id == recorder.id) {
            Some(at) => self.first = Some(self.rest.swap_remove(at)),
            None => {
                self.rest.retain(|port| !port.recorder.intake.is_closed());
                self.first = Some(Box::new(Port::connect(recorder)));
            }
        }
    }
}

impl Port {
    fn connect(recorder: &Arc<Recorder>) -> Port {
        let (capacity, orphan) = (recorder.ring.min(FIRST_RING), recorder.is_orphan());
        let stats = Arc::new(PortStats::default());
        if !orphan {
            lock(&recorder.shared.ports).push(stats.clone());
        }
        Port {
            ring: if orphan { RingBuffer::new(0).0 } else { make_ring(recorder, capacity) },
            recorder: recorder.clone(),
            id: recorder.id,
            listed_at: Ticks::ZERO,
            capacity,
            until_check: capacity / 2,
            outgrown: None,
            blocked: None,
            free: Vec::new(),
            refills: 0,
            fresh: 0,
            stats,
            settled: false,
            process: std::process::id(),
            orphan,
        }
    }

    /// Takes a record for a span that starts at this moment. `None` if it is time to list a span, or if no record is at hand.
    #[inline]
    pub(crate) fn take(&mut self, now: Ticks) -> Option<Box<Record>> {
        bump(&self.stats.started, 1);
        if self.since_listing(now) >= LISTING_PAUSE { None } else { self.free.pop() }
    }

    /// Takes a record that does not count as a started span.
    #[inline(always)]
    pub(crate) fn take_for_figures(&mut self, now: Ticks) -> Box<Record> {
        self.free.pop().unwrap_or_else(|| self.take_slow(now).0)
    }

    /// Takes a record when [`take`](Port::take) returns none. Returns whether the span is to be listed.
    #[cold]
    #[inline(never)]
    pub(crate) fn take_slow(&mut self, now: Ticks) -> (Box<Record>, bool) {
        let since_listing = self.since_listing(now);
        if since_listing >= REST {
            self.refills = self.refills.min(SINGLE_REFILLS - SINGLE_REFILLS_AFTER_REST);
            if !self.orphan {
                lock(&self.recorder.shared.stock).put(&mut self.free);
            }
            self.free.clear();
            self.fresh = 0;
        }
        let mut is_listed = since_listing >= LISTING_PAUSE;
        if self.free.is_empty() {
            // A thread that starts few spans keeps few records; a busy one takes a batch at a time.
            let wanted = if self.refills < SINGLE_REFILLS { 1 } else { BATCH };
            self.refills = self.refills.saturating_add(1);
            if !self.orphan {
                lock(&self.recorder.shared.stock).take(wanted, &mut self.free);
            }
            // The draining thread has read these cache lines, so the first write to each waits for the other processor. Writing to all
            // of them in a row overlaps these waits.
            for record in &mut self.free {
                record.touch();
            }
            if self.free.is_empty() {
                // Allocated together and taken in ascending order, so that the processor prefetches the next one.
                self.free.extend((0..wanted).map(|_| Record::new(&self.recorder.limits)));
                self.free.reverse();
                self.fresh = wanted;
            }
            is_listed |= wanted == 1;
        }
        if self.fresh > 0 {
            // More spans are open than ever before, so the cost of listing hardly counts.
            self.fresh -= 1;
            is_listed = true;
        }
        if is_listed {
            // The next span with a new record comes here too.
            self.listed_at = if self.fresh > 0 { Ticks(now.0.wrapping_sub(LISTING_PAUSE)) } else { now };
        }
        (self.free.pop().unwrap_or_else(|| Record::new(&self.recorder.limits)), is_listed)
    }

    /// A large number if the counter was reset.
    #[inline(always)]
    fn since_listing(&self, now: Ticks) -> u64 {
        now.0.wrapping_sub(self.listed_at.0)
    }

    /// Whether records are simply pushed. One load, whatever the cases behind it.
    #[inline(always)]
    pub(crate) fn is_open(&self) -> bool {
        self.recorder.intake.is_open()
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, record: Box<Record>) {
        match self.ring.push(record) {
            Ok(()) => {
                self.until_check -= 1;
                if self.until_check == 0 {
                    self.check_fill();
                }
            }
            Err(PushError::Full(record)) => self.push_beyond(record),
        }
    }

    /// Checks how full the ring is. Reads the consumer's index, a shared cache line, once per half ring if the drain keeps up.
    #[cold]
    fn check_fill(&mut self) {
        let (capacity, free) = (self.capacity, self.ring.slots());
        let half = capacity / 2;
        if free <= half {
            self.recorder.wake();
        }
        self.until_check = free.saturating_sub(half).max(capacity / 8).max(1);
        let waiting_before = self.waiting_before();
        if waiting_before > 0 {
            if free <= waiting_before {
                self.blocked = Some(std::mem::replace(&mut self.ring, RingBuffer::new(0).0));
            } else {
                self.until_check = self.until_check.min(free - waiting_before);
            }
        }
    }

    /// The number of spans that wait in the replaced ring.
    fn waiting_before(&mut self) -> usize {
        let waiting = self.outgrown.as_ref().map_or(0, |ring| FIRST_RING - ring.slots());
        if waiting == 0 {
            self.outgrown = None;
        }
        waiting
    }

    /// Handles a full ring: replaces the small first one, or opens the blocked one once the first is drained, or drops the span.
    #[cold]
    #[inline(never)]
    fn push_beyond(&mut self, record: Box<Record>) {
        self.recorder.wake();
        if self.capacity < self.recorder.ring {
            self.capacity = self.recorder.ring;
            let first = std::mem::replace(&mut self.ring, make_ring(&self.recorder, self.capacity));
            self.outgrown = Some(first);
            self.check_fill();
        } else if self.blocked.is_some()
            && self.waiting_before() == 0
            && let Some(ring) = self.blocked.take()
        {
            self.ring = ring;
            self.check_fill();
        }
        match self.ring.push(record) {
            Ok(()) => {
                self.until_check -= 1;
                if self.until_check == 0 {
                    self.check_fill();
                }
            }
            Err(PushError::Full(record)) => self.lose(record),
        }
    }

    fn lose(&mut self, record: Box<Record>) {
        self.count_lost(&record, &self.stats.dropped_full);
        self.keep(record);
    }

    /// Counts a span that finishes after the tracer was closed as lost.
    #[cold]
    #[inline(never)]
    pub(crate) fn refuse(&mut self, record: Box<Record>) {
        if self.orphan {
            if !record.is_for_figures() {
                count(&self.recorder.shared.retired.started);
                count(&self.recorder.shared.rare.dropped_fork);
            }
        } else {
            self.count_lost(&record, &self.stats.dropped_shutdown);
            self.settle();
        }
        self.keep(record);
    }

    fn count_lost(&self, record: &Record, counter: &AtomicU64) {
        if !record.is_for_figures() {
            bump(counter, 1);
        }
        self.recorder.miss_figures(record);
    }

    fn keep(&mut self, mut record: Box<Record>) {
        if !self.orphan {
            self.recorder.forget_open(&record);
        }
        if self.free.len() < 2 * BATCH {
            record.retire();
            self.free.push(record);
        }
    }

    /// Counts the spans that were pushed after the last pass of the drain, and so are still in the ring, as lost.
    fn settle(&mut self) {
        if self.settled || !self.recorder.intake.is_closed() {
            return;
        }
        let rings = [
            Some((&self.ring, if self.blocked.is_some() { 0 } else { self.capacity })),
            self.blocked.as_ref().map(|ring| (ring, self.capacity)),
            self.outgrown.as_ref().map(|ring| (ring, FIRST_RING)),
        ];
        if rings.iter().flatten().all(|(ring, _)| ring.is_abandoned()) {
            self.settled = true;
            let left: usize = rings.iter().flatten().map(|(ring, capacity)| capacity - ring.slots()).sum();
            bump(&self.stats.dropped_shutdown, left as u64);
        }
    }
}

/// Makes a ring and registers its consuming end with the drain.
fn make_ring(recorder: &Recorder, capacity: usize) -> Producer<Box<Record>> {
    let (ring, receiver) = RingBuffer::new(capacity);
    let mut new_ports = lock(&recorder.shared.new_ports);
    // The drain closes the tracer before it takes the last new rings, so no ring is left here.
    if !recorder.intake.is_closed() {
        new_ports.push(PortReceiver { ring: receiver, process: std::process::id() });
    }
    ring
}

impl Drop for Port {
    fn drop(&mut self) {
        if self.orphan || self.process != std::process::id() {
            return;
        }
        self.settle();
        let shared = &self.recorder.shared;
        if !self.recorder.intake.is_closed() && !self.free.is_empty() {
            lock(&shared.stock).put(&mut self.free);
        }
        let mut ports = lock(&shared.ports);
        ports.retain(|port| !Arc::ptr_eq(port, &self.stats));
        let retire = |counter: fn(&PortStats) -> &AtomicU64| {
            counter(&shared.retired).fetch_add(counter(&self.stats).load(Ordering::Relaxed), Ordering::Relaxed);
        };
        retire(|port| &port.started);
        retire(|port| &port.dropped_full);
        retire(|port| &port.dropped_shutdown);
    }
}
