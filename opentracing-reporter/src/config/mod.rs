//! OpenTelemetry's declarative configuration: a YAML file that describes resource, propagators, limits, sampler and exporters.
//!
//! A value that the schema does not allow makes the whole file invalid. What is unknown, or known but not supported here, is a warning.

mod attributes;
mod document;
mod exporters;
mod field;
mod invalid;
mod limits;
mod otlp;
mod processors;
mod propagators;
mod sampler;
mod substitution;
mod tail_sampling;

use opentracing_core::propagation::Composite;
use opentracing_core::{Limits, OwnedValue};

use self::exporters::Context;
use self::field::{ConfigWarning, Field, Section, Warnings};
pub use self::invalid::InvalidConfigFile;
use self::invalid::Problem;
pub(crate) use self::processors::Processor;
pub(crate) use self::sampler::{FileSampler, RemotePoll};
use self::substitution::Lookup;
use crate::connection::Endpoint;
use crate::otlp::SemanticConventions;
use crate::tail_sampling::TailSettings;

/// What a file says.
pub(crate) struct ConfigFile {
    pub(crate) is_disabled: bool,
    /// The resource, with the service name. Without duplicate keys.
    pub(crate) attributes: Vec<(String, OwnedValue)>,
    pub(crate) formats: Composite,
    pub(crate) limits: Limits,
    pub(crate) sampler: FileSampler,
    pub(crate) processors: Vec<Processor>,
    pub(crate) tail: Option<TailSettings>,
    pub(crate) warnings: Vec<ConfigWarning>,
}

/// Completes an endpoint with a proxy.
pub(crate) type Connect<'a> = &'a mut dyn FnMut(Endpoint) -> Endpoint;

/// Reads a file. Variables replace its references.
pub(crate) fn read(path: &str, variables: Lookup<'_>, connect: Connect<'_>) -> Result<ConfigFile, InvalidConfigFile> {
    let text = std::fs::read_to_string(path).map_err(|error| Problem::unreadable(&error));
    text.and_then(|text| interpret(&text, variables, connect)).map_err(|problem| InvalidConfigFile::new(path, problem))
}

fn interpret(text: &str, variables: Lookup<'_>, connect: Connect<'_>) -> Result<ConfigFile, Problem> {
    let document = document::parse(text, variables)?;
    let mut warnings = Warnings::default();
    let mut root = Field::root(&document).section()?;
    check_version(&root.required("file_format")?)?;
    let is_disabled = root.read("disabled", Field::flag)?.unwrap_or(false);
    let attributes = attributes::read(root.section("resource")?, variables, &mut warnings)?;
    let formats = propagators::read(root.section("propagator")?, &mut warnings)?;
    let mut limits = limits::of_attributes(root.section("attribute_limits")?, &mut warnings)?;
    let conventions = conventions(root.section("instrumentation")?, &mut warnings)?;
    let (mut sampler, mut processors, mut tail) = (FileSampler::default(), Vec::new(), None);
    // Without a tracer provider nothing is recorded.
    if let Some(provider) = root.get("tracer_provider").filter(|provider| !provider.is_null()) {
        let mut provider = provider.section()?;
        limits = limits::of_spans(limits, provider.section("limits")?, &mut warnings)?;
        let mut context = Context { conventions, connect, warnings: &mut warnings };
        let has_sampler = provider.get("sampler").is_some();
        if let Some(field) = provider.get("sampler") {
            sampler = FileSampler::read(&field, &mut context)?;
        }
        processors = processors::read(&provider.required("processors")?, &mut context)?;
        if let Some(field) = provider.get("tail_sampling") {
            tail = Some(tail_sampling::read(field.section()?, &mut warnings)?);
            if !has_sampler {
                sampler = FileSampler::recording();
            }
        }
        check_id_generator(provider.get("id_generator"), &mut warnings)?;
        provider.end(&mut warnings);
    }
    root.end(&mut warnings);
    Ok(ConfigFile { is_disabled, attributes, formats, limits, sampler, processors, tail, warnings: warnings.0 })
}

/// Minor versions only add keys, so an unknown one is read like those that are known.
fn check_version(field: &Field<'_>) -> Result<(), Problem> {
    let text = field.text()?.unwrap_or_default();
    let is_known = text.split_once('.').is_some_and(|(major, minor)| {
        let minor = minor.split('-').next().unwrap_or_default();
        matches!(major, "0" | "1") && !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit())
    });
    match is_known {
        true => Ok(()),
        false => Err(field.invalid(format_args!("is {text:?}, but only versions 0.x and 1.x are supported"))),
    }
}

/// The names of attributes over OTLP, in the form of `OTEL_SEMCONV_STABILITY_OPT_IN`.
fn conventions(mut section: Section<'_>, warnings: &mut Warnings) -> Result<SemanticConventions, Problem> {
    let mut conventions = SemanticConventions::new();
    let mut general = section.section("general")?;
    if let Some(list) = general.get("stability_opt_in_list") {
        let (read, unknown) = SemanticConventions::from_opt_in(list.text()?.unwrap_or_default());
        conventions = read;
        if !unknown.is_empty() {
            let problem = format!("has {:?}, which is not supported", unknown.join(","));
            warnings.add(&list, problem, "ignoring it");
        }
    }
    general.end(warnings);
    section.end(warnings);
    Ok(conventions)
}

fn check_id_generator(field: Option<Field<'_>>, warnings: &mut Warnings) -> Result<(), Problem> {
    if let Some(field) = field {
        let (name, generator) = field.only()?;
        if name != "random" {
            warnings.add(&generator, "is not supported", "using random");
        }
    }
    Ok(())
}
