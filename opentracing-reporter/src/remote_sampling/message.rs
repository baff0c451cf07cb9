//! The sampling strategies in gRPC messages.

use opentracing_core::{PerOperationStrategies, SamplingStrategy};

use super::answer::InvalidSamplingResponse;
use crate::wire::protobuf::{Field, fields};

/// `SamplingStrategyResponse { probabilisticSampling: 2, rateLimitingSampling: 3, operationSampling: 4 }` of `sampling.proto`. The type in
/// field 1 is ignored, as in [JSON](super::parse_jaeger_sampling_response).
pub(super) fn parse(message: &[u8]) -> Result<SamplingStrategy, InvalidSamplingResponse> {
    if let Some(operations) = last(message, 4) {
        return Ok(SamplingStrategy::PerOperation(per_operation(operations)));
    }
    if let Some(probabilistic) = last(message, 2) {
        return Ok(SamplingStrategy::Probabilistic { sampling_rate: double(probabilistic, 1) });
    }
    match last(message, 3) {
        Some(rate_limiting) => Ok(SamplingStrategy::RateLimiting { max_traces_per_second: int(rate_limiting, 1) }),
        None => Err(InvalidSamplingResponse::none()),
    }
}

/// `PerOperationSamplingStrategies { defaultSamplingProbability: 1, defaultLowerBoundTracesPerSecond: 2, perOperationStrategies: 3,
/// defaultUpperBoundTracesPerSecond: 4 }`, with `OperationSamplingStrategy { operation: 1, probabilisticSampling: 2 }`.
fn per_operation(message: &[u8]) -> PerOperationStrategies {
    let operations = fields(message).filter_map(|field| match field {
        (3, Field::Bytes(operation)) => Some(operation),
        _ => None,
    });
    let rates = operations.filter_map(|operation| {
        let name = String::from_utf8_lossy(last(operation, 1).unwrap_or_default()).into_owned();
        Some((name, double(last(operation, 2)?, 1)))
    });
    let mut strategies = PerOperationStrategies::default();
    strategies.default_sampling_probability = double(message, 1);
    strategies.default_lower_bound_traces_per_second = double(message, 2);
    strategies.default_upper_bound_traces_per_second = double(message, 4);
    strategies.per_operation = rates.collect();
    strategies
}

/// The bytes of a field. The last one counts (Protocol Buffers, "Last One Wins").
fn last(message: &[u8], wanted: u64) -> Option<&[u8]> {
    let found = fields(message).filter_map(|(number, field)| match field {
        Field::Bytes(bytes) if number == wanted => Some(bytes),
        _ => None,
    });
    found.last()
}

/// A `double`, zero if it is missing.
fn double(message: &[u8], wanted: u64) -> f64 {
    let found = fields(message).filter_map(|(number, field)| match field {
        Field::Fixed64(bits) if number == wanted => Some(f64::from_bits(bits)),
        _ => None,
    });
    found.last().unwrap_or_default()
}

/// An `int32`, zero if it is missing. A negative one has the bits of 64.
fn int(message: &[u8], wanted: u64) -> f64 {
    let found = fields(message).filter_map(|(number, field)| match field {
        Field::Uint(value) if number == wanted => Some(value as i32),
        _ => None,
    });
    found.last().unwrap_or_default().into()
}
