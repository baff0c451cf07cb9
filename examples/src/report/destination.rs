//! One destination and its address.

use std::fmt;

use opentracing_reporter::{
    Console, Endpoint, Instana, InstanaAgentFallback, InvalidEndpoint, Jaeger, Otlp, Transport, Zipkin,
};

use super::environment::Environment;
use super::invalid::InvalidReport;

/// A destination with a valid address.
#[derive(Clone, Debug)]
pub(super) enum Destination {
    Console,
    OtlpHttp(Endpoint),
    OtlpGrpc(Endpoint),
    Zipkin(Endpoint),
    JaegerHttp(Endpoint),
    /// Host and port.
    JaegerUdp(String),
    Instana(Endpoint, InstanaAgentFallback),
    InstanaServerless {
        endpoint: Endpoint,
        key: String,
    },
}

impl Destination {
    /// The destination with this name. The address comes from the option, else from the environment, else it is the default.
    pub(super) fn read(
        name: &str,
        address: Option<&str>,
        environment: &Environment<'_>,
    ) -> Result<Destination, InvalidReport> {
        let destination = match (name, address) {
            ("console", None) => Ok(Destination::Console),
            ("console", Some(_)) => Err(InvalidReport::NoAddress("console")),
            ("none", Some(_)) => Err(InvalidReport::NoAddress("none")),
            ("otlp", Some(address)) => otlp("--report otlp", address),
            ("otlp", None) => otlp_from(environment),
            ("zipkin", Some(address)) => endpoint("--report zipkin", address).map(Destination::Zipkin),
            ("zipkin", None) => zipkin_from(environment),
            ("jaeger", Some(address)) => jaeger("--report jaeger", address),
            ("jaeger", None) => jaeger_from(environment),
            // With an explicit address, no other address is tried.
            ("instana", Some(address)) => {
                Ok(Destination::Instana(endpoint("--report instana", address)?, InstanaAgentFallback::None))
            }
            ("instana", None) => instana_from(environment),
            _ => Err(InvalidReport::Unknown(name.to_owned())),
        }?;
        Ok(destination)
    }

    /// Makes a transport for one tracer.
    pub(super) fn transport(&self, console: &Console) -> Result<Box<dyn Transport>, InvalidEndpoint> {
        Ok(match self {
            Destination::Console => Box::new(console.clone()),
            Destination::OtlpHttp(endpoint) => Box::new(Otlp::http(endpoint.clone())?),
            Destination::OtlpGrpc(endpoint) => Box::new(Otlp::grpc(endpoint.clone())?),
            Destination::Zipkin(endpoint) => Box::new(Zipkin::new(endpoint.clone())?),
            Destination::JaegerHttp(endpoint) => Box::new(Jaeger::http(endpoint.clone())?),
            Destination::JaegerUdp(address) => Box::new(Jaeger::udp(address)?),
            Destination::Instana(agent, fallback) => {
                Box::new(Instana::agent(agent.clone())?.agent_fallback(fallback.clone()))
            }
            Destination::InstanaServerless { endpoint, key } => Box::new(Instana::serverless(endpoint.clone(), key)?),
        })
    }
}

/// Name and address in the syntax of `--report`.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, endpoint) = match self {
            Destination::Console => return f.write_str("console"),
            Destination::JaegerUdp(address) => return write!(f, "jaeger=udp://{address}"),
            Destination::OtlpHttp(endpoint) | Destination::OtlpGrpc(endpoint) => ("otlp", endpoint),
            Destination::Zipkin(endpoint) => ("zipkin", endpoint),
            Destination::JaegerHttp(endpoint) => ("jaeger", endpoint),
            Destination::Instana(endpoint, _) | Destination::InstanaServerless { endpoint, .. } => {
                ("instana", endpoint)
            }
        };
        let address = endpoint.to_string();
        let address = address.trim_end_matches('/');
        match (self, address.strip_prefix("http")) {
            (Destination::OtlpGrpc(_), Some(rest)) => write!(f, "{name}=grpc{rest}"),
            _ => write!(f, "{name}={address}"),
        }
    }
}

