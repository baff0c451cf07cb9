//! The exporters over OTLP.

#[cfg(feature = "tls")]
use std::path::Path;

use opentracing_core::encoding::decode_percent_strict;

use super::attributes::decoded_pairs;
use super::exporters::{Context, at_endpoint, timeout};
use super::field::{Field, Section, Warnings};
use super::invalid::Problem;
use crate::connection::Endpoint;
#[cfg(feature = "tls")]
use crate::connection::{InvalidEndpoint, Tls};
use crate::otlp::{Otlp, OtlpFile};
use crate::transport::Transport;

/// `otlp_http`. The address is used as it is, except that a socket has a default path.
pub(super) fn http(keys: &mut Section<'_>, context: &mut Context<'_>) -> Result<Box<dyn Transport>, Problem> {
    let endpoint = at_endpoint(keys, "http://127.0.0.1:4318/v1/traces", |address| context.endpoint(address))?;
    let mut is_json = false;
    if let Some(encoding) = keys.get("encoding") {
        match encoding.text()? {
            None | Some("protobuf") => {}
            Some("json") => is_json = true,
            Some(name) => {
                context.warnings.add(&encoding, format_args!("is {name:?}, which is not supported"), "using protobuf");
            }
        }
    }
    let endpoint = with_headers(keys, endpoint)?;
    let endpoint = with_tls(keys, endpoint, context.warnings)?;
    let otlp = match endpoint.socket {
        Some(_) => Otlp::http(endpoint).map_err(|error| keys.field.invalid(error))?,
        None => Otlp::http_as_is(endpoint),
    };
    with_settings(keys, if is_json { otlp.json() } else { otlp }, context)
}

/// `otlp_file`: lines of JSON on standard output, or in a file.
pub(super) fn file(keys: &mut Section<'_>, context: &mut Context<'_>) -> Result<Box<dyn Transport>, Problem> {
    let stream = keys.get("output_stream");
    let file = match stream.as_ref().map_or(Ok(None), Field::text)? {
        None | Some("stdout") => OtlpFile::stdout(),
        Some(address) => {
            let stream = stream.as_ref().unwrap_or(&keys.field);
            let path = address.strip_prefix("file://").filter(|path| path.starts_with('/'));
            let Some(path) = path.and_then(decode_percent_strict) else {
                return Err(stream.invalid(format_args!("is {address:?}, neither stdout nor file:///path")));
            };
            OtlpFile::append(path).map_err(|error| stream.invalid(format_args!("cannot be written ({error})")))?
        }
    };
    Ok(Box::new(file.semantic_conventions(context.conventions)))
}

/// `otlp_grpc`. An address without a scheme is encrypted unless it is said to be insecure.
pub(super) fn grpc(keys: &mut Section<'_>, context: &mut Context<'_>) -> Result<Box<dyn Transport>, Problem> {
    // Version 0.x has the key beside the address.
    let mut tls = keys.section("tls")?;
    let is_insecure = match tls.read("insecure", Field::flag)? {
        Some(insecure) => insecure,
        None => keys.read("insecure", Field::flag)?.unwrap_or(false),
    };
    let endpoint = at_endpoint(keys, "http://127.0.0.1:4317", |address| {
        let has_scheme = address.contains("://") || address.starts_with("unix:");
        match (has_scheme, is_insecure) {
            (true, _) => context.endpoint(address),
            (false, true) => context.endpoint(&format!("http://{address}")),
            (false, false) => context.endpoint(&format!("https://{address}")),
        }
    })?;
    let endpoint = with_headers(keys, endpoint)?;
    let endpoint = with_tls(keys, endpoint, context.warnings)?;
    let otlp = Otlp::grpc(endpoint).map_err(|error| keys.field.invalid(error))?;
    with_settings(keys, otlp, context)
}

