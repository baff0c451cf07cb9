//! A share of each operation's traces, and a few of the rare ones at least.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::clock::Clock;
use crate::sampler::bucket::{Bucket, Ticker};
use crate::sampler::{Decision, ProbabilisticSampler, Sampler, SamplingNotes, SamplingParams};

/// Keeps a share of the traces of each operation by Jaeger's rule, and of each operation at least so many a second, as far as there are
/// any: Jaeger's per-operation sampling with guaranteed throughput.
///
/// Operations are known by the name that their root starts with. What is kept beyond the share is tagged `lowerbound` instead of
/// `probabilistic`. Known operations are looked up under a lock for reading; a name of 20 bytes and its limit take some 150 bytes.
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
    lower_bound: f64,
    max_operations: usize,
    ticker: Ticker,
    operations: RwLock<HashMap<Box<str>, Arc<Operation>>>,
}

/// Jaeger's guaranteed throughput.
#[derive(Debug)]
struct Operation {
    share: ProbabilisticSampler,
    lower_bound: Bucket,
}

const MAX_OPERATIONS: usize = 2_000;

impl PerOperationSampler {
    /// Keeps that share, 0 to 1, of operations that are not named, and of each operation at least so many traces a second, of which 0
    /// or less means none.
    pub fn new(default_probability: f64, lower_bound_per_second: f64) -> Self {
        PerOperationSampler {
            default: ProbabilisticSampler::new(default_probability),
            lower_bound: lower_bound_per_second,
            max_operations: MAX_OPERATIONS,
            ticker: Ticker::new(),
            operations: RwLock::default(),
        }
    }

    /// Keeps that share, 0 to 1, of the traces of that operation.
    #[must_use]
    pub fn operation(mut self, name: &str, probability: f64) -> Self {
        let operation = self.begin(ProbabilisticSampler::new(probability));
        self.operations.get_mut().unwrap_or_else(PoisonError::into_inner).insert(name.into(), operation);
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
        self.ticker = Ticker::Clock(Box::new(clock));
        let known = std::mem::take(self.operations.get_mut().unwrap_or_else(PoisonError::into_inner));
        let anew = known.into_iter().map(|(name, operation)| (name, self.begin(operation.share))).collect();
        self.operations = RwLock::new(anew);
        self
    }

    fn begin(&self, share: ProbabilisticSampler) -> Arc<Operation> {
        Arc::new(Operation { share, lower_bound: Bucket::new(self.lower_bound, self.ticker.now_ns()) })
    }

    /// The operation of that name, if it has a limit of its own or may still get one.
    fn find(&self, name: &str) -> Option<Arc<Operation>> {
        // Nothing panics under the lock, so a poisoned one is still whole.
        let known = self.operations.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(operation) = known.get(name) {
            return Some(operation.clone());
        }
        let full = known.len() >= self.max_operations;
        drop(known);
        if full {
            return None;
        }
        // The clock is foreign code: asked before the lock is taken.
        let new = self.begin(self.default);
        let mut known = self.operations.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(operation) = known.get(name) {
            return Some(operation.clone());
        }
        (known.len() < self.max_operations).then(|| known.entry(name.into()).or_insert(new).clone())
    }
}

impl Sampler for PerOperationSampler {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        self.decide_and_note(params, &mut SamplingNotes::default())
    }

    fn decide_and_note(&self, params: &SamplingParams<'_>, notes: &mut SamplingNotes) -> Decision {
        let Some(operation) = self.find(params.operation_name) else {
            return self.default.decide_and_note(params, notes);
        };
        let decision = operation.share.decide_and_note(params, notes);
        // Charged in any case: what the share keeps counts for the lower bound.
        let guaranteed = operation.lower_bound.take(self.ticker.now_ns());
        if decision == Decision::Drop && guaranteed {
            notes.set_rule("lowerbound", operation.share.rate());
            return Decision::RecordAndSample;
        }
        decision
    }
}
