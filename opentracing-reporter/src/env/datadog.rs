//! The variables of Datadog's tracers.

use crate::connection::InvalidEndpoint;
use crate::datadog::{Datadog, DatadogSampler};
use crate::env::address;
use crate::env::sampling::probability;
use crate::env::spool;
use crate::env::variables::Variables;
use crate::transport::Transport;

/// The variables that say where the agent is.
pub(crate) const ADDRESS: [&str; 2] = ["DD_TRACE_AGENT_URL", "DD_AGENT_HOST"];
const RATE: &str = "DD_TRACE_SAMPLE_RATE";
const TAGS: &str = "DD_TAGS";
const PORT: u16 = 8126;

/// Sends to the agent at `DD_TRACE_AGENT_URL`, else at `DD_AGENT_HOST` and `DD_TRACE_AGENT_PORT`.
pub(crate) fn datadog(
    variables: &mut Variables<'_>,
    sampler: &DatadogSampler,
) -> Result<Box<dyn Transport>, InvalidEndpoint> {
    let port = match variables.is_set(ADDRESS[0]) {
        true => PORT,
        false => variables.parsed("DD_TRACE_AGENT_PORT", "port", format_args!("using {PORT}")).unwrap_or(PORT),
    };
    let endpoint =
        address::agent(variables, &ADDRESS, &format!("http://127.0.0.1:{port}"), |name, address| match name {
            "DD_AGENT_HOST" if address.contains(':') && !address.starts_with('[') => {
                format!("http://[{address}]:{port}")
            }
            "DD_AGENT_HOST" => format!("http://{address}:{port}"),
            _ => address,
        })?;
    let mut datadog = Datadog::agent(endpoint)?.sampler(sampler);
    spool::open(variables, |spool| datadog.open_spool(spool));
    Ok(Box::new(datadog))
}

/// The sampler with the rate in `DD_TRACE_SAMPLE_RATE`, else one that follows the agent, and whether the variable is set.
pub(crate) fn sampler(variables: &mut Variables<'_>) -> (DatadogSampler, bool) {
    match probability(variables, RATE) {
        Some(rate) => (DatadogSampler::with_rate(rate), true),
        None => (DatadogSampler::new(), false),
    }
}

/// `DD_TAGS`: `key:value`, separated by commas, or by blanks if there is no comma. `env`, `version` and `service` stand for the variables
/// of their own.
pub(crate) fn tags(variables: &mut Variables<'_>) -> Vec<(String, String)> {
    let text = variables.get(TAGS).unwrap_or_default();
    let separator = if text.contains(',') { ',' } else { ' ' };
    let mut tags = Vec::new();
    for (place, pair) in text.split(separator).map(str::trim).filter(|pair| !pair.is_empty()).enumerate() {
        let (key, value) = pair.split_once(':').unwrap_or((pair, ""));
        if key.trim().is_empty() {
            variables.warn(TAGS, format_args!("has no key at place {}", place + 1), "ignoring it");
            continue;
        }
        tags.push((named(key.trim()).to_owned(), value.trim().to_owned()));
    }
    tags
}

fn named(key: &str) -> &str {
    match key {
        "env" => "deployment.environment.name",
        "version" => "service.version",
        "service" => "service.name",
        key => key,
    }
}
