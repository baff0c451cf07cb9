//! Certificates that are named by files.

use crate::connection::{Endpoint, InvalidEndpoint, Tls};
use crate::env::variables::Variables;

const ROOTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"];
const CERTIFICATE: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"];
const KEY: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY"];

/// The endpoint, with the roots to trust and the certificate to show. A file that cannot be used is left out.
pub(crate) fn with_certificates(variables: &mut Variables<'_>, endpoint: Endpoint) -> Endpoint {
    let (roots, certificate, key) = (file(variables, &ROOTS), file(variables, &CERTIFICATE), file(variables, &KEY));
    let mut tls = None;
    if let Some((name, pem)) = roots {
        tls = used(variables, name, tls, |tls| tls.roots_pem(&pem));
    }
    match (certificate, key) {
        (Some((name, certificate)), Some((_, key))) => {
            tls = used(variables, name, tls, |tls| tls.client_pem(&certificate, &key));
        }
        (Some((name, _)), None) | (None, Some((name, _))) => {
            variables.warn(name, "is set without the other one of certificate and key", "neither is used");
        }
        (None, None) => {}
    }
    let Some(tls) = tls else { return endpoint };
    match endpoint.clone().tls(tls) {
        Ok(endpoint) => endpoint,
        Err(error) => {
            variables.warn(ROOTS[1], format_args!("cannot be used ({error})"), "the system's certificates are used");
            endpoint
        }
    }
}

fn used(
    variables: &mut Variables<'_>,
    name: &str,
    tls: Option<Tls>,
    add: impl FnOnce(Tls) -> Result<Tls, InvalidEndpoint>,
) -> Option<Tls> {
    match add(tls.clone().unwrap_or_default()) {
        Ok(tls) => Some(tls),
        Err(error) => {
            variables.warn(name, format_args!("cannot be used ({error})"), "it is left out");
            tls
        }
    }
}

fn file<'n>(variables: &mut Variables<'_>, names: &[&'n str]) -> Option<(&'n str, Vec<u8>)> {
    let (name, path) = variables.first(names)?;
    match std::fs::read(&path) {
        Ok(bytes) => Some((name, bytes)),
        Err(error) => {
            variables.warn(name, format_args!("is {path:?}, which cannot be read ({error})"), "it is left out");
            None
        }
    }
}
