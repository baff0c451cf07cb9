//! The variables of Jaeger's clients, and the ones that OpenTelemetry had for its exporter to Jaeger.

use crate::connection::{Endpoint, InvalidEndpoint};
use crate::env::address::endpoint;
use crate::env::spool;
use crate::env::variables::Variables;
use crate::jaeger::Jaeger;
use crate::transport::Transport;

const COLLECTOR: &str = "http://127.0.0.1:14268/api/traces?format=jaeger.thrift";
const AGENT: &str = "127.0.0.1:6831";

const PROTOCOL: &str = "OTEL_EXPORTER_JAEGER_PROTOCOL";
/// Each setting of an address has a variable of OpenTelemetry and one of Jaeger's clients.
pub(crate) const ENDPOINT: [&str; 2] = ["OTEL_EXPORTER_JAEGER_ENDPOINT", "JAEGER_ENDPOINT"];
pub(crate) const AGENT_HOST: [&str; 2] = ["OTEL_EXPORTER_JAEGER_AGENT_HOST", "JAEGER_AGENT_HOST"];
const AGENT_PORT: [&str; 2] = ["OTEL_EXPORTER_JAEGER_AGENT_PORT", "JAEGER_AGENT_PORT"];
const TIMEOUT: &str = "OTEL_EXPORTER_JAEGER_TIMEOUT";

/// Sends over HTTP to a collector if its address is set, else over UDP to the agent. OpenTelemetry's protocol wins.
pub(crate) fn jaeger(variables: &mut Variables<'_>) -> Result<Box<dyn Transport>, InvalidEndpoint> {
    let timeout = variables.millis(TIMEOUT, "using 10000");
    if is_http(variables) {
        let endpoint = endpoint(variables, &ENDPOINT, COLLECTOR, |_, address| address)?;
        let jaeger = Jaeger::http(with_credentials(variables, endpoint))?;
        let mut jaeger = timeout.into_iter().fold(jaeger, Jaeger::timeout);
        spool::open(variables, |spool| jaeger.open_spool(spool));
        return Ok(Box::new(jaeger));
    }
    let (name, host) = variables.first(&AGENT_HOST).unwrap_or_else(|| (AGENT_HOST[1], "127.0.0.1".to_owned()));
    let port = variables.first_parsed::<u16>(&AGENT_PORT, "port", "using 6831").unwrap_or(6831);
    let address = match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let mut jaeger = Jaeger::udp(&address).or_else(|error| {
        variables.warn(name, format_args!("is invalid ({error})"), format_args!("using {AGENT}"));
        Jaeger::udp(AGENT)
    })?;
    spool::open(variables, |spool| jaeger.open_spool(spool));
    Ok(Box::new(jaeger))
}

fn is_http(variables: &mut Variables<'_>) -> bool {
    let has_endpoint = variables.first(&ENDPOINT).is_some();
    let Some(protocol) = variables.get(PROTOCOL) else { return has_endpoint };
    let (is_http, instead) = match &*protocol.to_ascii_lowercase() {
        "http/thrift.binary" => return true,
        "udp/thrift.compact" => return false,
        "udp/thrift.binary" => (false, "using udp/thrift.compact"),
        _ if has_endpoint => (true, "using http/thrift.binary"),
        _ => (false, "using udp/thrift.compact"),
    };
    variables.warn(PROTOCOL, format_args!("is {protocol:?}, which is not supported"), instead);
    is_http
}

const USER: [&str; 2] = ["OTEL_EXPORTER_JAEGER_USER", "JAEGER_USER"];
const PASSWORD: [&str; 2] = ["OTEL_EXPORTER_JAEGER_PASSWORD", "JAEGER_PASSWORD"];

/// `JAEGER_AUTH_TOKEN`, else `JAEGER_USER` with `JAEGER_PASSWORD`. Warnings omit the values, which are secret.
fn with_credentials(variables: &mut Variables<'_>, endpoint: Endpoint) -> Endpoint {
    let (name, authorized) = if let Some(token) = variables.get("JAEGER_AUTH_TOKEN") {
        ("JAEGER_AUTH_TOKEN", endpoint.clone().bearer_auth(&token))
    } else {
        match (variables.first(&USER), variables.first(&PASSWORD)) {
            (Some((name, user)), Some((_, password))) => (name, endpoint.clone().basic_auth(&user, &password)),
            (None, None) => return endpoint,
            (user, password) => {
                let (name, other) = match user {
                    Some((name, _)) => (name, PASSWORD[1]),
                    None => (password.map_or(PASSWORD[1], |(name, _)| name), USER[1]),
                };
                variables.warn(name, format_args!("is set without {other}"), "using neither");
                return endpoint;
            }
        }
    };
    authorized.unwrap_or_else(|_| {
        variables.warn(name, "is not valid in a header", "ignoring it");
        endpoint
    })
}
