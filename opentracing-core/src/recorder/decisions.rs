//! How often the sampler kept a trace and how often it did not.
//!
//! Counted apart from what recording threads count, since a thread that drops every trace needs no ring.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::sync::{bump, lock};

/// Of one thread. A line of their own, since another thread reads.
#[derive(Default)]
#[repr(align(64))]
struct Counts {
    sampled: AtomicU64,
    not_sampled: AtomicU64,
}

/// Those of all threads of a tracer.
#[derive(Default)]
pub(crate) struct Decisions {
    threads: Mutex<Vec<Arc<Counts>>>,
    /// Of threads that have ended.
    retired: Counts,
}

thread_local! {
    /// By the number of the tracer.
    static OWN: RefCell<Vec<(u32, Arc<Counts>)>> = const { RefCell::new(Vec::new()) };
}

impl Decisions {
    /// Of the tracer of that number.
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
        // While this thread's locals are being destroyed.
        if counted != Ok(true) {
            self.retired.of(sampled).fetch_add(1, Ordering::Relaxed);
        }
    }

    #[cold]
    fn join(&self, tracer: u32, own: &mut Vec<(u32, Arc<Counts>)>, sampled: bool) {
        // Those of tracers that are gone.
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
            // Whoever is alone with it sees all that the thread has written.
            let Some(Counts { sampled, not_sampled }) = Arc::get_mut(counts) else { return true };
            self.retired.sampled.fetch_add(*sampled.get_mut(), Ordering::Relaxed);
            self.retired.not_sampled.fetch_add(*not_sampled.get_mut(), Ordering::Relaxed);
            false
        });
    }

    /// How many traces were sampled, and how many were not.
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