/// `grpc` and `grpcs` stand for gRPC over `http` and `https`.
fn otlp(source: &str, address: &str) -> Result<Destination, InvalidReport> {
    match address.strip_prefix("grpc") {
        Some(rest) => endpoint(source, &format!("http{rest}")).map(Destination::OtlpGrpc),
        None => endpoint(source, address).map(Destination::OtlpHttp),
    }
}

/// Follows OpenTelemetry's specification of exporters: the general endpoint is a base URL, the one for traces is used unchanged.
fn otlp_from(environment: &Environment<'_>) -> Result<Destination, InvalidReport> {
    let protocol = environment.first(&["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"]);
    let is_grpc = match protocol {
        Some((_, protocol)) if protocol == "grpc" => true,
        Some((name, value)) if value != "http/protobuf" => {
            return Err(InvalidReport::Value { name: name.to_owned(), value, expected: "grpc or http/protobuf" });
        }
        _ => false,
    };
    let names = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTLP_URL"];
    match environment.first(&names) {
        Some((name, address)) if is_grpc => endpoint(name, &address).map(Destination::OtlpGrpc),
        Some((name @ "OTEL_EXPORTER_OTLP_ENDPOINT", address)) => {
            endpoint(name, &format!("{}/v1/traces", address.trim_end_matches('/'))).map(Destination::OtlpHttp)
        }
        Some((name, address)) => otlp(name, &address),
        None if is_grpc => otlp("otlp", "grpc://127.0.0.1:4317"),
        None => otlp("otlp", "http://127.0.0.1:4318"),
    }
}

fn zipkin_from(environment: &Environment<'_>) -> Result<Destination, InvalidReport> {
    let (name, address) = environment
        .first(&["OTEL_EXPORTER_ZIPKIN_ENDPOINT", "ZIPKIN_URL"])
        .unwrap_or(("zipkin", "http://127.0.0.1:9411".into()));
    endpoint(name, &address).map(Destination::Zipkin)
}

fn jaeger(source: &str, address: &str) -> Result<Destination, InvalidReport> {
    match address.strip_prefix("udp://") {
        Some(agent) => {
            let valid = Jaeger::udp(agent).map(|_| Destination::JaegerUdp(agent.to_owned()));
            valid.map_err(|error| InvalidReport::Address(source.to_owned(), error))
        }
        None => endpoint(source, address).map(Destination::JaegerHttp),
    }
}

fn jaeger_from(environment: &Environment<'_>) -> Result<Destination, InvalidReport> {
    match environment.first(&["JAEGER_ENDPOINT", "JAEGER_AGENT_HOST", "JAEGER_URL"]) {
        Some((name @ "JAEGER_AGENT_HOST", host)) => {
            let port = environment.get("JAEGER_AGENT_PORT").unwrap_or("6831".into());
            jaeger(name, &format!("udp://{}:{port}", bracketed(&host)))
        }
        Some((name, address)) => jaeger(name, &address),
        None => jaeger("jaeger", "http://127.0.0.1:14268"),
    }
}

fn instana_from(environment: &Environment<'_>) -> Result<Destination, InvalidReport> {
    const URL: &str = "INSTANA_ENDPOINT_URL";
    const KEY: &str = "INSTANA_AGENT_KEY";
    if let Some(address) = environment.get(URL) {
        let endpoint = endpoint(URL, &address)?;
        let key = environment.get(KEY).ok_or(InvalidReport::Missing { name: KEY, needed_by: URL })?;
        Instana::serverless(endpoint.clone(), &key)
            .map_err(|error| InvalidReport::Address(format!("{URL} with {KEY}"), error))?;
        return Ok(Destination::InstanaServerless { endpoint, key });
    }
    let host = environment.get("INSTANA_AGENT_HOST").unwrap_or("127.0.0.1".into());
    let port = environment.get("INSTANA_AGENT_PORT").unwrap_or("42699".into());
    let agent = endpoint("INSTANA_AGENT_HOST with INSTANA_AGENT_PORT", &format!("http://{}:{port}", bracketed(&host)))?;
    Ok(Destination::Instana(agent, InstanaAgentFallback::default()))
}

fn endpoint(source: &str, address: &str) -> Result<Endpoint, InvalidReport> {
    address.parse().map_err(|error| InvalidReport::Address(source.to_owned(), error))
}

/// Adds brackets to an IPv6 address.
fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}
