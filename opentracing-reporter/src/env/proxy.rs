//! Proxies, by the variables of curl.

use std::net::IpAddr;

use hyper_util::client::proxy::matcher::Matcher;

use crate::connection::Endpoint;
use crate::env::variables::Variables;

const HTTP: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
const HTTPS: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const EXCLUDED: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Connects through the proxy for the endpoint's scheme, unless its host is excluded. Loopback is always excluded, as in Go.
pub(crate) fn with_proxy(variables: &mut Variables<'_>, endpoint: Endpoint) -> Endpoint {
    if is_local(&endpoint) {
        return endpoint;
    }
    let names = if endpoint.is_tls { &HTTPS } else { &HTTP };
    match variables.first(names) {
        // A web server sets it from the header `Proxy` of a request ("httpoxy").
        Some(("HTTP_PROXY", _)) if variables.is_set("REQUEST_METHOD") => {
            variables.warn("HTTP_PROXY", "can be set by the client of a CGI program", "ignoring it");
            endpoint
        }
        Some((name, proxy)) if !is_excluded(variables, &endpoint) => through(variables, endpoint, name, &proxy),
        _ => endpoint,
    }
}

/// Connects through the proxy in the variable `name`.
pub(crate) fn through(variables: &mut Variables<'_>, endpoint: Endpoint, name: &str, proxy: &str) -> Endpoint {
    let proxy = if proxy.contains("://") { proxy } else { &format!("http://{proxy}") };
    match endpoint.clone().proxy(proxy) {
        Ok(endpoint) => endpoint,
        Err(error) => {
            variables.warn(name, format_args!("is invalid ({error})"), "connecting without a proxy");
            endpoint
        }
    }
}

fn is_local(endpoint: &Endpoint) -> bool {
    let host = endpoint.host.to_ascii_lowercase();
    endpoint.socket.is_some()
        || host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_excluded(variables: &Variables<'_>, endpoint: &Endpoint) -> bool {
    let Some((_, excluded)) = variables.first(&EXCLUDED) else { return false };
    // The matcher compares it with names only.
    if excluded.split(',').any(|entry| entry.trim() == "*") {
        return true;
    }
    // The address of the proxy does not matter here.
    let matcher = Matcher::builder().all("http://proxy").no(excluded).build();
    endpoint.uri().parse().is_ok_and(|uri| matcher.intercept(&uri).is_none())
}
