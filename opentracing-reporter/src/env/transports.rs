//! The transports.

use crate::connection::InvalidEndpoint;
use crate::console::Console;
use crate::datadog::DatadogSampler;
use crate::env::datadog::{self, datadog};
use crate::env::instana::instana;
use crate::env::jaeger::{self, jaeger};
use crate::env::otlp::{self, otlp, otlp_file, otlp_stdout};
use crate::env::variables::Variables;
use crate::env::zipkin::{self, zipkin};
use crate::transport::Transport;

const EXPORTER: &str = "OTEL_TRACES_EXPORTER";

type TransportResult = Result<Box<dyn Transport>, InvalidEndpoint>;

/// The transports in `OTEL_TRACES_EXPORTER`. Without it, the one whose address is set. Datadog's agent updates the sampler.
pub(crate) fn transports(variables: &mut Variables<'_>, sampler: &DatadogSampler) -> Vec<Box<dyn Transport>> {
    let made = match variables.get(EXPORTER) {
        Some(list) => named(variables, sampler, &list),
        None => vec![by_address(variables, sampler)],
    };
    let mut transports = Vec::new();
    for made in made {
        match made {
            Ok(transport) => transports.push(transport),
            Err(error) => {
                variables.warn(EXPORTER, format_args!("has an invalid endpoint ({error})"), "ignoring it");
            }
        }
    }
    transports
}

fn named(variables: &mut Variables<'_>, sampler: &DatadogSampler, list: &str) -> Vec<TransportResult> {
    let (mut found, mut unsupported, mut is_none) = (Vec::new(), Vec::new(), false);
    for name in list.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()) {
        let made: TransportResult = match &*name {
            "otlp" => otlp(variables),
            // The second is the name in Java.
            "otlp/stdout" | "experimental-otlp/stdout" => Ok(otlp_stdout(variables)),
            "otlp_file" | "otlp/file" => Ok(otlp_file(variables)),
            "zipkin" => zipkin(variables),
            "jaeger" => jaeger(variables),
            "instana" => instana(variables),
            "datadog" => datadog(variables, sampler),
            "console" => Ok(Box::new(Console::stdout())),
            "none" => {
                is_none = true;
                continue;
            }
            _ => {
                unsupported.push(name);
                continue;
            }
        };
        found.push(made);
    }
    let is_default = found.is_empty() && !is_none;
    for name in &unsupported {
        let instead = if is_default { "using otlp" } else { "ignoring it" };
        variables.warn(EXPORTER, format_args!("has {name:?}, which is not supported"), instead);
    }
    if is_default {
        if unsupported.is_empty() {
            variables.warn(EXPORTER, "names no exporter", "using otlp");
        }
        found.push(otlp(variables));
    }
    found
}

/// Instana if one of its addresses is set, else Jaeger if one of its addresses is set, else Datadog if one of its addresses is set and
/// none of OTLP, else OTLP.
fn by_address(variables: &mut Variables<'_>, sampler: &DatadogSampler) -> TransportResult {
    if variables.is_set("INSTANA_ENDPOINT_URL") || variables.is_set("INSTANA_AGENT_HOST") {
        instana(variables)
    } else if variables.first(&jaeger::ENDPOINT).or_else(|| variables.first(&jaeger::AGENT_HOST)).is_some() {
        jaeger(variables)
    } else {
        if let Some((name, _)) = variables.first(&datadog::ADDRESS) {
            let Some((other, _)) = variables.first(&otlp::ENDPOINT) else { return datadog(variables, sampler) };
            let problem = format!("is set, but so is {other}, and {EXPORTER} does not name datadog");
            variables.warn(name, problem, "sending by otlp");
        }
        if variables.is_set(zipkin::ENDPOINT) {
            let problem = format!("is set, but {EXPORTER} does not name zipkin");
            variables.warn(zipkin::ENDPOINT, problem, "sending by otlp");
        }
        otlp(variables)
    }
}
