//! The variables of Instana's tracers.

use crate::connection::{Endpoint, InvalidEndpoint};
use crate::env::address;
use crate::env::proxy::{through, with_proxy};
use crate::env::spool;
use crate::env::variables::Variables;
use crate::instana::{Instana, InstanaRootExits};
use crate::transport::Transport;

const AGENT: &str = "http://127.0.0.1:42699";
const PROXY: &str = "INSTANA_ENDPOINT_PROXY";
const UNVERIFIED: &str = "INSTANA_DISABLE_CA_CHECK";
const AGENT_INSTEAD: &str = "using the agent of this host";

/// Sends to the serverless endpoint if `INSTANA_ENDPOINT_URL` and `INSTANA_AGENT_KEY` are set, else to the agent of this host.
pub(crate) fn instana(variables: &mut Variables<'_>) -> Result<Box<dyn Transport>, InvalidEndpoint> {
    let mut instana = match serverless(variables) {
        Some(instana) => instana,
        None => agent(variables)?,
    };
    // Instana's tracer for Go accepts only 1, the others also true. The second name is that of Python and Ruby.
    let names = ["INSTANA_ALLOW_ROOT_EXIT_SPAN", "INSTANA_ALLOW_EXIT_AS_ROOT"];
    if let Some((name, _)) = variables.first(&names)
        && variables.switch(name, false)
    {
        instana = instana.root_exits(InstanaRootExits::Reported);
    }
    if let Some(timeout) = variables.millis("INSTANA_TIMEOUT", "using 10000") {
        instana = instana.timeout(timeout);
    }
    spool::open(variables, |spool| instana.open_spool(spool));
    Ok(Box::new(instana))
}

fn serverless(variables: &mut Variables<'_>) -> Option<Instana> {
    const URL: &str = "INSTANA_ENDPOINT_URL";
    let url = variables.get(URL)?;
    let Some(key) = variables.get("INSTANA_AGENT_KEY") else {
        variables.warn(URL, "is set without INSTANA_AGENT_KEY", AGENT_INSTEAD);
        return None;
    };
    let endpoint = url.parse::<Endpoint>().map(|endpoint| match variables.get(PROXY) {
        Some(proxy) => through(variables, endpoint, PROXY, &proxy),
        None => with_proxy(variables, endpoint),
    });
    if variables.get(UNVERIFIED).is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false")) {
        let problem = "is not supported, since anybody could then read the agent key";
        variables.warn(UNVERIFIED, problem, "verifying the server; SSL_CERT_FILE adds a private authority");
    }
    match endpoint.and_then(|endpoint| Instana::serverless(endpoint, &key)) {
        Ok(instana) => Some(instana),
        Err(error) => {
            variables.warn(URL, format_args!("is invalid ({error})"), AGENT_INSTEAD);
            None
        }
    }
}

fn agent(variables: &mut Variables<'_>) -> Result<Instana, InvalidEndpoint> {
    let port = variables.parsed::<u16>("INSTANA_AGENT_PORT", "port", "using 42699").unwrap_or(42699);
    let default = if port == 42699 { AGENT.to_owned() } else { format!("http://127.0.0.1:{port}") };
    let endpoint = address::agent(variables, &["INSTANA_AGENT_HOST"], &default, |_, host| {
        match host.contains(':') && !host.starts_with('[') {
            true => format!("http://[{host}]:{port}"),
            false => format!("http://{host}:{port}"),
        }
    })?;
    Instana::agent(endpoint)
}
