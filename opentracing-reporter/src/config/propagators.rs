//! The propagators.

use opentracing_core::propagation::Composite;

use super::field::{Field, Section, Warnings};
use super::invalid::Problem;

/// The formats in `composite`, then those in `composite_list`, each once. None if there are none (OpenTelemetry: a no-op propagator).
pub(super) fn read(mut propagator: Section<'_>, warnings: &mut Warnings) -> Result<Composite, Problem> {
    let (mut formats, mut seen) = (Composite::empty(), Vec::new());
    let mut add = |name: &str, field: &Field<'_>, problem: String, warnings: &mut Warnings| {
        if seen.iter().any(|known| known == name) {
            return;
        }
        seen.push(name.to_owned());
        // OpenTelemetry's `b3` is a single header.
        match formats.clone().with_named(if name == "b3" { "b3single" } else { name }) {
            Ok(added) => formats = added,
            Err(_) => warnings.add(field, problem, "ignoring it"),
        }
    };
    for item in propagator.items("composite")? {
        let (name, field) = item.only()?;
        add(name, &field, "is not supported".to_owned(), warnings);
        field.section()?.end(warnings);
    }
    if let Some(list) = propagator.get("composite_list") {
        let names = list.text()?.unwrap_or_default();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            add(name, &list, format!("has {name:?}, which is not supported"), warnings);
        }
    }
    propagator.end(warnings);
    Ok(formats)
}
