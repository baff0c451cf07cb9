//! Tail sampling.

use std::fmt::Display;
use std::time::Duration;

use opentracing_core::Rule;

use crate::env::variables::Variables;
use crate::tail_sampling::{TailRule, TailSampling, TailSettings};

const ON: &str = "OPENTRACING_TAIL_SAMPLING";
const DECIDE_SAMPLED: &str = "OPENTRACING_TAIL_DECIDE_SAMPLED";
const WIRE: &str = "OPENTRACING_TAIL_WIRE";
/// The variables that have no effect without the first one.
const DETAILS: [&str; 13] = [
    "OPENTRACING_TAIL_SHARE",
    "OPENTRACING_TAIL_TRACES_PER_SECOND",
    "OPENTRACING_TAIL_SLOW",
    "OPENTRACING_TAIL_SLOW_ROOT",
    "OPENTRACING_TAIL_QUANTILE",
    "OPENTRACING_TAIL_KEEP",
    "OPENTRACING_TAIL_DROP",
    "OPENTRACING_TAIL_GRACE",
    "OPENTRACING_TAIL_MAX_AGE",
    "OPENTRACING_TAIL_MAX_SPANS",
    "OPENTRACING_TAIL_MAX_BYTES",
    DECIDE_SAMPLED,
    WIRE,
];
const SAMPLERS: [&str; 3] = ["OTEL_TRACES_SAMPLER", "JAEGER_SAMPLER_TYPE", "DD_TRACE_SAMPLE_RATE"];

/// Tail sampling, if the environment asks for it.
pub(crate) fn read(variables: &mut Variables<'_>) -> Option<TailSettings> {
    if !variables.switch(ON, false) {
        for name in DETAILS {
            if variables.is_set(name) {
                variables.warn(name, format_args!("is set without {ON}=true"), "ignoring it");
            }
        }
        return None;
    }
    let mut tail = TailSampling::new();
    let [share, rate, slow, slow_root, quantile, keep, drop, grace, max_age, max_spans, max_bytes, ..] = DETAILS;
    // The rules come first, in this order.
    for pattern in patterns(variables, drop) {
        tail = tail.rule(TailRule::drop(&*pattern, Rule::new().operation(&pattern)).local_root());
    }
    for pattern in patterns(variables, keep) {
        tail = tail.rule(TailRule::keep(&*pattern, Rule::new().operation(&pattern)));
    }
    tail = with(tail, fraction(variables, share, "using 0.1"), TailSampling::share);
    tail = with(tail, number(variables, rate), TailSampling::traces_per_second);
    tail = with(tail, duration(variables, slow), TailSampling::slow);
    tail = with(tail, duration(variables, slow_root), TailSampling::slow_root);
    tail = match variables.get(quantile) {
        Some(off) if off.eq_ignore_ascii_case("off") => tail.without_slower_than_usual(),
        _ => with(tail, fraction(variables, quantile, "using 0.99"), TailSampling::slower_than_usual),
    };
    tail = with(tail, duration(variables, grace), TailSampling::grace);
    tail = with(tail, duration(variables, max_age), TailSampling::max_age);
    tail = with(tail, variables.parsed(max_spans, "number of spans", "using 50000"), TailSampling::max_spans);
    tail = with(tail, variables.parsed(max_bytes, "number of bytes", "using 67108864"), TailSampling::max_bytes);
    if variables.switch(DECIDE_SAMPLED, false) {
        tail = tail.decide_sampled();
    } else if let Some((name, _)) = variables.first(&SAMPLERS) {
        let problem = format_args!("is set, so that tail sampling decides only about what is not sampled");
        variables.warn(name, problem, format_args!("set {DECIDE_SAMPLED}=true to decide about the others too"));
    }
    let deferred_as_sampled = variables.is_second(WIRE, ["not_sampled", "sampled"]);
    Some(TailSettings { tail, deferred_as_sampled })
}

fn with<T>(tail: TailSampling, value: Option<T>, set: impl FnOnce(TailSampling, T) -> TailSampling) -> TailSampling {
    match value {
        Some(value) => set(tail, value),
        None => tail,
    }
}

/// Operations, separated by commas.
fn patterns(variables: &Variables<'_>, name: &str) -> Vec<String> {
    let list = variables.get(name).unwrap_or_default();
    list.split(',').map(str::trim).filter(|pattern| !pattern.is_empty()).map(str::to_owned).collect()
}

fn fraction(variables: &mut Variables<'_>, name: &str, instead: impl Display) -> Option<f64> {
    let value = variables.parsed::<f64>(name, "number", &instead)?;
    let is_valid = (0.0..=1.0).contains(&value);
    if !is_valid {
        variables.warn(name, format_args!("is {value}, not between 0 and 1"), instead);
    }
    is_valid.then_some(value)
}

fn number(variables: &mut Variables<'_>, name: &str) -> Option<f64> {
    let value = variables.parsed::<f64>(name, "number of traces per second", "using none")?;
    let is_valid = value.is_finite() && value >= 0.0;
    if !is_valid {
        variables.warn(name, format_args!("is {value}, not a number of traces per second"), "using none");
    }
    is_valid.then_some(value)
}

fn duration(variables: &mut Variables<'_>, name: &str) -> Option<Duration> {
    variables.duration(name, "using the default")
}
