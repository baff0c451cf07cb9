//! The variables of OTLP (OpenTelemetry, "OpenTelemetry Protocol Exporter").

use opentracing_core::encoding::decode_percent_strict;

use crate::connection::{Endpoint, InvalidEndpoint};
use crate::env::address::endpoint;
use crate::env::spool;
use crate::env::variables::Variables;
use crate::otlp::{Otlp, OtlpFile, SemanticConventions};
use crate::transport::Transport;

/// Each setting has a variable for traces, and one for all signals.
pub(crate) const ENDPOINT: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOL: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const COMPRESSION: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"];
const TIMEOUT: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
/// The second is the old name of the first.
const INSECURE: [&str; 3] =
    ["OTEL_EXPORTER_OTLP_TRACES_INSECURE", "OTEL_EXPORTER_OTLP_SPAN_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE"];
/// The names of attributes (OpenTelemetry semantic conventions).
const OPT_IN: [&str; 1] = ["OTEL_SEMCONV_STABILITY_OPT_IN"];
const FILE: &str = "OPENTRACING_OTLP_FILE";
const HTTP: &str = "http://127.0.0.1:4318/v1/traces";
const GRPC: &str = "http://127.0.0.1:4317";

pub(crate) fn otlp(variables: &mut Variables<'_>) -> Result<Box<dyn Transport>, InvalidEndpoint> {
    let protocol = protocol(variables);
    let is_grpc = protocol == Protocol::Grpc;
    let insecure = variables.first(&INSECURE).map(|(name, _)| name);
    let is_insecure = insecure.is_some_and(|name| variables.flag(name));
    let default = if is_grpc { GRPC } else { HTTP };
    let named = variables.first(&ENDPOINT);
    // The address for traces is used as it is, so one without a path goes to `/`.
    let whole_url = named.as_ref().is_some_and(|(name, address)| *name == ENDPOINT[0] && !address.starts_with("unix:"));
    if let Some((name, address)) = named.filter(|(name, _)| !is_grpc && *name == ENDPOINT[1])
        && address.trim_end_matches('/').ends_with("/v1/traces")
    {
        let instead = format!("using {}, a whole URL belongs to {}", traces_of(&address), ENDPOINT[0]);
        variables.warn(name, format_args!("is {address}, to which /v1/traces is added"), instead);
    }
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
            false => traces_of(&address),
        }
    })?;
    let endpoint = with_headers(variables, endpoint);
    let endpoint = crate::env::tls::with_certificates(variables, endpoint);
    let mut otlp = match (is_grpc, whole_url) {
        (true, _) => Otlp::grpc(endpoint)?,
        (false, true) => Otlp::http_as_is(endpoint),
        (false, false) => Otlp::http(endpoint)?,
    };
    if protocol == Protocol::Json {
        otlp = otlp.json();
    }
    if let Some(timeout) = TIMEOUT.iter().find_map(|name| variables.millis(name, "using 10000")) {
        otlp = otlp.timeout(timeout);
    }
    if is_gzip(variables) {
        otlp = otlp.gzip();
    }
    otlp = otlp.semantic_conventions(semantic_conventions(variables));
    spool::open(variables, |spool| otlp.open_spool(spool));
    Ok(Box::new(otlp))
}

/// The address for traces, from that for all signals: the path is added, and a query stays at the end.
fn traces_of(base: &str) -> String {
    let (base, query) = base.split_at(base.find('?').unwrap_or(base.len()));
    format!("{}/v1/traces{query}", base.trim_end_matches('/'))
}

/// Writes JSON lines to the file in `OPENTRACING_OTLP_FILE`, or to standard output.
pub(crate) fn otlp_file(variables: &mut Variables<'_>) -> Box<dyn Transport> {
    let path = variables.get(FILE);
    let file = path.map_or_else(OtlpFile::stdout, |path| {
        OtlpFile::append(&path).unwrap_or_else(|error| {
            let problem = format!("is {path:?}, which cannot be written ({error})");
            variables.warn(FILE, problem, "using standard output");
            OtlpFile::stdout()
        })
    });
    Box::new(file.semantic_conventions(semantic_conventions(variables)))
}

/// Writes JSON lines to standard output.
pub(crate) fn otlp_stdout(variables: &mut Variables<'_>) -> Box<dyn Transport> {
    Box::new(OtlpFile::stdout().semantic_conventions(semantic_conventions(variables)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Protobuf,
    Json,
    Grpc,
}

fn protocol(variables: &mut Variables<'_>) -> Protocol {
    let Some((name, protocol)) = variables.first(&PROTOCOL) else { return Protocol::Protobuf };
    match &*protocol.to_ascii_lowercase() {
        "grpc" => Protocol::Grpc,
        "http/protobuf" => Protocol::Protobuf,
        "http/json" => Protocol::Json,
        _ => {
            let problem = format!("is {protocol:?}, which is not supported");
            variables.warn(name, problem, "using http/protobuf");
            Protocol::Protobuf
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

/// `name=value,…` with percent-encoded values. An invalid pair is ignored. Warnings omit the values, which may be secret.
fn with_headers(variables: &mut Variables<'_>, mut endpoint: Endpoint) -> Endpoint {
    let Some((variable, text)) = variables.first(&HEADERS) else { return endpoint };
    for (place, pair) in text.split(',').enumerate().filter(|(_, pair)| !pair.trim().is_empty()) {
        let Some((name, value)) = pair.split_once('=').filter(|(name, _)| !name.trim().is_empty()) else {
            variables.warn(variable, format_args!("has no name=value at place {}", place + 1), "ignoring it");
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        let problem = match decode_percent_strict(value).map(|value| endpoint.clone().header(name, &value)) {
            Some(Ok(with_header)) => {
                endpoint = with_header;
                continue;
            }
            Some(Err(_)) => "whose name or value is invalid",
            None => "whose value is not valid percent-encoding",
        };
        variables.warn(variable, format_args!("has the header {name:?}, {problem}"), "ignoring it");
    }
    endpoint
}
