//! The variables of the Instana tracers.

use crate::connection::InvalidEndpoint;
use crate::env::address::endpoint;
use crate::env::variables::Variables;
use crate::instana::{Instana, RootExits};
use crate::transport::Transport;

const AGENT: &str = "http://127.0.0.1:42699";

/// To the serverless endpoint if `INSTANA_ENDPOINT_URL` and `INSTANA_AGENT_KEY` are set, else to the host's agent.
pub(crate) fn instana(variables: &mut Variables<'_>) -> Result<Box<dyn Transport>, InvalidEndpoint> {
    let mut instana = match serverless(variables) {
        Some(instana) => instana,
        None => agent(variables)?,
    };
    // Go's tracer takes 1 alone, the others true as well.
    if variables.get("INSTANA_ALLOW_ROOT_EXIT_SPAN").is_some_and(|v| v == "1" || v.eq_ignore_ascii_case("true")) {
        instana = instana.root_exits(RootExits::Reported);
    }
    if let Some(timeout) = variables.millis("INSTANA_TIMEOUT", "10000 is used") {
        instana = instana.timeout(timeout);
    }
    Ok(Box::new(instana))
}

fn serverless(variables: &mut Variables<'_>) -> Option<Instana> {
    const URL: &str = "INSTANA_ENDPOINT_URL";
    let url = variables.get(URL)?;
    let Some(key) = variables.get("INSTANA_AGENT_KEY") else {
        variables.warn(URL, "is set without INSTANA_AGENT_KEY", "the host's agent is used");
        return None;
    };
    match Instana::serverless(&url, &key) {
        Ok(instana) => Some(instana),
        Err(error) => {
            variables.warn(URL, format_args!("cannot be used ({error})"), "the host's agent is used");
            None
        }
    }
}

fn agent(variables: &mut Variables<'_>) -> Result<Instana, InvalidEndpoint> {
    let port = variables.parsed::<u16>("INSTANA_AGENT_PORT", "port", "42699 is used").unwrap_or(42699);
    let standard = if port == 42699 { AGENT.to_owned() } else { format!("http://127.0.0.1:{port}") };
    let endpoint = endpoint(variables, &["INSTANA_AGENT_HOST"], &standard, |_, host| {
        match host.contains(':') && !host.starts_with('[') {
            true => format!("http://[{host}]:{port}"),
            false => format!("http://{host}:{port}"),
        }
    })?;
    Instana::agent(endpoint)
}