/// Headers in `headers` win over those in `headers_list`. Errors omit the values, which may be secret.
fn with_headers(keys: &mut Section<'_>, mut endpoint: Endpoint) -> Result<Endpoint, Problem> {
    if let Some(list) = keys.get("headers_list") {
        for (name, value) in decoded_pairs(&list)? {
            endpoint =
                endpoint.header(&name, &value).map_err(|error| list.invalid(format_args!("is invalid: {error}")))?;
        }
    }
    for item in keys.items("headers")? {
        let mut entry = item.section()?;
        let (name, value) = (entry.required("name")?, entry.required("value")?);
        let name = name.text()?.unwrap_or_default();
        if let Some(value) = value.text()? {
            endpoint =
                endpoint.header(name, value).map_err(|error| item.invalid(format_args!("is invalid: {error}")))?;
        }
    }
    Ok(endpoint)
}

fn with_settings(keys: &mut Section<'_>, otlp: Otlp, context: &mut Context<'_>) -> Result<Box<dyn Transport>, Problem> {
    let mut otlp = otlp.semantic_conventions(context.conventions);
    if let Some(compression) = keys.get("compression") {
        match compression.text()? {
            None | Some("none") => {}
            Some("gzip") => otlp = otlp.gzip(),
            Some(name) => {
                context.warnings.add(&compression, format_args!("is {name:?}, which is not supported"), "using none");
            }
        }
    }
    if let Some(timeout) = timeout(keys)? {
        otlp = otlp.timeout(timeout);
    }
    match keys.read("max_request_size", |field| field.count(0))? {
        None => {}
        Some(0) => otlp = otlp.max_request_bytes(usize::MAX),
        Some(bytes) => otlp = otlp.max_request_bytes(usize::try_from(bytes).unwrap_or(usize::MAX)),
    }
    Ok(Box::new(otlp))
}

/// Keys of the certificates: in `tls`, and beside the address as in version 0.x.
const FILES: [(&str, &str); 3] =
    [("ca_file", "certificate_file"), ("cert_file", "client_certificate_file"), ("key_file", "client_key_file")];

#[cfg(feature = "tls")]
fn with_tls(keys: &mut Section<'_>, endpoint: Endpoint, warnings: &mut Warnings) -> Result<Endpoint, Problem> {
    let mut section = keys.section("tls")?;
    let files = FILES.map(|(key, older)| section.get(key).or_else(|| keys.get(older)).filter(|file| !file.is_null()));
    // Read with the address.
    section.get("insecure");
    section.end(warnings);
    if files.iter().all(Option::is_none) {
        return Ok(endpoint);
    }
    let path = |file: &Field<'_>| {
        let path = Path::new(file.text()?.unwrap_or_default());
        match path.is_absolute() {
            true => Ok(path.to_owned()),
            false => Err(file.invalid(format_args!("is {}, not an absolute path", path.display()))),
        }
    };
    let invalid = |file: &Field<'_>, error: InvalidEndpoint| file.invalid(format_args!("is invalid ({error})"));
    let mut tls = Tls::new();
    let [roots, certificate, key] = &files;
    if let Some(roots) = roots {
        tls = tls.roots_file(path(roots)?).map_err(|error| invalid(roots, error))?;
    }
    match (certificate, key) {
        (Some(certificate), Some(key)) => {
            let added = tls.client_certificate_files(path(certificate)?, path(key)?);
            tls = added.map_err(|error| invalid(if error.is_of_key() { key } else { certificate }, error))?;
        }
        (Some(alone), None) => return Err(alone.invalid("is set without key_file")),
        (None, Some(alone)) => return Err(alone.invalid("is set without cert_file")),
        (None, None) => {}
    }
    endpoint.tls(tls).map_err(|error| keys.field.invalid(format_args!("has invalid certificates ({error})")))
}

#[cfg(not(feature = "tls"))]
fn with_tls(keys: &mut Section<'_>, endpoint: Endpoint, warnings: &mut Warnings) -> Result<Endpoint, Problem> {
    let mut section = keys.section("tls")?;
    for (key, older) in FILES {
        if let Some(file) = section.get(key).or_else(|| keys.get(older)).filter(|file| !file.is_null()) {
            warnings.add(&file, "needs the feature tls", "ignoring it");
        }
    }
    section.get("insecure");
    section.end(warnings);
    Ok(endpoint)
}
