//! The sampling strategies in the answers of Jaeger's servers.

use std::error::Error;
use std::fmt;

use opentracing_core::{PerOperationStrategies, SamplingStrategy};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

/// Parses the JSON of Jaeger's `/sampling`: a `SamplingStrategyResponse` of `sampling.proto`, in the form of every server since the agent
/// of 2016.
///
/// Missing fields and `null` are zero, as in Protocol Buffers. `strategyType` is ignored, since servers disagree about it: rates per
/// operation win over a sampling rate, and that over a rate limit. An operation without a rate of its own has the default one.
///
/// Use it if you receive strategies in another way than [`JaegerRemoteSampling`](crate::JaegerRemoteSampling) does.
///
/// ```
/// use opentracing_core::{RemoteSampler, SamplingStrategy};
///
/// let json = br#"{"probabilisticSampling": {"samplingRate": 0.5}}"#;
/// let strategy = opentracing_reporter::parse_jaeger_sampling_response(json)?;
/// assert_eq!(strategy, SamplingStrategy::Probabilistic { sampling_rate: 0.5 });
/// RemoteSampler::default().update(strategy)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// If it is not JSON, a field has the wrong type, or it contains no strategy. Ranges of numbers are checked by
/// [`RemoteSampler::update`](opentracing_core::RemoteSampler::update).
pub fn parse_jaeger_sampling_response(json: &[u8]) -> Result<SamplingStrategy, InvalidSamplingResponse> {
    let answer: Answer =
        serde_json::from_slice(json).map_err(|error| InvalidSamplingResponse { source: Some(error.into()) })?;
    if let Some(operations) = answer.operation_sampling {
        return Ok(SamplingStrategy::PerOperation(operations.into()));
    }
    if let Some(Probabilistic { sampling_rate }) = answer.probabilistic_sampling {
        return Ok(SamplingStrategy::Probabilistic { sampling_rate: sampling_rate.0 });
    }
    match answer.rate_limiting_sampling {
        Some(RateLimiting { max_traces_per_second }) => {
            Ok(SamplingStrategy::RateLimiting { max_traces_per_second: max_traces_per_second.0 })
        }
        None => Err(InvalidSamplingResponse::none()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(alias = "probabilistic_sampling")]
    probabilistic_sampling: Option<Probabilistic>,
    #[serde(alias = "rate_limiting_sampling")]
    rate_limiting_sampling: Option<RateLimiting>,
    #[serde(alias = "operation_sampling")]
    operation_sampling: Option<Operations>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Probabilistic {
    #[serde(alias = "sampling_rate", default)]
    sampling_rate: Number,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RateLimiting {
    #[serde(alias = "max_traces_per_second", default)]
    max_traces_per_second: Number,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operations {
    #[serde(alias = "default_sampling_probability", default)]
    default_sampling_probability: Number,
    #[serde(alias = "default_lower_bound_traces_per_second", default)]
    default_lower_bound_traces_per_second: Number,
    #[serde(alias = "default_upper_bound_traces_per_second", default)]
    default_upper_bound_traces_per_second: Number,
    #[serde(alias = "per_operation_strategies")]
    per_operation_strategies: Option<Vec<Operation>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    operation: Option<String>,
    #[serde(alias = "probabilistic_sampling")]
    probabilistic_sampling: Option<Probabilistic>,
}

impl From<Operations> for PerOperationStrategies {
    fn from(operations: Operations) -> Self {
        let per_operation = operations.per_operation_strategies.unwrap_or_default().into_iter().filter_map(|of| {
            let Probabilistic { sampling_rate } = of.probabilistic_sampling?;
            Some((of.operation.unwrap_or_default(), sampling_rate.0))
        });
        let mut strategies = PerOperationStrategies::default();
        strategies.default_sampling_probability = operations.default_sampling_probability.0;
        strategies.default_lower_bound_traces_per_second = operations.default_lower_bound_traces_per_second.0;
        strategies.default_upper_bound_traces_per_second = operations.default_upper_bound_traces_per_second.0;
        strategies.per_operation = per_operation.collect();
        strategies
    }
}

/// A number. Protocol Buffers' JSON writes large ones, NaN and infinities as text.
#[derive(Default)]
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
        Ok(Number(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
        Ok(Number(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
        Ok(Number(value as f64))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Number, E> {
        value.parse().map(Number).map_err(|_| E::invalid_value(serde::de::Unexpected::Str(value), &self))
    }

    fn visit_unit<E>(self) -> Result<Number, E> {
        Ok(Number::default())
    }
}

/// A response of a sampling server that contains no strategy.
#[derive(Debug)]
pub struct InvalidSamplingResponse {
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl InvalidSamplingResponse {
    pub(super) fn none() -> Self {
        InvalidSamplingResponse { source: None }
    }
}

impl fmt::Display for InvalidSamplingResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.source {
            Some(_) => "the response is not a sampling strategy",
            None => "the response contains no sampling strategy",
        })
    }
}

impl Error for InvalidSamplingResponse {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
