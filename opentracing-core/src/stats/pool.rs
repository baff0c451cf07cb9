//! The figures of pools, such as those of database connections.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::stats::histogram::DEFAULT_BOUNDS;
use crate::stats::transport_stats::Latency;
use crate::sync::count;

/// A pool whose figures appear in [`Stats`](crate::Stats), in the report and among the metrics. An adapter implements it for a pool of its
/// host, and passes it to [`Tracer::watch_pool`](crate::Tracer::watch_pool).
///
/// ```
/// use std::sync::Arc;
///
/// use opentracing_core::{PoolSource, PoolStats, PoolWaits, Tracer};
///
/// #[derive(Default)]
/// struct Workers {
///     waits: PoolWaits,
/// }
///
/// impl PoolSource for Workers {
///     fn stats(&self) -> PoolStats {
///         let mut stats = self.waits.stats("workers");
///         (stats.open, stats.idle, stats.max) = (8, 3, 10);
///         stats
///     }
/// }
///
/// let workers = Arc::new(Workers::default());
/// let tracer = Tracer::builder("shop").build().0;
/// tracer.watch_pool(&workers);
/// workers.waits.start().succeed();
/// assert_eq!(tracer.stats().pools[0].waits.count(), 1);
/// ```
pub trait PoolSource: Send + Sync + 'static {
    /// Returns the figures of the pool. Called on the thread that reads the statistics; it should not block.
    fn stats(&self) -> PoolStats;
}

/// The figures of one pool.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PoolStats {
    /// The name of the pool.
    pub name: String,
    /// The number of open items, idle and in use.
    pub open: u64,
    /// The number of idle items.
    pub idle: u64,
    /// The limit of open items.
    pub max: u64,
    /// The number of requests that wait now.
    pub waiting: u64,
    /// Requests that ended by the pool's time-out.
    pub timed_out: u64,
    /// Requests that failed for another reason, for example because no connection could be opened.
    pub failed: u64,
    /// Requests that the caller dropped.
    pub cancelled: u64,
    /// How long the successful requests waited, also until a new item was open.
    pub waits: Latency,
}

/// Counts how long requests for an item of a pool wait, and how they end. Takes no lock.
#[derive(Default, Debug)]
pub struct PoolWaits {
    started: AtomicU64,
    /// Successful requests. Not cumulative; the last one is for all beyond the last bound.
    succeeded: [AtomicU64; DEFAULT_BOUNDS.len() + 1],
    sum_ns: AtomicU64,
    timed_out: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
}

/// A request that waits. Counts as cancelled if it is dropped.
#[derive(Debug)]
#[must_use = "dropping it counts the request as cancelled"]
pub struct PoolWait<'a> {
    waits: &'a PoolWaits,
    started: Instant,
    is_over: bool,
}

impl PoolWaits {
    /// Creates counters that are zero.
    pub fn new() -> Self {
        PoolWaits::default()
    }

    /// Starts a wait.
    pub fn start(&self) -> PoolWait<'_> {
        count(&self.started);
        PoolWait { waits: self, started: Instant::now(), is_over: false }
    }

    /// Returns the figures, with zero for the items of the pool.
    pub fn stats(&self, name: impl Into<String>) -> PoolStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counts: [u64; DEFAULT_BOUNDS.len() + 1] = std::array::from_fn(|at| get(&self.succeeded[at]));
        let sum = Duration::from_nanos(get(&self.sum_ns));
        let (timed_out, failed, cancelled) = (get(&self.timed_out), get(&self.failed), get(&self.cancelled));
        let ended = counts.iter().sum::<u64>() + timed_out + failed + cancelled;
        // Read last, so that no more requests have ended than were started.
        let waiting = get(&self.started).saturating_sub(ended);
        PoolStats {
            name: name.into(),
            waiting,
            timed_out,
            failed,
            cancelled,
            waits: Latency { counts, sum },
            ..PoolStats::default()
        }
    }
}

impl PoolWait<'_> {
    /// Ends the wait with success, and returns how long it took.
    pub fn succeed(mut self) -> Duration {
        let took = self.started.elapsed();
        let bucket = DEFAULT_BOUNDS.iter().take_while(|bound| took > **bound).count();
        count(&self.waits.succeeded[bucket]);
        self.waits.sum_ns.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.is_over = true;
        took
    }

    /// Ends the wait by the pool's time-out, and returns how long it took.
    pub fn time_out(self) -> Duration {
        let counter = &self.waits.timed_out;
        self.end(counter)
    }

    /// Ends the wait with another failure, and returns how long it took.
    pub fn fail(self) -> Duration {
        let counter = &self.waits.failed;
        self.end(counter)
    }

    /// How long the request waits.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn end(mut self, counter: &AtomicU64) -> Duration {
        count(counter);
        self.is_over = true;
        self.started.elapsed()
    }
}

impl Drop for PoolWait<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            count(&self.waits.cancelled);
        }
    }
}
