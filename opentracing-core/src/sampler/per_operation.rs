//! Probabilistic sampling by operation, with a guaranteed minimum.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::clock::Clock;
use crate::sampler::bucket::{Bucket, Ticker};
use crate::sampler::{
    Decision, PerOperationStrategies, ProbabilisticSampler, Sampler, SamplingDetails, SamplingParams,
};

/// Keeps a fraction of the traces of each operation, and a minimum number per second of each: Jaeger's per-operation sampling with
/// guaranteed throughput.
///
/// An operation is identified by the name that its root span starts with. A trace that only the minimum keeps has the tag
/// `sampler.type=lowerbound` instead of `probabilistic`.
///
/// Operations that are configured by name are looked up without a lock, all others under a read lock. An operation with a name of 20
/// bytes takes about 200 bytes of memory.
///
/// ```
/// use opentracing_core::{PerOperationSampler, Tracer};
///
/// // Keeps 1 % of the traces, 50 % of the checkouts, and one trace of each operation in 10 seconds.
/// let sampler = PerOperationSampler::new(0.01, 0.1).operation("POST /checkout", 0.5);
/// let (tracer, _drain) = Tracer::builder("shop").sampler(sampler).build();
/// assert!(tracer.span("GET /rare").start().is_recording());
/// ```
#[derive(Debug)]
pub struct PerOperationSampler {
    default: ProbabilisticSampler,
    bounds: Bounds,
    max_operations: usize,
    ticker: Ticker,
    named: HashMap<Box<str>, Operation>,
    /// The operations that have occurred and are not configured by name.
    others: RwLock<HashMap<Box<str>, Operation>>,
}

/// The bounds of one operation, in traces per second.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    lower: f64,
    upper: Option<f64>,
}

/// The sampling state of one operation: Jaeger's `GuaranteedThroughputSampler`.
#[derive(Clone, Debug)]
struct Operation {
    fraction: ProbabilisticSampler,
    /// The sampler of the next strategy shares the bucket if the bound is the same.
    lower: Arc<Bucket>,
    upper: Option<Arc<Bucket>>,
}

pub(super) const MAX_OPERATIONS: usize = 2_000;

impl PerOperationSampler {
    /// Creates a sampler with the fraction, 0 to 1, for all operations that are not configured by name, and the minimum number of traces
    /// per second for each operation. Zero and negative numbers mean no minimum.
    pub fn new(default_probability: f64, lower_bound_per_second: f64) -> Self {
        PerOperationSampler {
            default: ProbabilisticSampler::new(default_probability),
            bounds: Bounds { lower: lower_bound_per_second, upper: None },
            max_operations: MAX_OPERATIONS,
            ticker: Ticker::new(),
            named: HashMap::new(),
            others: RwLock::default(),
        }
    }

    /// Sets the fraction, 0 to 1, for one operation.
    #[must_use]
    pub fn operation(mut self, name: &str, probability: f64) -> Self {
        let operation = Operation::new(ProbabilisticSampler::new(probability), self.bounds, self.ticker.now_ns());
        self.named.insert(name.into(), operation);
        self
    }

    /// Sets the maximum number of traces per second that are kept for each operation. The minimum takes precedence over it. By default,
    /// and for zero and negative numbers, there is no maximum.
    ///
    /// Jaeger's backend extrapolates the number of traces from the fraction, so its result is too low for operations that reach the
    /// maximum.
    #[must_use]
    pub fn upper_bound(mut self, traces_per_second: f64) -> Self {
        self.bounds.upper = (traces_per_second > 0.0).then_some(traces_per_second);
        self.reset_named();
        self
    }

    /// Sets the maximum number of operations that have bounds, including those that are configured by name. 2,000 by default. Further
    /// operations are sampled with the default fraction and have no bounds, so that names that contain ids use bounded memory.
    #[must_use]
    pub fn max_operations(mut self, operations: usize) -> Self {
        self.max_operations = operations;
        self
    }

