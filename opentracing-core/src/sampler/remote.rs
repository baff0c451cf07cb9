//! A sampler whose strategy can be replaced at run time.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::clock::Clock;
use crate::sampler::bucket::Ticker;
use crate::sampler::per_operation::MAX_OPERATIONS;
use crate::sampler::{
    Decision, InvalidStrategy, PerOperationSampler, ProbabilisticSampler, RateLimitingSampler, Sampler, SamplerStats,
    SamplingDetails, SamplingParams, SamplingStrategy,
};
use crate::sync::{count, lock};

/// Samples by a strategy that can be replaced at run time: Jaeger's `remote`.
///
/// Clones are handles to the same sampler. Give one to the tracer and keep another to [`update`](RemoteSampler::update) the strategy.
/// `opentracing-reporter` polls Jaeger for strategies. An initial sampler decides until the first update.
///
/// An update keeps the state of the previous strategy if it is of the same kind: rate limits and bounds keep their level, in proportion
/// if the rate changes. An update therefore does not let through a burst of traces in every service.
///
/// A decision takes no lock and does not allocate, unless the strategy has changed since the thread's last decision, or the operation is
/// new to a per-operation strategy. Each thread keeps a reference to the last strategy that it used.
///
/// ```
/// use opentracing_core::{ConstSampler, RemoteSampler, SamplingStrategy, Tracer};
///
/// let sampler = RemoteSampler::new(ConstSampler::off());
/// let (tracer, _drain) = Tracer::builder("shop").sampler(sampler.clone()).build();
/// assert!(!tracer.span("GET /cart").start().is_recording());
/// sampler.update(SamplingStrategy::Probabilistic { sampling_rate: 1.0 })?;
/// assert!(tracer.span("GET /cart").start().is_recording());
/// # Ok::<(), opentracing_core::InvalidStrategy>(())
/// ```
#[derive(Clone)]
pub struct RemoteSampler {
    shared: Arc<Shared>,
}

struct Shared {
    initial: Box<dyn Sampler>,
    /// The version of the current strategy; [`INITIAL`] before the first update.
    version: AtomicU64,
    state: Mutex<State>,
    queries_ok: AtomicU64,
    queries_failed: AtomicU64,
    updates_ok: AtomicU64,
    updates_failed: AtomicU64,
}

struct State {
    ticker: Ticker,
    max_operations: usize,
    strategy: Option<SamplingStrategy>,
    applied: Applied,
    current: Option<Current>,
}

/// The current sampler by its type, so that the next update can take over its state.
enum Applied {
    Stateless,
    RateLimiting(Arc<RateLimitingSampler>),
    PerOperation(Arc<PerOperationSampler>),
}

/// The sampler of a strategy, and the strategy's version.
type Current = (u64, Arc<dyn Sampler>);

const INITIAL: u64 = 0;
/// The next version. Unique in the process, since a thread recognizes its cached strategy by the version alone.
static VERSIONS: AtomicU64 = AtomicU64::new(INITIAL + 1);

thread_local! {
    /// The strategy that this thread used last, of any sampler. Empty while the strategy is in use.
    static LAST: Cell<Option<Current>> = const { Cell::new(None) };
}

impl RemoteSampler {
    /// Creates a sampler that uses `initial` until the first update.
    pub fn new(initial: impl Sampler) -> Self {
        let state = State {
            ticker: Ticker::new(),
            max_operations: MAX_OPERATIONS,
            strategy: None,
            applied: Applied::Stateless,
            current: None,
        };
        let shared = Shared {
            initial: Box::new(initial),
            version: AtomicU64::new(INITIAL),
            state: Mutex::new(state),
            queries_ok: AtomicU64::new(0),
            queries_failed: AtomicU64::new(0),
            updates_ok: AtomicU64::new(0),
            updates_failed: AtomicU64::new(0),
        };
        RemoteSampler { shared: Arc::new(shared) }
    }

    /// Sets the maximum number of operations that have bounds in a per-operation strategy. 2,000 by default. See
    /// [`PerOperationSampler::max_operations`]. Takes effect with the next strategy.
    #[must_use]
    pub fn max_operations(self, operations: usize) -> Self {
        lock(&self.shared.state).max_operations = operations;
        self
    }

