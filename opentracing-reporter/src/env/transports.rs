//! The transports.

use crate::connection::InvalidEndpoint;
use crate::console::Console;
use crate::env::instana::instana;
use crate::env::jaeger::jaeger;
use crate::env::otlp::otlp;
use crate::env::variables::Variables;
use crate::env::zipkin::zipkin;
use crate::transport::Transport;

const EXPORTER: &str = "OTEL_TRACES_EXPORTER";

type TransportResult = Result<Box<dyn Transport>, InvalidEndpoint>;

/// The transports in `OTEL_TRACES_EXPORTER`. Without it, the one whose address is set.
pub(crate) fn transports(variables: &mut Variables<'_>) -> Vec<Box<dyn Transport>> {
    let made = match variables.get(EXPORTER) {
        Some(list) => named(variables, &list),
        None => vec![by_address(variables)],
    };
    let mut transports = Vec::new();
    for made in made {
        match made {
            Ok(transport) => transports.push(transport),
            Err(error) => {
                variables.warn(EXPORTER, format_args!("has an invalid endpoint ({error})"), "ignoring it");
            }
        }
    }
    transports
}

fn named(variables: &mut Variables<'_>, list: &str) -> Vec<TransportResult> {
    let (mut found, mut is_none) = (Vec::new(), false);
    for name in list.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()) {
        let made: TransportResult = match &*name {
            "otlp" => otlp(variables),
            "zipkin" => zipkin(variables),
            "jaeger" => jaeger(variables),
            "instana" => instana(variables),
            "console" => Ok(Box::new(Console::stdout())),
            "none" => {
                is_none = true;
                continue;
            }
            _ => {
                variables.warn(EXPORTER, format_args!("has {name:?}, which is not supported"), "ignoring it");
                continue;
            }
        };
        found.push(made);
    }
    if found.is_empty() && !is_none {
        variables.warn(EXPORTER, "names no supported exporter", "using otlp");
        found.push(otlp(variables));
    }
    found
}

/// Instana if one of its addresses is set, else Jaeger if one of its addresses is set, else OTLP.
fn by_address(variables: &mut Variables<'_>) -> TransportResult {
    if variables.is_set("INSTANA_ENDPOINT_URL") || variables.is_set("INSTANA_AGENT_HOST") {
        instana(variables)
    } else if variables.is_set("JAEGER_ENDPOINT") || variables.is_set("JAEGER_AGENT_HOST") {
        jaeger(variables)
    } else {
        otlp(variables)
    }
}
