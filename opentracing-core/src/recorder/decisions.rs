//! Counts sampling decisions.
//!
//! These counters are separate from those of the rings, because a thread that samples no trace has no ring.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::sync::{bump, lock};

/// The counts of one thread. They have a cache line of their own, because other threads read them.
#[derive(Default)]
#[repr(align(64))]
struct Counts {
    sampled: AtomicU64,
    not_sampled: AtomicU64,
}

/// The counts of all threads of a tracer.
#[derive(Default)]
pub(crate) struct Decisions {
    threads: Mutex<Vec<Arc<Counts>>>,
    /// The sums of threads that have ended.
    retired: Counts,
}

thread_local! {
    /// This thread's counts, by tracer id.
    static OWN: RefCell<Vec<(u32, Arc<Counts>)>> = const { RefCell::new(Vec::new()) };
}

impl Decisions {
    /// Counts a decision of the tracer with that id.
    #[inline]
    pub(crate) fn count(&self, tracer: u32, sampled: bool) {
        let counted = OWN.try_with(|own| {
            let Ok(mut own) = own.try_borrow_mut() else { return false };
            match own.iter().find(|(id, _)| *id == tracer) {
                Some((_, counts)) => bump(counts.of(sampled), 1),
                None => self.join(tracer, &mut own, sampled),
            }
            true
        });
        // The thread-locals are already being destroyed.
        if counted != Ok(true) {
            self.retired.of(sampled).fetch_add(1, Ordering::Relaxed);
        }
    }

    #[cold]
    fn join(&self, tracer: u32, own: &mut Vec<(u32, Arc<Counts>)>, sampled: bool) {
        // Removes the counts of tracers that no longer exist.
        own.retain(|(_, counts)| Arc::strong_count(counts) > 1);
        let counts = Arc::new(Counts::default());
        bump(counts.of(sampled), 1);
        own.push((tracer, counts.clone()));
        let mut threads = lock(&self.threads);
        self.retire(&mut threads);
        threads.push(counts);
    }

    fn retire(&self, threads: &mut Vec<Arc<Counts>>) {
        threads.retain_mut(|counts| {
            // With the only reference, this thread sees everything that the ended thread wrote.
            let Some(Counts { sampled, not_sampled }) = Arc::get_mut(counts) else { return true };
            self.retired.sampled.fetch_add(*sampled.get_mut(), Ordering::Relaxed);
            self.retired.not_sampled.fetch_add(*not_sampled.get_mut(), Ordering::Relaxed);
            false
        });
    }

    /// Returns the number of sampled traces and of traces that were not sampled.
    pub(crate) fn sum(&self) -> (u64, u64) {
        let mut threads = lock(&self.threads);
        self.retire(&mut threads);
        let all = || threads.iter().map(|counts| &**counts).chain([&self.retired]);
        let sum = |sampled| all().map(|counts| counts.of(sampled).load(Ordering::Relaxed)).sum();
        (sum(true), sum(false))
    }
}

impl Counts {
    fn of(&self, sampled: bool) -> &AtomicU64 {
        if sampled { &self.sampled } else { &self.not_sampled }
    }
}
