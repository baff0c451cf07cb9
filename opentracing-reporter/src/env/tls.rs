//! Certificates in files.

#[cfg(feature = "tls")]
use std::path::PathBuf;

use crate::connection::Endpoint;
#[cfg(feature = "tls")]
use crate::connection::{InvalidEndpoint, Tls};
use crate::env::variables::Variables;

const ROOTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"];
const CERTIFICATE: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"];
const KEY: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY"];

/// Without the feature `tls` there is nothing to add.
#[cfg(not(feature = "tls"))]
pub(crate) fn with_certificates(variables: &mut Variables<'_>, endpoint: Endpoint) -> Endpoint {
    for name in [ROOTS, CERTIFICATE, KEY].iter().flatten() {
        if variables.is_set(name) {
            variables.warn(name, "is not supported without the feature tls", "ignoring it");
        }
    }
    endpoint
}

/// Adds the root certificates and the client certificate to the endpoint. An unusable file is ignored.
#[cfg(feature = "tls")]
pub(crate) fn with_certificates(variables: &mut Variables<'_>, endpoint: Endpoint) -> Endpoint {
    let (roots, certificate, key) = (file(variables, &ROOTS), file(variables, &CERTIFICATE), file(variables, &KEY));
    let mut tls = None;
    if let Some((name, path)) = &roots {
        tls = extended(variables, [name, name], tls, |tls| tls.roots_file(path));
    }
    match (certificate, key) {
        (Some((name, certificate)), Some((key_name, key))) => {
            tls = extended(variables, [name, key_name], tls, |tls| tls.client_certificate_files(certificate, key));
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
        // What was given is usable by now, so the operating system has nothing to verify the server with.
        Err(error) => {
            variables.warn(ROOTS[1], format_args!("is not set, and {error}"), "using no certificates");
            endpoint
        }
    }
}

/// A problem of the key is one of the second variable.
#[cfg(feature = "tls")]
fn extended(
    variables: &mut Variables<'_>,
    [name, key_name]: [&str; 2],
    tls: Option<Tls>,
    add: impl FnOnce(Tls) -> Result<Tls, InvalidEndpoint>,
) -> Option<Tls> {
    match add(tls.clone().unwrap_or_default()) {
        Ok(tls) => Some(tls),
        Err(error) => {
            let (name, instead) = match (error.is_of_key(), name == key_name) {
                (_, true) => (name, "ignoring it"),
                (true, false) => (key_name, "using no client certificate"),
                (false, false) => (name, "using no client certificate"),
            };
            variables.warn(name, format_args!("is invalid ({error})"), instead);
            tls
        }
    }
}

#[cfg(feature = "tls")]
fn file<'n>(variables: &mut Variables<'_>, names: &[&'n str]) -> Option<(&'n str, PathBuf)> {
    let (name, path) = variables.first(names)?;
    match std::fs::File::open(&path) {
        Ok(_) => Some((name, path.into())),
        Err(error) => {
            variables.warn(name, format_args!("is {path:?}, which cannot be read ({error})"), "ignoring it");
            None
        }
    }
}
