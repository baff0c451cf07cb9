//! One place, and how to get there.

use std::fmt;

use opentracing_reporter::{
    Console, Endpoint, Instana, InstanaAgentFallback, InvalidEndpoint, Jaeger, Otlp, Transport, Zipkin,
};

use super::environment::Environment;
use super::invalid::InvalidReport;

/// A place with its address, which can be used.
#[derive(Clone, Debug)]
pub(super) enum Place {
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

impl Place {
    /// The place of that name, at the address that the option says, else the environment, else where the backend is by default.
    pub(super) fn read(
        name: &str,
        address: Option<&str>,
        environment: &Environment<'_>,
    ) -> Result<Place, InvalidReport> {
        let place = match (name, address) {
            ("console", None) => Ok(Place::Console),
            ("console", Some(_)) => Err(InvalidReport::NoAddress("console")),
            ("none", Some(_)) => Err(InvalidReport::NoAddress("none")),
            ("otlp", Some(address)) => otlp("--report otlp", address),
            ("otlp", None) => otlp_of(environment),
            ("zipkin", Some(address)) => endpoint("--report zipkin", address).map(Place::Zipkin),
            ("zipkin", None) => zipkin_of(environment),
            ("jaeger", Some(address)) => jaeger("--report jaeger", address),
            ("jaeger", None) => jaeger_of(environment),
            // Whoever says where the agent is does not want it looked for elsewhere.
            ("instana", Some(address)) => {
                Ok(Place::Instana(endpoint("--report instana", address)?, InstanaAgentFallback::None))
            }
            ("instana", None) => instana_of(environment),
            _ => Err(InvalidReport::Unknown(name.to_owned())),
        }?;
        Ok(place)
    }

    /// A way to get there, for one tracer.
    pub(super) fn transport(&self, console: &Console) -> Result<Box<dyn Transport>, InvalidEndpoint> {
        Ok(match self {
            Place::Console => Box::new(console.clone()),
            Place::OtlpHttp(endpoint) => Box::new(Otlp::http(endpoint.clone())?),
            Place::OtlpGrpc(endpoint) => Box::new(Otlp::grpc(endpoint.clone())?),
            Place::Zipkin(endpoint) => Box::new(Zipkin::new(endpoint.clone())?),
            Place::JaegerHttp(endpoint) => Box::new(Jaeger::http(endpoint.clone())?),
            Place::JaegerUdp(address) => Box::new(Jaeger::udp(address)?),
            Place::Instana(agent, fallback) => {
                Box::new(Instana::agent(agent.clone())?.agent_fallback(fallback.clone()))
            }
            Place::InstanaServerless { endpoint, key } => Box::new(Instana::serverless(endpoint.clone(), key)?),
        })
    }
}

/// Name and address as they stand behind `--report`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, endpoint) = match self {
            Place::Console => return f.write_str("console"),
            Place::JaegerUdp(address) => return write!(f, "jaeger=udp://{address}"),
            Place::OtlpHttp(endpoint) | Place::OtlpGrpc(endpoint) => ("otlp", endpoint),
            Place::Zipkin(endpoint) => ("zipkin", endpoint),
            Place::JaegerHttp(endpoint) => ("jaeger", endpoint),
            Place::Instana(endpoint, _) | Place::InstanaServerless { endpoint, .. } => ("instana", endpoint),
        };
        let address = endpoint.to_string();
        let address = address.trim_end_matches('/');
        match (self, address.strip_prefix("http")) {
            (Place::OtlpGrpc(_), Some(rest)) => write!(f, "{name}=grpc{rest}"),
            _ => write!(f, "{name}={address}"),
        }
    }
}

/// `grpc` and `grpcs` are `http` and `https` in which gRPC is spoken.
fn otlp(source: &str, address: &str) -> Result<Place, InvalidReport> {
    match address.strip_prefix("grpc") {
        Some(rest) => endpoint(source, &format!("http{rest}")).map(Place::OtlpGrpc),
        None => endpoint(source, address).map(Place::OtlpHttp),
    }
}

/// As OpenTelemetry's specification of exporters has it: the general endpoint is a base, the one for traces is taken as it is.
fn otlp_of(environment: &Environment<'_>) -> Result<Place, InvalidReport> {
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
        Some((name, address)) if is_grpc => endpoint(name, &address).map(Place::OtlpGrpc),
        Some((name @ "OTEL_EXPORTER_OTLP_ENDPOINT", address)) => {
            endpoint(name, &format!("{}/v1/traces", address.trim_end_matches('/'))).map(Place::OtlpHttp)
        }
        Some((name, address)) => otlp(name, &address),
        None if is_grpc => otlp("otlp", "grpc://127.0.0.1:4317"),
        None => otlp("otlp", "http://127.0.0.1:4318"),
    }
}

fn zipkin_of(environment: &Environment<'_>) -> Result<Place, InvalidReport> {
    let (name, address) = environment
        .first(&["OTEL_EXPORTER_ZIPKIN_ENDPOINT", "ZIPKIN_URL"])
        .unwrap_or(("zipkin", "http://127.0.0.1:9411".into()));
    endpoint(name, &address).map(Place::Zipkin)
}

fn jaeger(source: &str, address: &str) -> Result<Place, InvalidReport> {
    match address.strip_prefix("udp://") {
        Some(agent) => {
            let valid = Jaeger::udp(agent).map(|_| Place::JaegerUdp(agent.to_owned()));
            valid.map_err(|error| InvalidReport::Address(source.to_owned(), error))
        }
        None => endpoint(source, address).map(Place::JaegerHttp),
    }
}

fn jaeger_of(environment: &Environment<'_>) -> Result<Place, InvalidReport> {
    match environment.first(&["JAEGER_ENDPOINT", "JAEGER_AGENT_HOST", "JAEGER_URL"]) {
        Some((name @ "JAEGER_AGENT_HOST", host)) => {
            let port = environment.get("JAEGER_AGENT_PORT").unwrap_or("6831".into());
            jaeger(name, &format!("udp://{}:{port}", bracketed(&host)))
        }
        Some((name, address)) => jaeger(name, &address),
        None => jaeger("jaeger", "http://127.0.0.1:14268"),
    }
}

fn instana_of(environment: &Environment<'_>) -> Result<Place, InvalidReport> {
    const URL: &str = "INSTANA_ENDPOINT_URL";
    const KEY: &str = "INSTANA_AGENT_KEY";
    if let Some(address) = environment.get(URL) {
        let endpoint = endpoint(URL, &address)?;
        let key = environment.get(KEY).ok_or(InvalidReport::Missing { name: KEY, needed_by: URL })?;
        Instana::serverless(endpoint.clone(), &key)
            .map_err(|error| InvalidReport::Address(format!("{URL} with {KEY}"), error))?;
        return Ok(Place::InstanaServerless { endpoint, key });
    }
    let host = environment.get("INSTANA_AGENT_HOST").unwrap_or("127.0.0.1".into());
    let port = environment.get("INSTANA_AGENT_PORT").unwrap_or("42699".into());
    let agent = endpoint("INSTANA_AGENT_HOST with INSTANA_AGENT_PORT", &format!("http://{}:{port}", bracketed(&host)))?;
    Ok(Place::Instana(agent, InstanaAgentFallback::default()))
}

fn endpoint(source: &str, address: &str) -> Result<Endpoint, InvalidReport> {
    address.parse().map_err(|error| InvalidReport::Address(source.to_owned(), error))
}

/// A host as it stands before a port.
fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}
