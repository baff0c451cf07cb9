//! Certificates in files.

use crate::connection::{Endpoint, InvalidEndpoint, Tls};
use crate::env::variables::Variables;

const ROOTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"];
const CERTIFICATE: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"];
const KEY: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY"];

/// Adds the root certificates and the client certificate to the endpoint. An unusable file is ignored.
pub(crate) fn with_certificates(variables: &mut Variables<'_>, endpoint: Endpoint) -> Endpoint {
    let (roots, certificate, key) = (file(variables, &ROOTS), file(variables, &CERTIFICATE), file(variables, &KEY));
    let mut tls = None;
    if let Some((name, pem)) = roots {
        tls = extended(variables, name, tls, |tls| tls.roots_pem(&pem));
    }
    match (certificate, key) {
        (Some((name, certificate)), Some((_, key))) => {
            tls = extended(variables, name, tls, |tls| tls.client_certificate_pem(&certificate, &key));
        }
        (Some((name, _)), None) => variables.warn(name, format_args!("is set without {}", KEY[1]), "using neither"),
        (None, Some((name, _))) => {
            variables.warn(name, format_args!("is set without {}", CERTIFICATE[1]), "using neither");
        }
        (None, None) => {}
    }
    let Some(tls) = tls else { return endpoint };
    match endpoint.clone().tls(tls) {
        Ok(endpoint) => endpoint,
        Err(error) => {
            variables.warn(
                ROOTS[1],
                format_args!("is invalid ({error})"),
                "using the certificates of the operating system",
            );
            endpoint
        }
    }
}

fn extended(
    variables: &mut Variables<'_>,
    name: &str,
    tls: Option<Tls>,
    add: impl FnOnce(Tls) -> Result<Tls, InvalidEndpoint>,
) -> Option<Tls> {
    match add(tls.clone().unwrap_or_default()) {
        Ok(tls) => Some(tls),
        Err(error) => {
            variables.warn(name, format_args!("is invalid ({error})"), "ignoring it");
            tls
        }
    }
}

fn file<'n>(variables: &mut Variables<'_>, names: &[&'n str]) -> Option<(&'n str, Vec<u8>)> {
    let (name, path) = variables.first(names)?;
    match std::fs::read(&path) {
        Ok(bytes) => Some((name, bytes)),
        Err(error) => {
            variables.warn(name, format_args!("is {path:?}, which cannot be read ({error})"), "ignoring it");
            None
        }
    }
}
