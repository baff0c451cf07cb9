//! OpenTelemetry's variable for older names of attributes.

use opentracing_core::SpanKind;
use opentracing_reporter::EnvConfig;

use crate::support::collector::Collector;
use crate::support::transports::PATIENCE;

#[test]
fn otlp_has_the_names_that_are_opted_into() {
    let rows = [
        ("", "", &["http.request.method"][..]),
        ("http/dup", "", &["http.method", "http.request.method"]),
        ("rpc, http/old", "", &["http.method"]),
        (
            "http/dup,htpp",
            "OTEL_SEMCONV_STABILITY_OPT_IN has the unknown entry \"htpp\": ignoring it",
            &["http.method", "http.request.method"],
        ),
    ];
    for (opt_in, warning, expected) in rows {
        let collector = Collector::start([]).expect("a port is free");
        let url = collector.url();
        let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OTEL_SEMCONV_STABILITY_OPT_IN", opt_in)];
        let read =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let config = EnvConfig::new(&read);
        let warnings: Vec<_> = config.warnings().iter().map(ToString::to_string).collect();
        assert_eq!(warnings.join("; "), warning, "{opt_in:?}");
        let (tracer, guard) = config.start().expect("it starts");
        tracer.span("GET").kind(SpanKind::Client).tag("http.method", "GET").start().finish();
        assert_eq!(guard.close(PATIENCE), Ok(()));
        let body = collector.next().body;
        let contains = |name: &&str| body.windows(name.len()).any(|bytes| bytes == name.as_bytes());
        let names: Vec<_> = ["http.method", "http.request.method"].into_iter().filter(contains).collect();
        assert_eq!(names, expected, "{opt_in:?}");
    }
}
