//! The variables of Jaeger's clients.

use crate::connection::{Endpoint, InvalidEndpoint};
use crate::env::address::endpoint;
use crate::env::variables::Variables;
use crate::jaeger::Jaeger;
use crate::transport::Transport;

const COLLECTOR: &str = "http://127.0.0.1:14268/api/traces?format=jaeger.thrift";
const AGENT: &str = "127.0.0.1:6831";

/// Sends over HTTP to `JAEGER_ENDPOINT` if it is set, else over UDP to the agent.
pub(crate) fn jaeger(variables: &mut Variables<'_>) -> Result<Box<dyn Transport>, InvalidEndpoint> {
    if variables.is_set("JAEGER_ENDPOINT") {
        let endpoint = endpoint(variables, &["JAEGER_ENDPOINT"], COLLECTOR, |_, address| address)?;
        return Ok(Box::new(Jaeger::http(with_credentials(variables, endpoint))?));
    }
    let host = variables.get("JAEGER_AGENT_HOST").unwrap_or_else(|| "127.0.0.1".to_owned());
    let port = variables.parsed::<u16>("JAEGER_AGENT_PORT", "port", "using 6831").unwrap_or(6831);
    let address = match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let jaeger = Jaeger::udp(&address).or_else(|error| {
        variables.warn("JAEGER_AGENT_HOST", format_args!("is invalid ({error})"), format_args!("using {AGENT}"));
        Jaeger::udp(AGENT)
    })?;
    Ok(Box::new(jaeger))
}

/// `JAEGER_AUTH_TOKEN`, else `JAEGER_USER` with `JAEGER_PASSWORD`. Warnings omit the values, which are secret.
fn with_credentials(variables: &mut Variables<'_>, endpoint: Endpoint) -> Endpoint {
    let (name, authorized) = if let Some(token) = variables.get("JAEGER_AUTH_TOKEN") {
        ("JAEGER_AUTH_TOKEN", endpoint.clone().bearer_auth(&token))
    } else {
        match (variables.get("JAEGER_USER"), variables.get("JAEGER_PASSWORD")) {
            (Some(user), Some(password)) => ("JAEGER_USER", endpoint.clone().basic_auth(&user, &password)),
            (None, None) => return endpoint,
            (user, _) => {
                let name = if user.is_some() { "JAEGER_USER" } else { "JAEGER_PASSWORD" };
                let other = if user.is_some() { "JAEGER_PASSWORD" } else { "JAEGER_USER" };
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
