//! Tags as `meta`, which is text, and as `metrics`, which are numbers.

use opentracing_core::{FinishedSpan, Value, tags};

use super::facts::{Facts, OWN_NAME, OWN_RESOURCE, OWN_SERVICE, OWN_TYPE};
use super::record::Parts;
use super::sampler::{AGENT_RULE, USER_RULE};
use super::value::{as_metric, as_text, to_text};
use crate::batch::Detail;

/// Writes the tags of the span, then those of its process that it does not have itself.
pub(super) fn write(span: FinishedSpan<'_>, facts: &Facts<'_>, detail: Detail, parts: &mut Parts) {
    let kind = span.kind();
    for (key, value) in span.tags() {
        match key {
            // Fields of their own.
            OWN_NAME | OWN_RESOURCE | OWN_SERVICE | OWN_TYPE | "sampling.priority" => {}
            "error"
                if matches!(value, Value::Bool(_) | Value::Static("true" | "false") | Value::Str("true" | "false")) => {
            }
            "db.statement" if facts.is_sql(kind) => {}
            "sampler.type" | "sampler.param" if sampling_rate(span).is_some() => {}
            "db.type" | "db.system.name" if key == "db.system.name" || span.tag("db.system.name").is_none() => {
                if span.tag("db.system").is_none() {
                    parts.meta.detailed(detail, "db.system", facts.database_system());
                }
            }
            "db.type" => {}
            _ => {
                let name = renamed(span, key);
                if name == key || span.tag(name).is_none() {
                    write_tag(name, value, detail, parts);
                }
            }
        }
    }
    if let Some(system) = facts.messaging_system().filter(|_| span.tag("messaging.system").is_none())
        && span.tag("message_bus.destination").is_some()
    {
        parts.meta.text("messaging.system", system);
    }
    if let Some((key, rate)) = sampling_rate(span) {
        parts.metrics.float(key, rate);
    }
    if let Some(Value::F64(weight)) = span.tag(tags::SAMPLING_WEIGHT.name()).filter(|_| sampling_rate(span).is_none()) {
        // The second is the one by which the agent extrapolates its own figures.
        parts.metrics.float(RULE_RATE, weight.recip());
        parts.metrics.float("_sample_rate", weight.recip());
    }
    for (key, value) in span.process().tags() {
        let name = renamed_of_process(key);
        let is_own = |name: &str| span.process().tags().any(|(key, _)| key == name);
        if span.tag(name).is_none() && (name == key || !is_own(name)) {
            write_tag(name, value, detail, parts);
        }
    }
}

/// The rate by which our own sampler kept the trace.
fn sampling_rate(span: FinishedSpan<'_>) -> Option<(&'static str, f64)> {
    let key = match as_text(span.tag("sampler.type")?)? {
        AGENT_RULE => "_dd.agent_psr",
        USER_RULE => RULE_RATE,
        _ => return None,
    };
    match span.tag("sampler.param")? {
        Value::F64(rate) => Some((key, rate)),
        _ => None,
    }
}

const RULE_RATE: &str = "_dd.rule_psr";

fn write_tag(name: &str, value: Value<'_>, detail: Detail, parts: &mut Parts) {
    match as_metric(value).filter(|_| name != "http.status_code") {
        Some(number) => parts.metrics.float(detail.text(name), number),
        None => parts.meta.detailed(detail, name, &to_text(value)),
    }
}

/// Datadog's name for a tag of this span.
fn renamed<'a>(span: FinishedSpan<'_>, tag: &'a str) -> &'a str {
    let kind = span.kind();
    match tag {
        "peer.hostname" if kind.is_exit() => "out.host",
        "peer.port" if kind.is_exit() => "network.destination.port",
        // Both addresses have the same name.
        "peer.ipv6" if span.tag("peer.ipv4").is_some() => tag,
        "peer.ipv4" | "peer.ipv6" if kind.is_exit() => "network.destination.ip",
        "peer.ipv4" | "peer.ipv6" if kind.is_entry() => "network.client.ip",
        "db.instance" => "db.name",
        "message_bus.destination" => "messaging.destination.name",
        "rpc.status_code" => "rpc.grpc.status_code",
        "rpc.system.name" => "rpc.system",
        tag => renamed_of_process(tag),
    }
}

/// Datadog's name for a tag of the process.
pub(super) fn renamed_of_process(tag: &str) -> &str {
    match tag {
        "deployment.environment.name" | "deployment.environment" => "env",
        "service.version" => "version",
        tag => tag,
    }
}
