//! Addresses of servers, with a standard one for those that cannot be used.

use crate::connection::{Endpoint, InvalidEndpoint};
use crate::env::variables::Variables;

/// The address that a variable holds, completed by `make`; or else the standard one, which is known to be an address.
pub(crate) fn endpoint(
    variables: &mut Variables<'_>,
    names: &[&str],
    standard: &str,
    complete: impl Fn(&str, String) -> String,
) -> Result<Endpoint, InvalidEndpoint> {
    let Some((name, address)) = variables.first(names) else { return standard.parse() };
    complete(name, address).parse().or_else(|error: InvalidEndpoint| {
        variables.warn(name, format_args!("cannot be used ({error})"), format_args!("{standard} is used"));
        standard.parse()
    })
}
