//! The propagation formats.

use opentracing_core::propagation::{
    Composite, GoogleCloud, RandomFlag, TraceContext, TraceCorrelation, UnsampledParent, XRay,
};

use crate::env::variables::Variables;

const DEFAULT: &str = "instana,tracecontext,b3,baggage";

/// The formats that are read and written: those in `OTEL_PROPAGATORS`, else those in `JAEGER_PROPAGATION`, where `w3c` means
/// `tracecontext`, else those in `DD_TRACE_PROPAGATION_STYLE`. Unknown names are ignored.
pub(crate) fn formats(variables: &mut Variables<'_>) -> Composite {
    let settings = Settings::read(variables);
    let chosen = variables.first(&["OTEL_PROPAGATORS", "JAEGER_PROPAGATION", DATADOG]);
    chosen.and_then(|(variable, list)| settings.read_list(variables, variable, &list)).unwrap_or_else(|| {
        DEFAULT
            .split(',')
            .fold(Composite::empty(), |composite, name| settings.append(composite.clone(), name).unwrap_or(composite))
    })
}

/// The formats of messages alone, if there are any. As in OpenTelemetry's variable, `b3` is a single header, which it is on messages in any
/// case.
pub(crate) fn message_formats(variables: &mut Variables<'_>) -> Option<Composite> {
    let list = variables.get(MESSAGES)?;
    Settings::read(variables).read_list(variables, MESSAGES, &list)
}

/// The topics, queues and exchanges whose messages get no context, as patterns.
pub(crate) fn without_message_context(variables: &Variables<'_>) -> Vec<String> {
    let list = variables.get("OPENTRACING_WITHOUT_MESSAGE_CONTEXT").unwrap_or_default();
    list.split(',').map(str::trim).filter(|pattern| !pattern.is_empty()).map(str::to_owned).collect()
}

const MESSAGES: &str = "OPENTRACING_MESSAGE_PROPAGATORS";
const DATADOG: &str = "DD_TRACE_PROPAGATION_STYLE";
/// Datadog's names, in any letter case, and ours.
const DATADOG_NAMES: [(&str, &str); 7] = [
    ("datadog", "datadog"),
    ("tracecontext", "tracecontext"),
    ("baggage", "baggage"),
    ("b3", "b3single"),
    ("b3 single header", "b3single"),
    ("b3multi", "b3multi"),
    ("none", "none"),
];

/// OpenTelemetry's `b3` is a single header, that of Jaeger's clients several ones.
fn meaning<'a>(variable: &str, name: &'a str) -> &'a str {
    match (variable, name) {
        ("OTEL_PROPAGATORS" | MESSAGES, "b3") => "b3single",
        ("JAEGER_PROPAGATION", "w3c") => "tracecontext",
        (DATADOG, name) => {
            let known = DATADOG_NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            known.map_or(name, |(_, name)| name)
        }
        _ => name,
    }
}

struct Settings {
    correlation: TraceCorrelation,
    unsampled: UnsampledParent,
    random_flag: RandomFlag,
}

impl Settings {
    fn read(variables: &mut Variables<'_>) -> Self {
        // Instana's tracers treat any non-empty value as true.
        let names = ["INSTANA_DISABLE_W3C_TRACE_CORRELATION", "INSTANA_TRACING_DISABLE_W3C_CORRELATION"];
        let correlation = match variables.first(&names).is_some() {
            true => TraceCorrelation::Disabled,
            false => TraceCorrelation::Enabled,
        };
        let unsampled = match variables.is_second("OPENTRACING_UNSAMPLED_PARENT", ["honor", "defer"]) {
            true => UnsampledParent::Defer,
            false => UnsampledParent::Honor,
        };
        let random_flag = match variables.is_second("OPENTRACING_RANDOM_FLAG", ["received", "always"]) {
            true => RandomFlag::Always,
            false => RandomFlag::Received,
        };
        Settings { correlation, unsampled, random_flag }
    }

    /// Reads a list of names. Unknown ones are ignored; `None` if there is no other.
    fn read_list(&self, variables: &mut Variables<'_>, variable: &'static str, list: &str) -> Option<Composite> {
        let (mut found, mut seen) = (None, Vec::new());
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            match self.append(found.clone().unwrap_or_else(Composite::empty), meaning(variable, name)) {
                Some(composite) => found = Some(composite),
                None => variables.warn(variable, format_args!("has {name:?}, which is not supported"), "ignoring it"),
            }
        }
        found
    }

    fn append(&self, composite: Composite, name: &str) -> Option<Composite> {
        match name {
            "tracecontext" => {
                let format = TraceContext::new().trace_correlation(self.correlation).unsampled_parent(self.unsampled);
                Some(composite.with(format.random_flag(self.random_flag)))
            }
            "gcp" => Some(composite.with(GoogleCloud::new().unsampled_parent(self.unsampled))),
            "xray" => Some(composite.with(XRay::new().unsampled_parent(self.unsampled))),
            name => composite.with_named(name).ok(),
        }
    }
}
