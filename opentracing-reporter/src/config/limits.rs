//! The limits of spans.

use opentracing_core::Limits;

use super::field::{Field, Section, Warnings};
use super::invalid::Problem;

/// The maximum of a value in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// `attribute_limits`, over the defaults. The count also applies to the fields of a log.
pub(super) fn of_attributes(mut section: Section<'_>, warnings: &mut Warnings) -> Result<Limits, Problem> {
    let mut limits = Limits::default();
    read_common(&mut limits, &mut section, warnings)?;
    limits.log_fields = limits.tags;
    section.end(warnings);
    Ok(limits)
}

/// `tracer_provider.limits`, over those of all attributes.
pub(super) fn of_spans(
    mut limits: Limits,
    mut section: Section<'_>,
    warnings: &mut Warnings,
) -> Result<Limits, Problem> {
    read_common(&mut limits, &mut section, warnings)?;
    count(&mut limits.logs, &mut section, "event_count_limit", warnings)?;
    count(&mut limits.log_fields, &mut section, "event_attribute_count_limit", warnings)?;
    count(&mut limits.references, &mut section, "link_count_limit", warnings)?;
    // A link has one attribute, so any other limit is kept.
    if let Some(field) = section.get("link_attribute_count_limit")
        && field.count(0)? == Some(0)
    {
        warnings.add(&field, "is 0, but a link has the attribute opentracing.ref_type", "writing it");
    }
    section.end(warnings);
    Ok(limits)
}

fn read_common(limits: &mut Limits, section: &mut Section<'_>, warnings: &mut Warnings) -> Result<(), Problem> {
    if let Some(bytes) = up_to(MAX_BYTES, section, "attribute_value_length_limit", warnings)? {
        limits.value_bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    }
    count(&mut limits.tags, section, "attribute_count_limit", warnings)?;
    // Values of tags are not nested, so every limit holds.
    section.read("attribute_value_depth_limit", |field: &Field<'_>| field.count(1))?;
    Ok(())
}

fn count(
    limit: &mut u16,
    section: &mut Section<'_>,
    key: &'static str,
    warnings: &mut Warnings,
) -> Result<(), Problem> {
    if let Some(number) = up_to(u16::MAX.into(), section, key, warnings)? {
        *limit = u16::try_from(number).unwrap_or(u16::MAX);
    }
    Ok(())
}

/// A number, reduced to a maximum with a warning.
fn up_to(
    max: u64,
    section: &mut Section<'_>,
    key: &'static str,
    warnings: &mut Warnings,
) -> Result<Option<u64>, Problem> {
    let Some(field) = section.get(key) else { return Ok(None) };
    let number = field.count(0)?;
    if let Some(number) = number.filter(|number| *number > max) {
        warnings.add(&field, format_args!("is {number}, more than {max}"), format_args!("using {max}"));
    }
    Ok(number.map(|number| number.min(max)))
}
