//! The variables of the Jaeger clients.

use crate::connection::{Endpoint, InvalidEndpoint};
use crate::env::address::endpoint;
use crate::env::variables::Variables;
use crate::jaeger::Jaeger;
use crate::transport::Transport;

const COLLECTOR: &str = "http://127.0.0.1:14268/api/traces?format=jaeger.thrift";
const AGENT: &str = "127.0.0.1:6831";

/// By HTTP to `JAEGER_ENDPOINT`, else by UDP to the agent.
pub(crate) fn jaeger(variables: &mut Variables<'_>) -> Result<Box<dyn Transport>, InvalidEndpoint> {
    if variables.is_set("JAEGER_ENDPOINT") {
        let endpoint = endpoint(variables, &["JAEGER_ENDPOINT"], COLLECTOR, |_, address| address)?;
        return Ok(Box::new(Jaeger::http(with_credentials(variables, endpoint))?));
    }
    let host = variables.get("JAEGER_AGENT_HOST").unwrap_or_else(|| "127.0.0.1".to_owned());
    let port = variables.parsed::<u16>("JAEGER_AGENT_PORT", "port", "6831 is used").unwrap_or(6831);
    let address = match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let jaeger = Jaeger::udp(&address).or_else(|error| {
        variables.warn("JAEGER_AGENT_HOST", format_args!("cannot be used ({error})"), format_args!("{AGENT} is used"));
        Jaeger::udp(AGENT)
    })?;
    Ok(Box::new(jaeger))
}

/// `JAEGER_AUTH_TOKEN`, else `JAEGER_USER` with `JAEGER_PASSWORD`. Warnings leave out what is private.
fn with_credentials(variables: &mut Variables<'_>, endpoint: Endpoint) -> Endpoint {
    let (name, with) = if let Some(token) = variables.get("JAEGER_AUTH_TOKEN") {
        ("JAEGER_AUTH_TOKEN", endpoint.clone().bearer(&token))
    } else {
        match (variables.get("JAEGER_USER"), variables.get("JAEGER_PASSWORD")) {
            (Some(user), Some(password)) => ("JAEGER_USER", endpoint.clone().basic(&user, &password)),
            (None, None) => return endpoint,
            (user, _) => {
                let name = if user.is_some() { "JAEGER_USER" } else { "JAEGER_PASSWORD" };
                variables.warn(name, "is set without the other one of user and password", "neither is used");
                return endpoint;
            }
        }
    };
    with.unwrap_or_else(|_| {
        variables.warn(name, "cannot be sent in a header", "it is left out");
        endpoint
    })
}
