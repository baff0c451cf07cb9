//! Sampling strategies from a remote control plane.

use std::error::Error;
use std::fmt;

/// A sampling strategy from a control plane, such as Jaeger's backend (`SamplingStrategyResponse` in `sampling.proto`).
/// [`RemoteSampler::update`](crate::RemoteSampler::update) applies it.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum SamplingStrategy {
    /// Keeps a fraction of the traces, like [`ProbabilisticSampler`](crate::ProbabilisticSampler).
    Probabilistic {
        /// The fraction, 0 to 1.
        sampling_rate: f64,
    },
    /// Keeps a maximum number of traces per second, like [`RateLimitingSampler`](crate::RateLimitingSampler).
    RateLimiting {
        /// The maximum number of traces per second, 0 or more.
        max_traces_per_second: f64,
    },
    /// Keeps a fraction of the traces of each operation, with bounds, like [`PerOperationSampler`](crate::PerOperationSampler).
    PerOperation(PerOperationStrategies),
}

/// The fractions and bounds of operations: `PerOperationSamplingStrategies` in Jaeger's `sampling.proto`. All are zero or empty by default.
///
/// ```
/// use opentracing_core::{PerOperationStrategies, RemoteSampler, SamplingStrategy, Tracer};
///
/// let mut strategies = PerOperationStrategies::default();
/// strategies.per_operation.push(("POST /checkout".to_owned(), 1.0));
///
/// let sampler = RemoteSampler::default();
/// sampler.update(SamplingStrategy::PerOperation(strategies))?;
/// let (tracer, _drain) = Tracer::builder("shop").sampler(sampler).build();
/// assert!(tracer.span("POST /checkout").start().is_recording());
/// assert!(!tracer.span("GET /cart").start().is_recording());
/// # Ok::<(), opentracing_core::InvalidStrategy>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct PerOperationStrategies {
    /// The fraction, 0 to 1, for operations that are not in `per_operation`.
    pub default_sampling_probability: f64,
    /// The minimum number of traces per second that are kept for each operation, if there are that many. 0 means no minimum.
    pub default_lower_bound_traces_per_second: f64,
    /// The maximum number of traces per second that are kept for each operation. 0 means no maximum. Jaeger's backend sets none.
    pub default_upper_bound_traces_per_second: f64,
    /// The names of operations and their fractions. If a name occurs twice, the last fraction applies.
    pub per_operation: Vec<(String, f64)>,
}

impl SamplingStrategy {
    pub(super) fn check(&self) -> Result<(), InvalidStrategy> {
        match self {
            SamplingStrategy::Probabilistic { sampling_rate } => probability("sampling rate", *sampling_rate),
            SamplingStrategy::RateLimiting { max_traces_per_second } => {
                rate("maximum of traces per second", *max_traces_per_second)
            }
            SamplingStrategy::PerOperation(strategies) => {
                probability("default sampling probability", strategies.default_sampling_probability)?;
                rate("lower bound of traces per second", strategies.default_lower_bound_traces_per_second)?;
                rate("upper bound of traces per second", strategies.default_upper_bound_traces_per_second)?;
                strategies.per_operation.iter().try_for_each(|(_, share)| probability("sampling rate", *share))
            }
        }
    }
}

fn probability(field: &'static str, value: f64) -> Result<(), InvalidStrategy> {
    if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(InvalidStrategy { field, value, range: "0 to 1" }) }
}

fn rate(field: &'static str, value: f64) -> Result<(), InvalidStrategy> {
    if value >= 0.0 && value.is_finite() { Ok(()) } else { Err(InvalidStrategy { field, value, range: "0 and above" }) }
}

/// The error for a strategy with a number that is out of range or NaN.
#[derive(Clone, PartialEq, Debug)]
pub struct InvalidStrategy {
    field: &'static str,
    value: f64,
    range: &'static str,
}

impl fmt::Display for InvalidStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InvalidStrategy { field, value, range } = self;
        write!(f, "{field} {value} of a sampling strategy is not within {range}")
    }
}

impl Error for InvalidStrategy {}
