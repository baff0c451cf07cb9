//! The variables of Datadog's tracers.

use opentracing_core::Tracer;

use super::{LONG, check_warnings, read};
use crate::support::collector::{Collector, Got, Reply};

/// What an agent at `HOST`, `PORT` or `URL` receives, which answers with a rate of zero.
fn sent(variables: &[(&str, &str)], record: impl FnOnce(&Tracer)) -> Vec<Got> {
    const ANSWER: &str = r#"{"rate_by_service":{"service:,env:":0}}"#;
    let reply = || Reply::Say("200 OK", &["content-type: application/json"], ANSWER.as_bytes().to_vec());
    let agent = Collector::deciding(move |_| reply()).expect("a port");
    let (url, port) = (agent.url(), agent.address().port().to_string());
    let value = |text: &str| text.replace("URL", &url).replace("HOST", "127.0.0.1").replace("PORT", &port);
    let variables: Vec<_> = variables.iter().map(|(name, text)| (*name, value(text))).collect();
    let variables: Vec<_> = variables.iter().map(|(name, text)| (*name, &**text)).collect();
    let read = read(&variables);
    assert_eq!(read.warnings(), []);
    let (tracer, guard) = read.start().expect("a thread");
    record(&tracer);
    assert_eq!(guard.close(LONG), Ok(()));
    agent.all()
}

fn one(tracer: &Tracer) {
    tracer.span("work").start().finish();
}

#[test]
fn the_agent_is_found_by_its_variables() {
    #[track_caller]
    fn check(variables: &[(&str, &str)]) {
        let lines: Vec<_> = sent(variables, one).into_iter().map(|got| got.line).collect();
        assert_eq!(lines, ["PUT /v0.4/traces HTTP/1.1"], "{variables:?}");
    }
    const HOST: (&str, &str) = ("DD_AGENT_HOST", "HOST");
    const PORT: (&str, &str) = ("DD_TRACE_AGENT_PORT", "PORT");
    const URL: (&str, &str) = ("DD_TRACE_AGENT_URL", "URL");
    check(&[HOST, PORT]);
    check(&[URL]);
    check(&[URL, ("DD_AGENT_HOST", "nowhere.invalid"), ("DD_TRACE_AGENT_PORT", "x")]);
    check(&[("OTEL_TRACES_EXPORTER", "datadog"), PORT]);
    check(&[("OTEL_TRACES_EXPORTER", "datadog"), URL, ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]);
}

#[test]
fn other_variables_win_over_the_address_of_the_agent() {
    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: &str) {
        let read = read(variables);
        assert!(format!("{read:?}").contains(&format!("transports: [\"{expected}\"]")), "{variables:?} {read:?}");
    }
    let agent = ("DD_AGENT_HOST", "127.0.0.1");
    check(&[agent], "datadog");
    check(&[agent, ("INSTANA_AGENT_HOST", "127.0.0.1")], "instana");
    check(&[agent, ("JAEGER_ENDPOINT", "http://127.0.0.1:1")], "jaeger");
    check(&[agent, ("OTEL_TRACES_EXPORTER", "zipkin")], "zipkin");
    check(&[agent, ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")], "otlp");
    check(&[("DD_SERVICE", "shop"), ("DD_TRACE_AGENT_PORT", "8126")], "otlp");
    check_warnings(
        &[agent, ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1")],
        &[
            "DD_AGENT_HOST is set, but so is OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, and OTEL_TRACES_EXPORTER does not name \
           datadog: sending by otlp",
        ],
    );
}

#[test]
fn the_rate_comes_from_the_variable_or_from_the_agent() {
    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: &[&str]) {
        let variables = [&[("DD_TRACE_AGENT_URL", "URL")], variables].concat();
        let got = sent(&variables, |tracer| {
            for name in ["first", "second"] {
                tracer.span(name).start().finish();
                assert_eq!(tracer.flush(LONG), Ok(()));
            }
        });
        let bodies: Vec<serde_json::Value> =
            got.iter().map(|got| rmp_serde::from_slice(&got.body).expect("MessagePack")).collect();
        let reasons: Vec<_> = bodies.iter().filter_map(|body| body[0][0]["meta"]["_dd.p.dm"].as_str()).collect();
        assert_eq!(reasons, expected, "{variables:?}");
    }
    // The agent asks for no more traces after the first one.
    check(&[], &["-0"]);
    check(&[("DD_TRACE_SAMPLE_RATE", "1")], &["-3", "-3"]);
    check(&[("DD_TRACE_SAMPLE_RATE", "0")], &[]);
    check(&[("DD_TRACE_SAMPLE_RATE", "0"), ("OTEL_TRACES_SAMPLER", "always_on")], &["-0", "-0"]);
    check(&[("DD_TRACE_SAMPLE_RATE", "0"), ("JAEGER_SAMPLER_TYPE", "const")], &["-0", "-0"]);
}

#[test]
fn a_rate_needs_no_agent() {
    let (tracer, _guard, _told) = super::start(read(&[("DD_TRACE_SAMPLE_RATE", "0")]));
    assert!(!tracer.span("work").start().is_recording());
}

#[test]
fn invalid_values_are_named() {
    check_warnings(
        &[("DD_AGENT_HOST", "127.0.0.1"), ("DD_TRACE_AGENT_PORT", "x"), ("DD_TRACE_SAMPLE_RATE", "1.5")],
        &[
            "DD_TRACE_SAMPLE_RATE is 1.5, not between 0 and 1: using 1",
            "DD_TRACE_AGENT_PORT is \"x\", not a port: using 8126",
        ],
    );
    check_warnings(
        &[("DD_TRACE_AGENT_URL", "pipe://agent")],
        &[
            "DD_TRACE_AGENT_URL is invalid (\"pipe://agent\" is not a valid endpoint: the scheme is pipe, expected http, \
           https or unix): using http://127.0.0.1:8126",
        ],
    );
    check_warnings(&[("DD_TAGS", "a:b, :c,d")], &["DD_TAGS has no key at place 2: ignoring it"]);
    check_warnings(
        &[("DD_TRACE_ENABLED", "maybe")],
        &["DD_TRACE_ENABLED is \"maybe\", neither true nor false: using true"],
    );
    check_warnings(
        &[("DD_TRACE_SAMPLING_RULES", "[{}]")],
        &["DD_TRACE_SAMPLING_RULES is not supported: use RuleSampler, or DD_TRACE_SAMPLE_RATE"],
    );
}