    /// Sets the clock. The default is a monotonic clock. If this clock goes backwards, the minimum is suspended until it has caught up.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.ticker = Ticker::Clock(Arc::new(clock));
        self.reset_named();
        self
    }

    fn reset_named(&mut self) {
        let now_ns = self.ticker.now_ns();
        for operation in self.named.values_mut() {
            *operation = Operation::new(operation.fraction, self.bounds, now_ns);
        }
    }

    /// Creates a sampler for the next strategy. Its buckets keep their level, in proportion if a bound has changed. Operations that have
    /// occurred before remain known, up to `max_operations`.
    pub(super) fn after(
        before: Option<&Self>,
        strategies: &PerOperationStrategies,
        max_operations: usize,
        ticker: Ticker,
        now_ns: i64,
    ) -> Self {
        let default = ProbabilisticSampler::new(strategies.default_sampling_probability);
        let upper = strategies.default_upper_bound_traces_per_second;
        let bounds =
            Bounds { lower: strategies.default_lower_bound_traces_per_second, upper: (upper > 0.0).then_some(upper) };
        let others = before.map(|before| before.others.read().unwrap_or_else(PoisonError::into_inner));
        let known = || before.iter().flat_map(|before| &before.named).chain(others.iter().flat_map(|others| &**others));
        let find = |name: &str| before?.named.get(name).or_else(|| others.as_ref()?.get(name));
        let carry_over = |operation: &Operation, fraction| match before {
            Some(before) => operation.after(fraction, before.bounds, bounds, now_ns),
            None => Operation::new(fraction, bounds, now_ns),
        };
        let mut named = HashMap::with_capacity(strategies.per_operation.len());
        for (name, probability) in &strategies.per_operation {
            let fraction = ProbabilisticSampler::new(*probability);
            let operation = find(name).map(|operation| carry_over(operation, fraction));
            let operation = operation.unwrap_or_else(|| Operation::new(fraction, bounds, now_ns));
            named.insert(name.as_str().into(), operation);
        }
        let room = max_operations.saturating_sub(named.len());
        let remaining = known()
            .filter(|(name, _)| !named.contains_key(&**name))
            .take(room)
            .map(|(name, operation)| (name.clone(), carry_over(operation, default)))
            .collect();
        PerOperationSampler { default, bounds, max_operations, ticker, named, others: RwLock::new(remaining) }
    }

    fn is_full(&self, others: &HashMap<Box<str>, Operation>) -> bool {
        self.named.len() + others.len() >= self.max_operations
    }
}

impl Operation {
    fn new(fraction: ProbabilisticSampler, bounds: Bounds, now_ns: i64) -> Self {
        let bucket = |per_second| Arc::new(Bucket::new(per_second, now_ns));
        Operation { fraction, lower: bucket(bounds.lower), upper: bounds.upper.map(bucket) }
    }

    fn after(&self, fraction: ProbabilisticSampler, before: Bounds, bounds: Bounds, now_ns: i64) -> Self {
        let carry_over = |bucket: &Arc<Bucket>, before: f64, now: f64| {
            if before == now { bucket.clone() } else { Arc::new(bucket.at_rate(now, now_ns)) }
        };
        let upper = bounds.upper.map(|upper| match (&self.upper, before.upper) {
            (Some(bucket), Some(before)) => carry_over(bucket, before, upper),
            _ => Arc::new(Bucket::new(upper, now_ns)),
        });
        Operation { fraction, lower: carry_over(&self.lower, before.lower, bounds.lower), upper }
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails, now_ns: i64) -> Decision {
        let decision = self.fraction.decide_with_details(params, details);
        // Taken in any case, since traces that the fraction keeps count towards the lower bound.
        let guaranteed = self.lower.take(now_ns);
        match decision {
            Decision::Drop if !guaranteed => Decision::Drop,
            Decision::Drop => {
                details.set_rule("lowerbound", self.fraction.rate());
                self.charge(now_ns);
                Decision::RecordAndSample
            }
            kept => {
                if self.charge(now_ns) || guaranteed {
                    kept
                } else {
                    Decision::Drop
                }
            }
        }
    }

    /// Takes one trace from the upper bound. Returns whether it admits the trace.
    fn charge(&self, now_ns: i64) -> bool {
        self.upper.as_ref().is_none_or(|upper| upper.take(now_ns))
    }
}

impl Sampler for PerOperationSampler {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        self.decide_with_details(params, &mut SamplingDetails::default())
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails) -> Decision {
        // The clock is foreign code, so it is read before a lock is taken.
        let now_ns = self.ticker.now_ns();
        if let Some(operation) = self.named.get(params.operation_name) {
            return operation.decide_with_details(params, details, now_ns);
        }
        // No code panics under the lock, so the map is consistent even if the lock is poisoned.
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(operation) = others.get(params.operation_name) {
            return operation.decide_with_details(params, details, now_ns);
        }
        if self.is_full(&others) {
            return self.default.decide_with_details(params, details);
        }
        drop(others);
        let new = Operation::new(self.default, self.bounds, now_ns);
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        if self.is_full(&others) && !others.contains_key(params.operation_name) {
            return self.default.decide_with_details(params, details);
        }
        others.entry(params.operation_name.into()).or_insert(new).decide_with_details(params, details, now_ns)
    }
}
