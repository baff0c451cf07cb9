//! What a control plane says of the traces that are to be kept.

use std::error::Error;
use std::fmt;

/// Which traces a service is to keep, as Jaeger's backend answers (`SamplingStrategyResponse` of `sampling.proto`); put into effect by
/// [`RemoteSampler::update`](crate::RemoteSampler::update).
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum SamplingStrategy {
    /// A share of the traces, by Jaeger's rule: [`ProbabilisticSampler`](crate::ProbabilisticSampler).
    Probabilistic {
        /// The share, 0 to 1.
        sampling_rate: f64,
    },
    /// So many traces a second: [`RateLimitingSampler`](crate::RateLimitingSampler).
    RateLimiting {
        /// Traces a second, from 0.
        max_traces_per_second: f64,
    },
    /// A share of each operation's traces, with bounds: [`PerOperationSampler`](crate::PerOperationSampler).
    PerOperation(PerOperationStrategies),
}

/// The shares and bounds of operations: `PerOperationSamplingStrategies` of Jaeger's `sampling.proto`. All zero and empty at first.
#[derive(Clone, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct PerOperationStrategies {
    /// The share, 0 to 1, of operations that are not named.
    pub default_sampling_probability: f64,
    /// Traces a second that are kept of each operation at least, named or not, as far as there are any; 0 guarantees nothing.
    pub default_lower_bound_traces_per_second: f64,
    /// Traces a second that are kept of each operation at most, named or not; 0 is no bound. Jaeger's own backend sets none.
    pub default_upper_bound_traces_per_second: f64,
    /// Names of operations, and the share of each. Of a name that comes twice the last share counts.
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

/// A strategy with a number that is out of its range, or is none.
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
