//! The sampler.

use std::time::Duration;

use opentracing_core::{
    ConstSampler, Decision, ProbabilisticSampler, RateLimitingSampler, Sampler, SamplerStats, SamplingDetails,
    SamplingParams, TraceIdRatioSampler,
};

use crate::datadog::DatadogSampler;
use crate::env::remote_sampling::RemoteSettings;
use crate::env::variables::{Variables, pairs};
use crate::remote_sampling::is_grpc;

/// The sampler that the environment selects.
pub(crate) enum SamplerSettings {
    Ready(Box<dyn Sampler>),
    /// Remote sampling by a Jaeger server, which may also decide about traces with a remote decision.
    Remote {
        settings: Box<RemoteSettings>,
        asks_anew: bool,
    },
    /// The sampler of the configuration file.
    #[cfg(feature = "config-file")]
    File(crate::config::FileSampler),
}

impl SamplerSettings {
    /// The sampler in `OTEL_TRACES_SAMPLER`, else in `JAEGER_SAMPLER_TYPE`, else Datadog's if there is one. Without these, it is `remote`, the
    /// default of Jaeger's clients, if other variables say that there is a Jaeger, else one that always decides `otherwise`.
    pub(crate) fn read(variables: &mut Variables<'_>, datadog: Option<DatadogSampler>, otherwise: Decision) -> Self {
        if let Some(name) = variables.get("OTEL_TRACES_SAMPLER") {
            return opentelemetry(variables, &name.to_ascii_lowercase());
        }
        if variables.is_set(ARGUMENT) {
            variables.warn(ARGUMENT, "is set without OTEL_TRACES_SAMPLER", "ignoring it");
        }
        match (variables.get("JAEGER_SAMPLER_TYPE"), datadog) {
            (Some(kind), _) => jaeger(variables, &kind.to_ascii_lowercase()),
            (None, Some(datadog)) => SamplerSettings::of(datadog),
            (None, None) if variables.first(&JAEGER).is_some() => jaeger(variables, "remote"),
            (None, None) => SamplerSettings::of(ConstSampler::new(otherwise)),
        }
    }

    pub(crate) fn of(sampler: impl Sampler) -> Self {
        SamplerSettings::Ready(Box::new(sampler))
    }
}

const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
/// The variables of Jaeger's clients that say where a Jaeger is, or how it decides.
const JAEGER: [&str; 8] = [
    "JAEGER_AGENT_HOST",
    "JAEGER_AGENT_PORT",
    "JAEGER_ENDPOINT",
    "JAEGER_SAMPLING_ENDPOINT",
    "JAEGER_SAMPLER_MANAGER_HOST_PORT",
    "JAEGER_SAMPLER_PARAM",
    "JAEGER_SAMPLER_REFRESH_INTERVAL",
    "JAEGER_SAMPLER_MAX_OPERATIONS",
];

fn opentelemetry(variables: &mut Variables<'_>, name: &str) -> SamplerSettings {
    const NAME: &str = "OTEL_TRACES_SAMPLER";
    let (is_parent_based, plain) = match name.strip_prefix("parentbased_") {
        Some(plain) => (true, plain),
        None => (false, name),
    };
    if matches!(plain, "always_on" | "always_off") && variables.is_set(ARGUMENT) {
        variables.warn(ARGUMENT, format_args!("is set, but {name} has no argument"), "ignoring it");
    }
    // A tracer always follows a parent's decision. The samplers that are not parent based must ignore it.
    match (plain, is_parent_based) {
        ("always_on", true) => SamplerSettings::of(ConstSampler::on()),
        ("always_off", true) => SamplerSettings::of(ConstSampler::off()),
        ("always_on", false) => SamplerSettings::of(IgnoringParent(ConstSampler::on())),
        ("always_off", false) => SamplerSettings::of(IgnoringParent(ConstSampler::off())),
        ("traceidratio", _) => {
            let ratio = probability(variables, ARGUMENT).unwrap_or(1.0);
            if is_parent_based {
                SamplerSettings::of(TraceIdRatioSampler::new(ratio))
            } else {
                SamplerSettings::of(IgnoringParent(TraceIdRatioSampler::new(ratio)))
            }
        }
        ("jaeger_remote", _) => {
            SamplerSettings::Remote { settings: Box::new(remote_arguments(variables)), asks_anew: !is_parent_based }
        }
        _ => {
            variables.warn(NAME, format_args!("is {name:?}, which is not supported"), "using parentbased_always_on");
            SamplerSettings::of(ConstSampler::on())
        }
    }
}

