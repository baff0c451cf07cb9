//! Endpoints from variables, with a default for invalid ones.

use crate::connection::{Endpoint, InvalidEndpoint};
use crate::env::proxy::with_proxy;
use crate::env::variables::Variables;

/// Like [`agent`], but through the proxy that the environment names for it.
pub(crate) fn endpoint(
    variables: &mut Variables<'_>,
    names: &[&str],
    default: &str,
    complete: impl Fn(&str, String) -> String,
) -> Result<Endpoint, InvalidEndpoint> {
    let endpoint = agent(variables, names, default, complete)?;
    Ok(with_proxy(variables, endpoint))
}

/// The endpoint in the first of the variables that is set, after `complete` has extended it. The default if none is set or it is invalid.
/// An agent is on this host or on its network, so it never has a proxy.
pub(crate) fn agent(
    variables: &mut Variables<'_>,
    names: &[&str],
    default: &str,
    complete: impl Fn(&str, String) -> String,
) -> Result<Endpoint, InvalidEndpoint> {
    let Some((name, address)) = variables.first(names) else { return default.parse() };
    complete(name, address).parse().or_else(|error: InvalidEndpoint| {
        variables.warn(name, format_args!("is invalid ({error})"), format_args!("using {default}"));
        default.parse()
    })
}
