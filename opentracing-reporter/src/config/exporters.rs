//! The exporters by their names in the file.

use std::time::Duration;

use super::Connect;
use super::field::{Field, Section, Warnings};
use super::invalid::Problem;
use super::otlp;
use crate::connection::{Endpoint, InvalidEndpoint};
use crate::console::Console;
use crate::instana::Instana;
use crate::jaeger::Jaeger;
use crate::otlp::SemanticConventions;
use crate::transport::Transport;
use crate::zipkin::Zipkin;

type Made = Result<Box<dyn Transport>, Problem>;

/// Makes a transport from the keys of an exporter.
type Make = fn(&mut Section<'_>, &mut Context<'_>) -> Made;

/// What exporters need besides their own keys.
pub(super) struct Context<'w> {
    pub(super) conventions: SemanticConventions,
    pub(super) connect: Connect<'w>,
    pub(super) warnings: &'w mut Warnings,
}

impl Context<'_> {
    /// Parses an address.
    pub(super) fn endpoint(&mut self, address: &str) -> Result<Endpoint, InvalidEndpoint> {
        Ok((self.connect)(address.parse()?))
    }
}

/// The first five are OpenTelemetry's. The others are extensions.
const EXPORTERS: [(&str, Make); 7] = [
    ("otlp_http", otlp::http),
    ("otlp_grpc", otlp::grpc),
    ("otlp_file", otlp::file),
    ("console", |_, _| Ok(Box::new(Console::stdout()))),
    ("zipkin", zipkin),
    ("jaeger", jaeger),
    ("instana", instana),
];

/// The transport of `exporter`. None if it is not supported.
pub(super) fn exporter(field: &Field<'_>, context: &mut Context<'_>) -> Result<Option<Box<dyn Transport>>, Problem> {
    let (name, field) = field.only()?;
    let Some((_, make)) = EXPORTERS.iter().find(|(known, _)| *known == name) else {
        context.warnings.unsupported(&field);
        return Ok(None);
    };
    let mut keys = field.section()?;
    let transport = make(&mut keys, context)?;
    keys.end(context.warnings);
    Ok(Some(transport))
}

/// The address in `endpoint`, with a default. The closure makes something of it.
pub(super) fn at_endpoint<T>(
    keys: &mut Section<'_>,
    default: &str,
    make: impl FnOnce(&str) -> Result<T, InvalidEndpoint>,
) -> Result<T, Problem> {
    let field = keys.get("endpoint");
    let address = field.as_ref().map_or(Ok(None), Field::text)?;
    make(address.unwrap_or(default))
        .map_err(|error| field.as_ref().unwrap_or(&keys.field).invalid(format_args!("is invalid ({error})")))
}

/// The time-out of a request in milliseconds. Zero is none.
pub(super) fn timeout(keys: &mut Section<'_>) -> Result<Option<Duration>, Problem> {
    Ok(keys.read("timeout", |field| field.count(0))?.map(Duration::from_millis))
}

fn zipkin(keys: &mut Section<'_>, context: &mut Context<'_>) -> Made {
    let zipkin =
        at_endpoint(keys, "http://127.0.0.1:9411/api/v2/spans", |address| Zipkin::new(context.endpoint(address)?))?;
    Ok(Box::new(match timeout(keys)? {
        Some(timeout) => zipkin.timeout(timeout),
        None => zipkin,
    }))
}

/// `endpoint` is a collector, or an agent in the form `udp://127.0.0.1:6831`.
fn jaeger(keys: &mut Section<'_>, context: &mut Context<'_>) -> Made {
    let jaeger =
        at_endpoint(keys, "http://127.0.0.1:14268/api/traces", |address| match address.strip_prefix("udp://") {
            Some(agent) => Jaeger::udp(agent),
            None => Jaeger::http(context.endpoint(address)?),
        })?;
    Ok(Box::new(match timeout(keys)? {
        Some(timeout) => jaeger.timeout(timeout),
        None => jaeger,
    }))
}

/// `endpoint` with `agent_key` is Instana's serverless endpoint, without one an agent. Without both it is the agent of this host.
fn instana(keys: &mut Section<'_>, context: &mut Context<'_>) -> Made {
    let key = keys.text("agent_key")?;
    let instana = match (keys.get("endpoint").is_some_and(|field| !field.is_null()), key) {
        (true, Some(key)) => at_endpoint(keys, "", |url| Instana::serverless(context.endpoint(url)?, key))?,
        (true, None) => at_endpoint(keys, "", |url| Instana::agent(Endpoint::try_from(url)?))?,
        (false, None) => Instana::new(),
        (false, Some(_)) => return Err(keys.field.invalid("has an agent_key without an endpoint")),
    };
    Ok(Box::new(match timeout(keys)? {
        Some(timeout) => instana.timeout(timeout),
        None => instana,
    }))
}
