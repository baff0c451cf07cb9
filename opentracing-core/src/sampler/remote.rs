//! A sampler that is told from elsewhere what to keep.

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

/// Samples by a strategy that can be replaced while it runs: Jaeger's `remote`. A clone is a handle of the same sampler, for whoever
/// gets the strategies; `opentracing-reporter` asks Jaeger for them.
///
/// Until the first strategy an initial sampler decides. An update keeps what is still the same: rate limits and lower bounds are as full
/// afterwards as they were before, in proportion where the rate changes, so that not every service lets a burst through whenever a
/// strategy changes.
///
/// A decision takes no lock and allocates nothing, unless the strategy has changed since the thread's last one, or the operation is new
/// to a strategy by operations. Each thread keeps the strategy that it has asked last.
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
    /// Of the strategy in effect; [`INITIAL`] before the first.
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

/// What the next update may go on with.
enum Applied {
    Stateless,
    RateLimiting(Arc<RateLimitingSampler>),
    PerOperation(Arc<PerOperationSampler>),
}

/// A strategy at work, and its number.
type Current = (u64, Arc<dyn Sampler>);

const INITIAL: u64 = 0;
/// Numbers are not used twice in a process, since threads know strategies by their number alone.
static VERSIONS: AtomicU64 = AtomicU64::new(INITIAL + 1);

thread_local! {
    /// The strategy that this thread has asked last, of whichever sampler. Taken out while it is asked.
    static LAST: Cell<Option<Current>> = const { Cell::new(None) };
}

impl RemoteSampler {
    /// Asks that sampler until the first strategy comes.
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

    /// How many operations have a lower bound of their own, if the strategy is by operations. 2,000 by default. See
    /// [`PerOperationSampler::max_operations`]. Holds from the next strategy on.
    #[must_use]
    pub fn max_operations(self, operations: usize) -> Self {
        lock(&self.shared.state).max_operations = operations;
        self
    }

    /// Takes the time from that clock, from the next strategy on. By default it is a clock that never goes backwards.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        lock(&self.shared.state).ticker = Ticker::Clock(Arc::new(clock));
        self
    }

    /// Puts a strategy into effect. One that is the same as before changes nothing, and is not counted.
    ///
    /// # Errors
    ///
    /// If a probability is not within 0 to 1, or a rate is below 0 or not finite. The last strategy stays then, and that is counted.
    pub fn update(&self, strategy: SamplingStrategy) -> Result<(), InvalidStrategy> {
        count(&self.shared.queries_ok);
        if let Err(invalid) = strategy.check() {
            count(&self.shared.updates_failed);
            return Err(invalid);
        }
        // The clock is foreign code: asked before the lock is taken.
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
        // Under the lock, so that the number is never that of an older strategy for good.
        self.shared.version.store(version, Ordering::Release);
        drop(state);
        drop(before);
        count(&self.shared.updates_ok);
        Ok(())
    }

    /// Counts a question for the strategy that nobody has answered, or not with success. The last strategy stays.
    pub fn count_query_failed(&self) {
        count(&self.shared.queries_failed);
    }

    /// Counts an answer that is no strategy. The last strategy stays.
    pub fn count_update_failed(&self) {
        count(&self.shared.queries_ok);
        count(&self.shared.updates_failed);
    }

    /// The strategy in effect; `None` as long as the initial sampler decides.
    pub fn strategy(&self) -> Option<SamplingStrategy> {
        lock(&self.shared.state).strategy.clone()
    }

    fn ask<R>(&self, ask: impl FnOnce(&dyn Sampler) -> R) -> R {
        let version = self.shared.version.load(Ordering::Acquire);
        if version == INITIAL {
            return ask(&*self.shared.initial);
        }
        // While this thread's locals are being destroyed, and if a clock samples while it is asked, nothing is there.
        let last = LAST.try_with(Cell::take).ok().flatten().filter(|(number, _)| *number == version);
        let Some(current) = last.or_else(|| lock(&self.shared.state).current.clone()) else {
            return ask(&*self.shared.initial);
        };
        let answer = ask(&*current.1);
        let _ = LAST.try_with(|last| last.set(Some(current)));
        answer
    }
}

impl State {
    /// Builds upon what was there before, if it is of the same kind.
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
    /// Keeps one trace in a thousand until the first strategy comes, as Jaeger's clients do.
    fn default() -> Self {
        RemoteSampler::new(ProbabilisticSampler::new(0.001))
    }
}

impl Sampler for RemoteSampler {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        self.ask(|sampler| sampler.decide(params))
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, notes: &mut SamplingDetails) -> Decision {
        self.ask(|sampler| sampler.decide_with_details(params, notes))
    }

    /// The initial sampler may; strategies do not.
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
