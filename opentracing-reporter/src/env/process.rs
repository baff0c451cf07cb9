//! The service name, and the tags of the process.

use opentracing_core::Process;
use opentracing_core::encoding::decode_percent_strict;

use crate::env::datadog;
use crate::env::variables::{Variables, pairs};

/// OpenTelemetry's attribute for the service name.
pub(crate) const SERVICE_NAME: &str = "service.name";
/// The variables of Datadog's tracers that become tags.
const DATADOG: [(&str, &str); 2] = [("DD_ENV", "deployment.environment.name"), ("DD_VERSION", "service.version")];

#[derive(Debug, PartialEq)]
pub(crate) struct ProcessSettings {
    pub(crate) service: String,
    /// In order, without duplicate keys.
    pub(crate) tags: Vec<(String, String)>,
}

impl ProcessSettings {
    pub(crate) fn read(variables: &mut Variables<'_>) -> Self {
        let attributes = resource_attributes(variables);
        let named = attributes.iter().find(|(key, _)| key == SERVICE_NAME).map(|(_, value)| value.clone());
        let of_datadog = datadog::tags(variables);
        let service = variables
            .get("OTEL_SERVICE_NAME")
            .or(named.filter(|name| !name.is_empty()))
            .or_else(|| Some(variables.first(&["INSTANA_SERVICE_NAME", "JAEGER_SERVICE_NAME", "DD_SERVICE"])?.1))
            .or(of_datadog.iter().find(|(key, _)| key == SERVICE_NAME).map(|(_, value)| value.clone()))
            .unwrap_or_else(Process::unknown_service);
        let mut tags: Vec<(String, String)> = Vec::new();
        let mut add = |key: String, value: String| {
            if key != SERVICE_NAME && !tags.iter().any(|(known, _)| *known == key) {
                tags.push((key, value));
            }
        };
        attributes.into_iter().for_each(|(key, value)| add(key, value));
        instana_tags(variables).into_iter().for_each(|(key, value)| add(key, value));
        jaeger_tags(variables).into_iter().for_each(|(key, value)| add(key, value));
        for (variable, key) in DATADOG {
            if let Some(value) = variables.get(variable) {
                add(key.to_owned(), value);
            }
        }
        of_datadog.into_iter().for_each(|(key, value)| add(key, value));
        ProcessSettings { service, tags }
    }
}

/// `OTEL_RESOURCE_ATTRIBUTES`. A `,` or `=` in a value is percent-encoded, and any error discards the whole variable (OpenTelemetry,
/// "Resource SDK").
fn resource_attributes(variables: &mut Variables<'_>) -> Vec<(String, String)> {
    const NAME: &str = "OTEL_RESOURCE_ATTRIBUTES";
    let Some(text) = variables.get(NAME) else { return Vec::new() };
    let decoded = pairs(&text).and_then(|pairs| {
        pairs
            .into_iter()
            .map(|(key, value)| {
                let is_encoded = !value.contains('=');
                Some((decode_percent_strict(key)?, decode_percent_strict(value).filter(|_| is_encoded)?))
            })
            .collect()
    });
    decoded.unwrap_or_else(|| {
        variables.warn(NAME, format_args!("is {text:?}, not a list of key=value"), "ignoring it");
        Vec::new()
    })
}

/// `INSTANA_TAGS`: `k=v`, or a key without a value.
fn instana_tags(variables: &Variables<'_>) -> Vec<(String, String)> {
    let text = variables.get("INSTANA_TAGS").unwrap_or_default();
    text.split(',')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .filter(|(key, _)| !key.is_empty())
        .collect()
}

/// `JAEGER_TAGS`: `k=v`, where a value may be `${VARIABLE:default}`. An invalid pair is ignored.
fn jaeger_tags(variables: &mut Variables<'_>) -> Vec<(String, String)> {
    const NAME: &str = "JAEGER_TAGS";
    let Some(text) = variables.get(NAME) else { return Vec::new() };
    let mut tags = Vec::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
            variables.warn(NAME, format_args!("has {pair:?}, not a key=value pair"), "ignoring it");
            continue;
        };
        let value = value.trim();
        let value = match value.strip_prefix("${").and_then(|value| value.strip_suffix('}')) {
            Some(reference) => {
                let (name, default) = reference.split_once(':').unwrap_or((reference, ""));
                variables.get(name.trim()).unwrap_or_else(|| default.trim().to_owned())
            }
            None => value.to_owned(),
        };
        tags.push((key.trim().to_owned(), value));
    }
    tags
}
