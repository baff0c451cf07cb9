//! The propagation formats.

use opentracing_core::propagation::{Composite, TraceContext, TraceCorrelation};

use crate::env::variables::Variables;

const DEFAULT: &str = "instana,tracecontext,b3,baggage";

/// The formats that are read and written: those in `OTEL_PROPAGATORS`, else those in `JAEGER_PROPAGATION`, where `w3c` means
/// `tracecontext`. Unknown names are ignored.
pub(crate) fn formats(variables: &mut Variables<'_>) -> Composite {
    // Instana's tracers treat any non-empty value as true.
    let correlation = match variables.is_set("INSTANA_DISABLE_W3C_TRACE_CORRELATION") {
        true => TraceCorrelation::Disabled,
        false => TraceCorrelation::Enabled,
    };
    let (variable, list) = variables
        .first(&["OTEL_PROPAGATORS", "JAEGER_PROPAGATION"])
        .unwrap_or_else(|| ("OTEL_PROPAGATORS", DEFAULT.to_owned()));
    let (mut found, mut seen) = (None, Vec::new());
    for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let name = if name == "w3c" && variable == "JAEGER_PROPAGATION" { "tracecontext" } else { name };
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        match append(found.clone().unwrap_or_else(Composite::empty), name, correlation) {
            Some(composite) => found = Some(composite),
            None => variables.warn(variable, format_args!("has {name:?}, which is not supported"), "ignoring it"),
        }
    }
    found.unwrap_or_else(|| {
        DEFAULT.split(',').fold(Composite::empty(), |composite, name| {
            append(composite.clone(), name, correlation).unwrap_or(composite)
        })
    })
}

fn append(composite: Composite, name: &str, correlation: TraceCorrelation) -> Option<Composite> {
    match name {
        "tracecontext" => Some(composite.with(TraceContext::new().trace_correlation(correlation))),
        name => composite.with_named(name).ok(),
    }
}