    /// Sets the clock of rate limits and bounds. The default is a monotonic clock. Takes effect with the next strategy.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        lock(&self.shared.state).ticker = Ticker::Clock(Arc::new(clock));
        self
    }

    /// Replaces the strategy. Counts a successful query, and an update unless the strategy equals the current one.
    ///
    /// # Errors
    ///
    /// If a probability is not within 0 to 1, or a rate is negative or not finite. The current strategy is kept, and the failure is
    /// counted in [`SamplerStats::updates_failed`].
    pub fn update(&self, strategy: SamplingStrategy) -> Result<(), InvalidStrategy> {
        count(&self.shared.queries_ok);
        if let Err(invalid) = strategy.check() {
            count(&self.shared.updates_failed);
            return Err(invalid);
        }
        // The clock is foreign code, so it is read before the lock is taken.
        let ticker = lock(&self.shared.state).ticker.clone();
        let now_ns = ticker.now_ns();
        let mut state = lock(&self.shared.state);
        if state.strategy.as_ref() == Some(&strategy) {
            return Ok(());
        }
        let sampler = state.apply(&strategy, ticker, now_ns);
        let version = VERSIONS.fetch_add(1, Ordering::Relaxed);
        state.strategy = Some(strategy);
        let before = state.current.replace((version, sampler));
        // Stored under the lock, so that concurrent updates cannot leave an older version behind.
        self.shared.version.store(version, Ordering::Release);
        drop(state);
        drop(before);
        count(&self.shared.updates_ok);
        Ok(())
    }

    /// Counts a query for a strategy that got no response or an unsuccessful one. The current strategy is kept.
    pub fn count_query_failed(&self) {
        count(&self.shared.queries_failed);
    }

    /// Counts a response that is not a valid strategy. The current strategy is kept.
    pub fn count_update_failed(&self) {
        count(&self.shared.queries_ok);
        count(&self.shared.updates_failed);
    }

    /// The current strategy; `None` before the first update.
    pub fn strategy(&self) -> Option<SamplingStrategy> {
        lock(&self.shared.state).strategy.clone()
    }

    fn with_current<R>(&self, decide: impl FnOnce(&dyn Sampler) -> R) -> R {
        let version = self.shared.version.load(Ordering::Acquire);
        if version == INITIAL {
            return decide(&*self.shared.initial);
        }
        // Empty while the thread's locals are destroyed, and on reentrance, if a clock samples while it is read.
        let last = LAST.try_with(Cell::take).ok().flatten().filter(|(number, _)| *number == version);
        let Some(current) = last.or_else(|| lock(&self.shared.state).current.clone()) else {
            return decide(&*self.shared.initial);
        };
        let answer = decide(&*current.1);
        let _ = LAST.try_with(|last| last.set(Some(current)));
        answer
    }
}

impl State {
    /// Creates the sampler of a strategy. Takes over the state of the previous one if it is of the same kind.
    fn apply(&mut self, strategy: &SamplingStrategy, ticker: Ticker, now_ns: i64) -> Arc<dyn Sampler> {
        match strategy {
            SamplingStrategy::Probabilistic { sampling_rate } => {
                self.applied = Applied::Stateless;
                Arc::new(ProbabilisticSampler::new(*sampling_rate))
            }
            SamplingStrategy::RateLimiting { max_traces_per_second } => {
                let before = match &self.applied {
                    Applied::RateLimiting(before) => Some(&**before),
                    _ => None,
                };
                let sampler = Arc::new(RateLimitingSampler::after(before, *max_traces_per_second, ticker, now_ns));
                self.applied = Applied::RateLimiting(sampler.clone());
                sampler
            }
            SamplingStrategy::PerOperation(strategies) => {
                let before = match &self.applied {
                    Applied::PerOperation(before) => Some(&**before),
                    _ => None,
                };
                let max_operations = self.max_operations;
                let sampler = PerOperationSampler::after(before, strategies, max_operations, ticker, now_ns);
                let sampler = Arc::new(sampler);
                self.applied = Applied::PerOperation(sampler.clone());
                sampler
            }
        }
    }
}

impl Default for RemoteSampler {
    /// Keeps one trace in a thousand until the first update, as Jaeger's clients do.
    fn default() -> Self {
        RemoteSampler::new(ProbabilisticSampler::new(0.001))
    }
}

impl Sampler for RemoteSampler {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        self.with_current(|sampler| sampler.decide(params))
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails) -> Decision {
        self.with_current(|sampler| sampler.decide_with_details(params, details))
    }

    /// Only the initial sampler may read tags. Strategies do not.
    fn reads_tags(&self) -> bool {
        self.shared.initial.reads_tags()
    }

    fn stats(&self) -> SamplerStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SamplerStats {
            queries_ok: get(&self.shared.queries_ok),
            queries_failed: get(&self.shared.queries_failed),
            updates_ok: get(&self.shared.updates_ok),
            updates_failed: get(&self.shared.updates_failed),
        }
    }
}

impl fmt::Debug for RemoteSampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSampler").field("strategy", &self.strategy()).finish_non_exhaustive()
    }
}
