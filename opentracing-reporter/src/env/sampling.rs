//! Which traces are kept.

use std::time::Duration;

use opentracing_core::{
    ConstSampler, ParentBased, ProbabilisticSampler, RateLimitingSampler, Sampler, TraceIdRatioSampler,
};

use crate::env::remote_sampling::RemoteSettings;
use crate::env::variables::{Variables, pairs};

/// Who decides.
pub(crate) enum SamplerSettings {
    Ready(Box<dyn Sampler>),
    /// What Jaeger's server says.
    Remote(RemoteSettings),
}

impl SamplerSettings {
    /// The sampler of `OTEL_TRACES_SAMPLER`, else of `JAEGER_SAMPLER_TYPE`, else one that keeps everything.
    pub(crate) fn read(variables: &mut Variables<'_>) -> Self {
        if let Some(name) = variables.get("OTEL_TRACES_SAMPLER") {
            return opentelemetry(variables, &name.to_ascii_lowercase());
        }
        if let Some(kind) = variables.get("JAEGER_SAMPLER_TYPE") {
            return jaeger(variables, &kind.to_ascii_lowercase());
        }
        SamplerSettings::of(ConstSampler::on())
    }

    fn of(sampler: impl Sampler) -> Self {
        SamplerSettings::Ready(Box::new(sampler))
    }
}

fn opentelemetry(variables: &mut Variables<'_>, name: &str) -> SamplerSettings {
    const NAME: &str = "OTEL_TRACES_SAMPLER";
    let (is_parent_based, plain) = match name.strip_prefix("parentbased_") {
        Some(plain) => (true, plain),
        None => (false, name),
    };
    // A tracer keeps to what a parent has decided by itself; the samplers that are not parent based decide anew.
    match (plain, is_parent_based) {
        ("always_on", true) => SamplerSettings::of(ConstSampler::on()),
        ("always_off", true) => SamplerSettings::of(ConstSampler::off()),
        ("always_on", false) => anew(ConstSampler::on),
        ("always_off", false) => anew(ConstSampler::off),
        ("traceidratio", _) => {
            let ratio = probability(variables, "OTEL_TRACES_SAMPLER_ARG").unwrap_or(1.0);
            if is_parent_based {
                SamplerSettings::of(TraceIdRatioSampler::new(ratio))
            } else {
                anew(|| TraceIdRatioSampler::new(ratio))
            }
        }
        ("jaeger_remote", _) => SamplerSettings::Remote(remote_arguments(variables)),
        _ => {
            variables.warn(NAME, format_args!("is {name:?}, which is no sampler"), "parentbased_always_on is used");
            SamplerSettings::of(ConstSampler::on())
        }
    }
}

fn anew<S: Sampler>(make: impl Fn() -> S) -> SamplerSettings {
    SamplerSettings::of(ParentBased::new(make()).remote_sampled(make()).remote_not_sampled(make()))
}

/// From 0 to 1; anything else counts as 1.
fn probability(variables: &mut Variables<'_>, name: &str) -> Option<f64> {
    let value = variables.parsed::<f64>(name, "number", "1 is used")?;
    if !(0.0..=1.0).contains(&value) {
        variables.warn(name, format_args!("is {value}, which is not between 0 and 1"), "1 is used");
        return Some(1.0);
    }
    Some(value)
}

fn jaeger(variables: &mut Variables<'_>, kind: &str) -> SamplerSettings {
    const PARAM: &str = "JAEGER_SAMPLER_PARAM";
    match kind {
        "const" => match variables.parsed::<f64>(PARAM, "number", "1 is used") {
            Some(0.0) => SamplerSettings::of(ConstSampler::off()),
            _ => SamplerSettings::of(ConstSampler::on()),
        },
        "probabilistic" => SamplerSettings::of(ProbabilisticSampler::new(probability(variables, PARAM).unwrap_or(1.0))),
        "ratelimiting" => {
            let rate = variables.parsed::<f64>(PARAM, "number of traces a second", "1 is used").unwrap_or(1.0);
            let is_rate = rate.is_finite() && rate >= 0.0;
            if !is_rate {
                variables.warn(PARAM, format_args!("is {rate}, which is no number of traces a second"), "1 is used");
            }
            SamplerSettings::of(RateLimitingSampler::new(if is_rate { rate } else { 1.0 }))
        }
        "remote" => {
            let named = variables.first(&["JAEGER_SAMPLING_ENDPOINT", "JAEGER_SAMPLER_MANAGER_HOST_PORT"]);
            let endpoint = named.and_then(|(name, address)| {
                let address = if address.contains("://") { address } else { format!("http://{address}") };
                RemoteSettings::endpoint(variables, name, &address)
            });
            let settings = RemoteSettings {
                initial: probability(variables, PARAM),
                endpoint,
                interval: variables.duration("JAEGER_SAMPLER_REFRESH_INTERVAL", "1m is used"),
                max_operations: variables.parsed("JAEGER_SAMPLER_MAX_OPERATIONS", "number", "2000 is used"),
            };
            SamplerSettings::Remote(settings)
        }
        _ => {
            variables.warn("JAEGER_SAMPLER_TYPE", format_args!("is {kind:?}, which is no sampler"), "const is used");
            SamplerSettings::of(ConstSampler::on())
        }
    }
}

/// `endpoint=http://…,pollingIntervalMs=5000,initialSamplingRate=0.25`.
fn remote_arguments(variables: &mut Variables<'_>) -> RemoteSettings {
    const NAME: &str = "OTEL_TRACES_SAMPLER_ARG";
    let mut arguments = RemoteSettings::default();
    let Some(text) = variables.get(NAME) else { return arguments };
    for (key, value) in pairs(&text).unwrap_or_default() {
        let understood = match key {
            "endpoint" => {
                arguments.endpoint = RemoteSettings::endpoint(variables, NAME, value);
                true
            }
            "pollingIntervalMs" => {
                arguments.interval = value.parse().ok().map(Duration::from_millis);
                arguments.interval.is_some()
            }
            "initialSamplingRate" => {
                arguments.initial = value.parse().ok().filter(|rate| (0.0..=1.0).contains(rate));
                arguments.initial.is_some()
            }
            _ => false,
        };
        if !understood {
            variables.warn(NAME, format_args!("has {key}={value}, which says nothing here"), "the rest is used");
        }
    }
    arguments
}
