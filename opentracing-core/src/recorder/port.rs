//! A thread's way to a tracer: the ring that its finished spans leave through, and its stock of free records.

#![expect(clippy::vec_box, reason = "records are handed on by pointer and keep their place in memory")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rtrb::{Consumer, Producer, PushError, RingBuffer};

use crate::record::record::Record;
use crate::recorder::recorder::{BATCH, Recorder};
use crate::stats::stats::PortStats;
use crate::sync::{bump, lock};

/// The thread's end.
pub(crate) struct Port {
    recorder: Arc<Recorder>,
    ring: Producer<Box<Record>>,
    until_check: usize,
    free: Vec<Box<Record>>,
    stats: Arc<PortStats>,
    settled: bool,
}

/// The drainer's end. The ring outlives the thread, and is seen as abandoned once the thread is gone.
pub(crate) struct PortReceiver {
    pub(crate) ring: Consumer<Box<Record>>,
}

impl PortReceiver {
    /// Drops the records in the ring and returns how many spans are lost with them.
    pub(crate) fn empty(&mut self) -> usize {
        let Ok(chunk) = self.ring.read_chunk(self.ring.slots()) else { return 0 };
        chunk.into_iter().filter(|record| !record.is_for_figures()).count()
    }
}

/// The ports of one thread, the one used last in front.
pub(crate) struct Ports {
    first: Option<Port>,
    rest: Vec<Port>,
}

impl Ports {
    pub(crate) const NONE: Ports = Ports { first: None, rest: Vec::new() };

    #[inline(always)]
    pub(crate) fn of(&mut self, recorder: &Arc<Recorder>) -> Option<&mut Port> {
        if self.first.as_ref().is_none_or(|port| port.recorder.id != recorder.id) {
            self.bring_forward(recorder);
        }
        self.first.as_mut()
    }

    #[inline(always)]
    pub(crate) fn by_id(&mut self, id: u32) -> Option<&mut Port> {
        if self.first.as_ref().is_none_or(|port| port.recorder.id != id) {
            self.search(id)?;
        }
        self.first.as_mut()
    }

    #[cold]
    #[inline(never)]
    fn search(&mut self, id: u32) -> Option<()> {
        let known = self.rest.iter().find(|port| port.recorder.id == id).map(|port| port.recorder.clone());
        self.bring_forward(&known.or_else(|| Recorder::find(id))?);
        Some(())
    }

    #[cold]
    fn bring_forward(&mut self, recorder: &Arc<Recorder>) {
        self.rest.extend(self.first.take());
        match self.rest.iter().position(|port| port.recorder.id == recorder.id) {
            Some(at) => self.first = Some(self.rest.swap_remove(at)),
            None => {
                self.rest.retain(|port| !port.recorder.closed.load(Ordering::Relaxed));
                self.first = Some(Port::connect(recorder));
            }
        }
    }
}

impl Port {
    fn connect(recorder: &Arc<Recorder>) -> Port {
        let (ring, receiver) = RingBuffer::new(recorder.ring);
        let stats = Arc::new(PortStats::default());
        lock(&recorder.shared.ports).push(stats.clone());
        let mut new_ports = lock(&recorder.shared.new_ports);
        // The drain closes the tracer before it takes the last of them, so none waits here for nobody.
        if !recorder.closed.load(Ordering::Relaxed) {
            new_ports.push(PortReceiver { ring: receiver });
        }
        drop(new_ports);
        let until_check = recorder.ring / 2;
        Port { recorder: recorder.clone(), ring, until_check, free: Vec::new(), stats, settled: false }
    }

    #[inline]
    pub(crate) fn take(&mut self) -> Box<Record> {
        bump(&self.stats.started, 1);
        self.take_for_figures()
    }

    /// A record that does not count as a started span.
    #[inline(always)]
    pub(crate) fn take_for_figures(&mut self) -> Box<Record> {
        match self.free.pop() {
            Some(record) => record,
            None => self.refill(),
        }
    }

    #[cold]
    fn refill(&mut self) -> Box<Record> {
        let mut stock = lock(&self.recorder.shared.stock);
        if let Some(batch) = stock.full.pop() {
            stock.empty.push(std::mem::replace(&mut self.free, batch));
        }
        drop(stock);
        // The drainer has read these lines, so the first write to each waits for its processor to give it up. Writing them all in
        // a row lets the processor wait for many at once.
        for record in &mut self.free {
            record.touch();
        }
        if self.free.is_empty() {
            // Neighbours in memory, taken in ascending order from here on: the processor fetches the next one ahead.
            self.free.extend((0..BATCH).map(|_| Record::new(&self.recorder.limits)));
            self.free.reverse();
        }
        self.free.pop().unwrap_or_else(|| Record::new(&self.recorder.limits))
    }

    #[inline(always)]
    pub(crate) fn is_open(&self) -> bool {
        !self.recorder.closed.load(Ordering::Relaxed)
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
            Err(PushError::Full(record)) => self.lose(record),
        }
    }

    /// Reads the consumer's index, a shared cache line, once per half ring when the drainer keeps up.
    #[cold]
    fn check_fill(&mut self) {
        let (capacity, free) = (self.recorder.ring, self.ring.slots());
        let half = capacity / 2;
        if free <= half {
            self.recorder.wake();
        }
        self.until_check = free.saturating_sub(half).max(capacity / 8).max(1);
    }

    #[cold]
    #[inline(never)]
    fn lose(&mut self, record: Box<Record>) {
        self.count_lost(&record, &self.stats.dropped_full);
        self.recorder.wake();
        self.keep(record);
    }

    /// The tracer is closed: counts the span as lost.
    #[cold]
    #[inline(never)]
    pub(crate) fn refuse(&mut self, record: Box<Record>) {
        self.count_lost(&record, &self.stats.dropped_shutdown);
        self.settle();
        self.keep(record);
    }

    fn count_lost(&self, record: &Record, counter: &AtomicU64) {
        if !record.is_for_figures() {
            bump(counter, 1);
        }
        self.recorder.miss_figures(record);
    }

    fn keep(&mut self, mut record: Box<Record>) {
        if self.free.len() < 2 * BATCH {
            record.retire();
            self.free.push(record);
        }
    }

    /// What was pushed between the drainer's last look and its end is still in the ring.
    fn settle(&mut self) {
        if !self.settled && self.ring.is_abandoned() {
            self.settled = true;
            bump(&self.stats.dropped_shutdown, (self.recorder.ring - self.ring.slots()) as u64);
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.settle();
        let shared = &self.recorder.shared;
        if !self.recorder.closed.load(Ordering::Relaxed) && self.free.len() >= BATCH / 4 {
            lock(&shared.stock).full.push(std::mem::take(&mut self.free));
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
