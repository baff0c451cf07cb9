//! The variables of OTLP (OpenTelemetry, "OpenTelemetry Protocol Exporter").

use std::fmt::Display;

use opentracing_core::encoding::decode_percent_strict;

use crate::connection::{Endpoint, InvalidEndpoint};
use crate::env::address::endpoint;
use crate::env::variables::{Variables, pairs};
use crate::otlp::{Otlp, SemanticConventions};
use crate::transport::Transport;

/// Each setting has a variable for traces, and one for all signals.
const ENDPOINT: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOL: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const COMPRESSION: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"];
const TIMEOUT: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
const INSECURE: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE"];
/// The names of attributes (OpenTelemetry semantic conventions).
const OPT_IN: [&str; 1] = ["OTEL_SEMCONV_STABILITY_OPT_IN"];
const HTTP: &str = "http://127.0.0.1:4318/v1/traces";
const GRPC: &str = "http://127.0.0.1:4317";

pub(crate) fn otlp(variables: &mut Variables<'_>) -> Result<Box<dyn Transport>, InvalidEndpoint> {
    let is_grpc = is_grpc(variables);
    let is_insecure = INSECURE.iter().any(|name| variables.flag(name));
    let default = if is_grpc { GRPC } else { HTTP };
    let endpoint = endpoint(variables, &ENDPOINT, default, |name, address| {
        // The path of a socket is not that of a URL.
        if address.starts_with("unix:") {
            return address;
        }
        // An address for gRPC may have no scheme.
        let address = match is_grpc && !address.contains("://") {
            true if is_insecure => format!("http://{address}"),
            true => format!("https://{address}"),
            false => address,
        };
        match is_grpc || name == ENDPOINT[0] {
            true => address,
            // The variable for all signals is a base URL.
            false => format!("{}/v1/traces", address.trim_end_matches('/')),
        }
    })?;
    let endpoint = with_headers(variables, endpoint);
    #[cfg(feature = "tls")]
    let endpoint = crate::env::tls::with_certificates(variables, endpoint);
    let mut otlp = if is_grpc { Otlp::grpc(endpoint)? } else { Otlp::http(endpoint)? };
    if let Some(timeout) = TIMEOUT.iter().find_map(|name| variables.millis(name, "using 10000")) {
        otlp = otlp.timeout(timeout);
    }
    if is_gzip(variables) {
        otlp = otlp.gzip();
    }
    otlp = otlp.semantic_conventions(semantic_conventions(variables));
    Ok(Box::new(otlp))
}

fn is_grpc(variables: &mut Variables<'_>) -> bool {
    let Some((name, protocol)) = variables.first(&PROTOCOL) else { return false };
    match &*protocol.to_ascii_lowercase() {
        "grpc" => true,
        "http/protobuf" => false,
        _ => {
            let problem = format!("is {protocol:?}, which is not supported");
            variables.warn(name, problem, "using http/protobuf");
            false
        }
    }
}

fn is_gzip(variables: &mut Variables<'_>) -> bool {
    let Some((name, compression)) = variables.first(&COMPRESSION) else { return false };
    match &*compression.to_ascii_lowercase() {
        "gzip" => true,
        "none" => false,
        _ => {
            variables.warn(name, format_args!("is {compression:?}, which is not supported"), "using none");
            false
        }
    }
}

/// Entries that are not known are ignored with a warning.
fn semantic_conventions(variables: &mut Variables<'_>) -> SemanticConventions {
    let Some((name, text)) = variables.first(&OPT_IN) else { return SemanticConventions::new() };
    let (conventions, unknown) = SemanticConventions::from_opt_in(&text);
    if !unknown.is_empty() {
        variables.warn(name, format_args!("has the unknown entry {:?}", unknown.join(",")), "ignoring it");
    }
    conventions
}

/// `name=value,…` with percent-encoded values. Warnings omit the values, which may be secret.
fn with_headers(variables: &mut Variables<'_>, endpoint: Endpoint) -> Endpoint {
    let Some((variable, text)) = variables.first(&HEADERS) else { return endpoint };
    let Some(pairs) = pairs(&text) else {
        variables.warn(variable, "is not a list of name=value", "sending no headers");
        return endpoint;
    };
    pairs.into_iter().fold(endpoint, |endpoint, (name, value)| {
        let mut refuse = |problem: &dyn Display| {
            variables.warn(variable, format_args!("has the header {name:?}, {problem}"), "ignoring it");
        };
        match decode_percent_strict(value).map(|value| endpoint.clone().header(name, &value)) {
            Some(Ok(endpoint)) => endpoint,
            Some(Err(_)) => {
                refuse(&"whose name or value is invalid");
                endpoint
            }
            None => {
                refuse(&"whose value is not valid percent-encoding");
                endpoint
            }
        }
    })
}
