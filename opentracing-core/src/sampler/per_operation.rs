//! A share of each operation's traces, and a few of the rare ones at least.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::clock::Clock;
use crate::sampler::bucket::{Bucket, Ticker};
use crate::sampler::{
    Decision, PerOperationStrategies, ProbabilisticSampler, Sampler, SamplingDetails, SamplingParams,
};

/// Keeps a share of the traces of each operation by Jaeger's rule, and of each operation at least so many a second, as far as there are
/// any: Jaeger's per-operation sampling with guaranteed throughput.
///
/// Operations are known by the name that their root starts with. What is kept beyond the share is tagged `lowerbound` instead of
/// `probabilistic`. Operations that are named are looked up without a lock, others under one for reading; a name of 20 bytes and its
/// limit take some 200 bytes.
///
/// ```
/// use opentracing_core::{PerOperationSampler, Tracer};
///
/// // One in a hundred, of checkouts one in two, and of everything one trace in ten seconds.
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
    /// Those that have come up.
    others: RwLock<HashMap<Box<str>, Operation>>,
}

/// Traces a second of one operation.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    lower: f64,
    upper: Option<f64>,
}

/// Jaeger's guaranteed throughput.
#[derive(Clone, Debug)]
struct Operation {
    share: ProbabilisticSampler,
    /// Shared with the sampler of the next strategy, if it has the same bound.
    lower: Arc<Bucket>,
    upper: Option<Arc<Bucket>>,
}

pub(super) const MAX_OPERATIONS: usize = 2_000;

impl PerOperationSampler {
    /// Keeps that share, 0 to 1, of operations that are not named, and of each operation at least so many traces a second, of which 0
    /// or less means none.
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

    /// Keeps that share, 0 to 1, of the traces of that operation.
    #[must_use]
    pub fn operation(mut self, name: &str, probability: f64) -> Self {
        let operation = Operation::new(ProbabilisticSampler::new(probability), self.bounds, self.ticker.now_ns());
        self.named.insert(name.into(), operation);
        self
    }

    /// Of what the share would keep of an operation, keeps at most so many traces a second; what the lower bound guarantees is kept in
    /// any case. By default, and for 0 or less, there is no such bound.
    ///
    /// Jaeger's backend reckons from the share how many traces there were, and is mistaken about operations that reach the bound.
    #[must_use]
    pub fn upper_bound(mut self, traces_per_second: f64) -> Self {
        self.bounds.upper = (traces_per_second > 0.0).then_some(traces_per_second);
        self.anew();
        self
    }

    /// How many operations have a lower bound of their own, those that are named included. 2,000 by default. Of further ones the
    /// default share is kept and nothing is guaranteed, since names that are made of data would take ever more memory.
    #[must_use]
    pub fn max_operations(mut self, operations: usize) -> Self {
        self.max_operations = operations;
        self
    }

    /// Takes the time from that clock. By default it is a clock that never goes backwards; while this one does, nothing is guaranteed.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.ticker = Ticker::Clock(Arc::new(clock));
        self.anew();
        self
    }

    fn anew(&mut self) {
        let now_ns = self.ticker.now_ns();
        for operation in self.named.values_mut() {
            *operation = Operation::new(operation.share, self.bounds, now_ns);
        }
    }

    /// With the balances of the one before, in proportion where a bound has changed. What came up before is still known, as far as
    /// there is room.
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
        let carried = |operation: &Operation, share| match before {
            Some(before) => operation.after(share, before.bounds, bounds, now_ns),
            None => Operation::new(share, bounds, now_ns),
        };
        let mut named = HashMap::with_capacity(strategies.per_operation.len());
        for (name, probability) in &strategies.per_operation {
            let share = ProbabilisticSampler::new(*probability);
            let operation = find(name).map(|operation| carried(operation, share));
            let operation = operation.unwrap_or_else(|| Operation::new(share, bounds, now_ns));
            named.insert(name.as_str().into(), operation);
        }
        let room = max_operations.saturating_sub(named.len());
        let still_known = known()
            .filter(|(name, _)| !named.contains_key(&**name))
            .take(room)
            .map(|(name, operation)| (name.clone(), carried(operation, default)))
            .collect();
        PerOperationSampler { default, bounds, max_operations, ticker, named, others: RwLock::new(still_known) }
    }

    fn is_full(&self, others: &HashMap<Box<str>, Operation>) -> bool {
        self.named.len() + others.len() >= self.max_operations
    }
}

impl Operation {
    fn new(share: ProbabilisticSampler, bounds: Bounds, now_ns: i64) -> Self {
        let bucket = |per_second| Arc::new(Bucket::new(per_second, now_ns));
        Operation { share, lower: bucket(bounds.lower), upper: bounds.upper.map(bucket) }
    }

    fn after(&self, share: ProbabilisticSampler, before: Bounds, bounds: Bounds, now_ns: i64) -> Self {
        let carried = |bucket: &Arc<Bucket>, before: f64, now: f64| {
            if before == now { bucket.clone() } else { Arc::new(bucket.at_rate(now, now_ns)) }
        };
        let upper = bounds.upper.map(|upper| match (&self.upper, before.upper) {
            (Some(bucket), Some(before)) => carried(bucket, before, upper),
            _ => Arc::new(Bucket::new(upper, now_ns)),
        });
        Operation { share, lower: carried(&self.lower, before.lower, bounds.lower), upper }
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, notes: &mut SamplingDetails, now_ns: i64) -> Decision {
        let decision = self.share.decide_with_details(params, notes);
        // Charged in any case: what the share keeps counts for the lower bound.
        let guaranteed = self.lower.take(now_ns);
        match decision {
            Decision::Drop if !guaranteed => Decision::Drop,
            Decision::Drop => {
                notes.set_rule("lowerbound", self.share.rate());
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

    /// Whether the upper bound admits one more trace.
    fn charge(&self, now_ns: i64) -> bool {
        self.upper.as_ref().is_none_or(|upper| upper.take(now_ns))
    }
}

impl Sampler for PerOperationSampler {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        self.decide_with_details(params, &mut SamplingDetails::default())
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, notes: &mut SamplingDetails) -> Decision {
        // The clock is foreign code: asked before a lock is taken.
        let now_ns = self.ticker.now_ns();
        if let Some(operation) = self.named.get(params.operation_name) {
            return operation.decide_with_details(params, notes, now_ns);
        }
        // Nothing panics under the lock, so a poisoned one is still whole.
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(operation) = others.get(params.operation_name) {
            return operation.decide_with_details(params, notes, now_ns);
        }
        if self.is_full(&others) {
            return self.default.decide_with_details(params, notes);
        }
        drop(others);
        let new = Operation::new(self.default, self.bounds, now_ns);
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        if self.is_full(&others) && !others.contains_key(params.operation_name) {
            return self.default.decide_with_details(params, notes);
        }
        others.entry(params.operation_name.into()).or_insert(new).decide_with_details(params, notes, now_ns)
    }
}
