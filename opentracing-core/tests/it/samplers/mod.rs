//! The samplers beyond the plain ones, a module each.

mod consistent_probability;
mod per_operation;
mod rate_limiting;
mod remote;
mod rules;

use opentracing_core::{Decision, Sampler, SamplingDetails, SamplingParams, TraceId};

/// A root of a trace whose id has that lower half.
fn root(low: u64, operation_name: &str) -> SamplingParams<'_> {
    SamplingParams::root(TraceId::from_parts(0, low), operation_name)
}

fn keeps(sampler: &dyn Sampler, params: &SamplingParams<'_>) -> bool {
    sampler.decide(params) == Decision::RecordAndSample
}

/// The decision, and the rule as it becomes two tags.
fn noted(sampler: &dyn Sampler, params: &SamplingParams<'_>) -> (bool, String) {
    let mut notes = SamplingDetails::default();
    let decision = sampler.decide_with_details(params, &mut notes);
    let rule = notes.rule().map_or(String::new(), |(sampler_type, param)| format!("{sampler_type} {param}"));
    (decision == Decision::RecordAndSample, rule)
}
