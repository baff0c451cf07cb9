//! The resource: attributes in the file, in a list, and from detectors.

use opentracing_core::OwnedValue;
use opentracing_core::encoding::decode_percent_strict;

use super::field::{Field, Section, Warnings};
use super::invalid::Problem;
use super::substitution::Lookup;
use crate::wire::pairs;

type Attributes = Vec<(String, OwnedValue)>;

/// The attributes, without duplicate keys: `attributes` win over `attributes_list`, and both over detectors.
pub(super) fn read(
    mut resource: Section<'_>,
    variables: Lookup<'_>,
    warnings: &mut Warnings,
) -> Result<Attributes, Problem> {
    let mut attributes = Attributes::new();
    for item in resource.items("attributes")? {
        let mut entry = item.section()?;
        let (name, value, kind) = (entry.required("name")?, entry.required("value")?, entry.text("type")?);
        entry.end(warnings);
        let name = name.text()?.ok_or_else(|| name.invalid("is empty"))?;
        if let Some(value) = typed(&value, kind, warnings)? {
            add(&mut attributes, name, value);
        }
    }
    if let Some(list) = resource.get("attributes_list") {
        // As in `OTEL_RESOURCE_ATTRIBUTES`, an `=` in a value is percent-encoded.
        let text = list.text()?.unwrap_or_default();
        if text.split(',').any(|pair| pair.matches('=').count() > 1) {
            return Err(list.invalid("has an = in a value, which must be written as %3D"));
        }
        for (key, value) in decoded_pairs(&list)? {
            add(&mut attributes, &key, OwnedValue::Str(value.into()));
        }
    }
    detect(resource.section("detection")?, variables, &mut attributes, warnings)?;
    resource.end(warnings);
    Ok(attributes)
}

fn add(attributes: &mut Attributes, key: &str, value: OwnedValue) {
    if !attributes.iter().any(|(known, _)| known == key) {
        attributes.push((key.to_owned(), value));
    }
}

/// A value of this type, a text if it has none.
fn typed(field: &Field<'_>, kind: Option<&str>, warnings: &mut Warnings) -> Result<Option<OwnedValue>, Problem> {
    if field.is_list() {
        warnings.add(field, "is a list, which a tag cannot hold", "ignoring it");
        return Ok(None);
    }
    Ok(match kind {
        None | Some("string") => field.text()?.map(|text| OwnedValue::Str(text.into())),
        Some("bool") => field.flag()?.map(OwnedValue::Bool),
        Some("int") => field.integer()?.map(OwnedValue::I64),
        Some("double") => field.number()?.map(OwnedValue::F64),
        Some(kind) => return Err(field.invalid(format_args!("has the type {kind:?}, which is unknown"))),
    })
}

/// Comma-separated `key=value` pairs with percent-encoded values. The error omits them, since they may be secret.
pub(super) fn decoded_pairs(field: &Field<'_>) -> Result<Vec<(String, String)>, Problem> {
    let decoded = pairs(field.text()?.unwrap_or_default()).and_then(|pairs| {
        pairs
            .into_iter()
            .map(|(key, value)| Some((decode_percent_strict(key)?, decode_percent_strict(value)?)))
            .collect()
    });
    decoded.ok_or_else(|| field.invalid("is not a list of key=value"))
}

#[cfg(feature = "resource-detectors")]
fn detect(
    mut detection: Section<'_>,
    variables: Lookup<'_>,
    attributes: &mut Attributes,
    warnings: &mut Warnings,
) -> Result<(), Problem> {
    use crate::resource::{Detector, Detectors};
    let mut detectors = Vec::new();
    for item in detection.items("detectors")? {
        let (name, field) = item.only()?;
        match name {
            "container" => detectors.push(Detector::Container),
            "host" => detectors.extend([Detector::Host, Detector::Os]),
            "kubernetes" => detectors.push(Detector::Kubernetes),
            "os" => detectors.push(Detector::Os),
            "process" => detectors.push(Detector::Process),
            "service" => detectors.push(Detector::Service),
            _ => {
                warnings.unsupported(&field);
                continue;
            }
        }
        field.section()?.end(warnings);
    }
    let mut filter = detection.section("attributes")?;
    let patterns = |list: Vec<Field<'_>>| -> Result<Vec<String>, Problem> {
        list.iter().map(|field| Ok(field.text()?.unwrap_or_default().to_owned())).collect()
    };
    let (included, excluded) = (patterns(filter.items("included")?)?, patterns(filter.items("excluded")?)?);
    filter.end(warnings);
    detection.end(warnings);
    let matches = |patterns: &[String], key: &str| patterns.iter().any(|pattern| is_match(pattern, key));
    let detected = Detectors::new(detectors)
        .detect_with(variables)
        .filter(|key| (included.is_empty() || matches(&included, key)) && !matches(&excluded, key));
    detected.iter().for_each(|(key, value)| add(attributes, key, value.into()));
    Ok(())
}

#[cfg(not(feature = "resource-detectors"))]
fn detect(
    mut detection: Section<'_>,
    _: Lookup<'_>,
    _: &mut Attributes,
    warnings: &mut Warnings,
) -> Result<(), Problem> {
    for item in detection.items("detectors")? {
        let (_, field) = item.only()?;
        warnings.add(&field, "needs the feature resource-detectors", "ignoring it");
    }
    detection.get("attributes");
    detection.end(warnings);
    Ok(())
}

/// Whether the text matches, where `*` stands for any characters and `?` for one.
#[cfg(feature = "resource-detectors")]
fn is_match(pattern: &str, text: &str) -> bool {
    let mut rest = text.chars();
    let mut pattern = pattern.chars();
    while let Some(expected) = pattern.next() {
        match expected {
            '*' => {
                let after = pattern.as_str();
                let mut suffixes = std::iter::successors(Some(rest.as_str()), |suffix| {
                    let mut chars = suffix.chars();
                    chars.next().map(|_| chars.as_str())
                });
                return suffixes.any(|suffix| is_match(after, suffix));
            }
            '?' if rest.next().is_some() => {}
            expected if rest.next() == Some(expected) => {}
            _ => return false,
        }
    }
    rest.as_str().is_empty()
}
