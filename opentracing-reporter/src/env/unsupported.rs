//! Variables of other tracers that are known here and have no effect.
//!
//! `tests/data/environment.txt` and `docs/environment.md` list them too, with the same reasons.

use crate::env::variables::Variables;

/// Adds one warning for each of these variables that is set to more than the default. The names are those of all variables, if they are
/// known.
pub(crate) fn warn(variables: &mut Variables<'_>, names: &[String]) {
    let mut families: Vec<_> = names.iter().filter(|name| name.starts_with(FILTERS)).collect();
    families.sort();
    for name in families {
        variables.warn(name, "is not supported", "use skip of the adapters");
    }
    for (names, reason, harmless) in UNSUPPORTED {
        for name in *names {
            let value = variables.get(name);
            if value.is_some_and(|value| !harmless.iter().any(|other| value.eq_ignore_ascii_case(other))) {
                variables.warn(name, "is not supported", reason);
            }
        }
    }
}

/// Names, what to do instead, and the values that need no warning, since they ask for what is done anyway.
type Unsupported = (&'static [&'static str], &'static str, &'static [&'static str]);

/// The name continues with that of a filter.
const FILTERS: &str = "INSTANA_TRACING_FILTER_";
const OFF: &[&str] = &["false", "0"];

const UNSUPPORTED: &[Unsupported] = &[
    (&["OTEL_ENTITIES"], "describe the process in OTEL_RESOURCE_ATTRIBUTES", &[]),
    (&["OTEL_LOG_LEVEL"], "the logger of the program sets the level", &["info"]),
    (&["OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"], "use known_method of the HTTP adapters", &[]),
    (&["OTEL_EXPORTER_ZIPKIN_PROTOCOL"], "spans are sent as JSON of version 2", &["http/json"]),
    (&["JAEGER_REPORTER_LOG_SPANS"], "add console to OTEL_TRACES_EXPORTER", OFF),
    (&["JAEGER_RPC_METRICS"], "use TracerBuilder::red", OFF),
    (&["JAEGER_REPORTER_ATTEMPT_RECONNECTING_DISABLED"], "the agent's name is looked up every 30 seconds", OFF),
    (
        &["JAEGER_REPORTER_ATTEMPT_RECONNECT_INTERVAL"],
        "the agent's name is looked up every 30 seconds",
        &["30s", "30000"],
    ),
    (&["JAEGER_SENDER_FACTORY"], "the transport follows from JAEGER_ENDPOINT and JAEGER_AGENT_HOST", &[]),
    (
        &["JAEGER_GRPC_TARGET", "JAEGER_GRPC_ROOT_CERTIFICATE", "JAEGER_GRPC_CLIENT_CHAIN", "JAEGER_GRPC_CLIENT_KEY"],
        "use OTEL_EXPORTER_OTLP_ENDPOINT, since Jaeger accepts OTLP",
        &[],
    ),
    (&["INSTANA_ZONE"], "the zone is not sent; use INSTANA_TAGS", &[]),
    (&["INSTANA_EXTRA_HTTP_HEADERS"], "use HeaderTags of the adapters", &[]),
    (&["INSTANA_LOG_LEVEL", "INSTANA_DEBUG"], "the logger of the program sets the level", &["info", "false"]),
    (&["INSTANA_CONFIG_PATH"], "no configuration file is read", &[]),
    (&["INSTANA_IGNORE_ENDPOINTS", "INSTANA_IGNORE_ENDPOINTS_PATH"], "use skip of the adapters", &[]),
    (&["INSTANA_STACK_TRACE", "INSTANA_STACK_TRACE_LENGTH"], "no stack traces are recorded", &["none", "0"]),
    (&["INSTANA_KAFKA_HEADER_FORMAT"], "the headers are strings", &["string"]),
    (&["INSTANA_TRACING_CAPTURE_LOG_LEVEL"], "logs of WARN and above become log spans", &["warn"]),
    (&["INSTANA_TRACING_HTTP_EXIT_CLASSIFY_ALL_4XX_AS_ERRORS"], "use error_statuses of the HTTP clients", OFF),
    (
        &["INSTANA_TRACING_DISABLE_W3C_PROPAGATION", "INSTANA_TRACING_DISABLE_W3C"],
        "use OTEL_PROPAGATORS without tracecontext",
        OFF,
    ),
    (&["INSTANA_SPANBATCHING_ENABLED"], "every span is sent on its own", OFF),
    (&["INSTANA_PROCESS_NAME"], "use INSTANA_SERVICE_NAME", &[]),
    (&["DD_TRACE_SAMPLING_RULES"], "use RuleSampler, or DD_TRACE_SAMPLE_RATE", &["[]"]),
    (&["DD_TRACE_RATE_LIMIT"], "the number of traces per second has no limit", &[]),
    (
        &["DD_TRACE_PROPAGATION_STYLE_EXTRACT", "DD_TRACE_PROPAGATION_STYLE_INJECT"],
        "use DD_TRACE_PROPAGATION_STYLE, or Composite",
        &[],
    ),
    (&["DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED"], "use JAEGER_TRACEID_128BIT", &["true", "1"]),
    (&["DD_TRACE_HEADER_TAGS"], "use HeaderTags of the adapters", &[]),
    (&["DD_TRACE_DEBUG", "DD_TRACE_LOG_LEVEL"], "the logger of the program sets the level", &["info", "false", "0"]),
    (&["DD_LOGS_INJECTION"], "logs are not changed", OFF),
    (&["DD_SERVICE_MAPPING"], "use peer_services of the HTTP clients", &[]),
    (&["DD_TRACE_OBFUSCATION_QUERY_STRING_REGEXP"], "use INSTANA_SECRETS or Secrets", &[]),
];