/// Decides also about traces with a remote decision.
#[derive(Debug)]
pub(crate) struct IgnoringParent<S>(pub(crate) S);

impl<S: Sampler> Sampler for IgnoringParent<S> {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        self.0.decide(params)
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails) -> Decision {
        self.0.decide_with_details(params, details)
    }

    fn reads_tags(&self) -> bool {
        self.0.reads_tags()
    }

    fn overrides_remote(&self) -> bool {
        true
    }

    fn stats(&self) -> SamplerStats {
        self.0.stats()
    }
}

/// A number from 0 to 1. Anything else counts as 1.
pub(crate) fn probability(variables: &mut Variables<'_>, name: &str) -> Option<f64> {
    let value = variables.parsed::<f64>(name, "number", "using 1")?;
    if !(0.0..=1.0).contains(&value) {
        variables.warn(name, format_args!("is {value}, not between 0 and 1"), "using 1");
        return Some(1.0);
    }
    Some(value)
}

fn jaeger(variables: &mut Variables<'_>, kind: &str) -> SamplerSettings {
    const PARAM: &str = "JAEGER_SAMPLER_PARAM";
    match kind {
        "const" => match variables.parsed::<f64>(PARAM, "number", "using 1") {
            Some(0.0) => SamplerSettings::of(ConstSampler::off()),
            Some(number) if number != 1.0 => {
                variables.warn(PARAM, format_args!("is {number}, neither 0 nor 1"), "using 1");
                SamplerSettings::of(ConstSampler::on())
            }
            _ => SamplerSettings::of(ConstSampler::on()),
        },
        "probabilistic" => SamplerSettings::of(ProbabilisticSampler::new(probability(variables, PARAM).unwrap_or(1.0))),
        "ratelimiting" => {
            let rate = variables.parsed::<f64>(PARAM, "number of traces per second", "using 1").unwrap_or(1.0);
            let is_rate = rate.is_finite() && rate >= 0.0;
            if !is_rate {
                variables.warn(PARAM, format_args!("is {rate}, not a number of traces per second"), "using 1");
            }
            SamplerSettings::of(RateLimitingSampler::new(if is_rate { rate } else { 1.0 }))
        }
        "remote" => {
            let named = variables.first(&["JAEGER_SAMPLING_ENDPOINT", "JAEGER_SAMPLER_MANAGER_HOST_PORT"]);
            let endpoint = named.and_then(|(name, address)| {
                let address = if address.contains("://") { address } else { format!("http://{address}") };
                RemoteSettings::endpoint(variables, name, &address)
            });
            let endpoint = endpoint.or_else(|| {
                let host = variables.get("JAEGER_AGENT_HOST")?;
                let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host };
                RemoteSettings::agent(variables, "JAEGER_AGENT_HOST", &format!("http://{host}:5778/sampling"))
            });
            let settings = RemoteSettings {
                initial: probability(variables, PARAM),
                endpoint,
                is_grpc: false,
                interval: variables.duration("JAEGER_SAMPLER_REFRESH_INTERVAL", "using 1m"),
                max_operations: variables.parsed("JAEGER_SAMPLER_MAX_OPERATIONS", "number", "using 2000"),
            };
            SamplerSettings::Remote { settings: Box::new(settings), asks_anew: false }
        }
        _ => {
            variables.warn("JAEGER_SAMPLER_TYPE", format_args!("is {kind:?}, which is not supported"), "using const");
            SamplerSettings::of(ConstSampler::on())
        }
    }
}

/// `endpoint=http://…,pollingIntervalMs=5000,initialSamplingRate=0.25`.
fn remote_arguments(variables: &mut Variables<'_>) -> RemoteSettings {
    const NAME: &str = ARGUMENT;
    let mut arguments = RemoteSettings::default();
    let Some(text) = variables.get(NAME) else { return arguments };
    let Some(pairs) = pairs(&text) else {
        variables.warn(NAME, format_args!("is {text:?}, not a list of key=value"), "ignoring it");
        return arguments;
    };
    for (key, value) in pairs {
        let is_valid = match key {
            "endpoint" => {
                arguments.endpoint = RemoteSettings::endpoint(variables, NAME, value);
                arguments.is_grpc = arguments.endpoint.as_deref().is_some_and(is_grpc);
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
        if !is_valid {
            variables.warn(NAME, format_args!("has {key}={value}, which is not supported"), "ignoring it");
        }
    }
    arguments
}
