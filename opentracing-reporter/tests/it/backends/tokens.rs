//! Backends that take OTLP with a token: Lightstep in a header of its own, Wavefront and others as a bearer token. The Collector checks it.

use opentracing_core::{FlushError, Tracer};
use opentracing_reporter::{BatchReporter, Endpoint, InvalidEndpoint, Otlp};

use crate::backends::backend::From;
use crate::backends::traces::{PATIENCE, ROWS};
use crate::backends::{collector, play};
use crate::support::net::addresses;

/// The header that carries the token.
type WithToken = fn(Endpoint, &str) -> Result<Endpoint, InvalidEndpoint>;

const LIGHTSTEP: WithToken = |endpoint, token| endpoint.header("lightstep-access-token", token);
const BEARER: WithToken = Endpoint::bearer_auth;

#[track_caller]
fn endpoint(url: &str, with_token: WithToken, token: &str) -> Endpoint {
    url.parse::<Endpoint>().and_then(|endpoint| with_token(endpoint, token)).expect("it is valid")
}

/// The spans arrive with the right token. With a wrong one they are dropped, and the error says why.
#[track_caller]
fn check(file: &str, otlp: impl Fn(&str) -> Result<Otlp, InvalidEndpoint>, refusal: &str) {
    let add = |token| otlp(token).expect("it is valid");
    let collector = collector(From::Otlp, file);
    collector.check(&play(&ROWS[..1], |reporter| reporter.transport(add("secret"))));

    let checks = BatchReporter::new(add("wrong")).check(PATIENCE);
    assert!(checks.iter().all(|check| check.has_failed()), "{checks:?}");
    let (tracer, guard) = BatchReporter::new(add("wrong")).start(Tracer::builder("shop")).expect("a thread starts");
    tracer.span("refused").start().finish();
    assert_eq!(guard.close(PATIENCE), Err(FlushError::Failed));
    let stats = tracer.stats();
    let error = stats.transports[0].last_error.clone().unwrap_or_default();
    assert_eq!(stats.reporter.dropped_failed, 1, "{error}");
    assert!(error.contains(refusal), "{error}");
}

#[test]
fn lightstep_takes_spans_with_its_header() {
    let variables = ["OTELCOL_LIGHTSTEP_URL", "OTELCOL_LIGHTSTEP_GRPC_URL", "OTELCOL_SPANS"];
    let Some([http, grpc, file]) = addresses(variables) else { return };
    let path = format!("{http}/traces/otlp/v0.9");
    check(&file, |token| Otlp::http(endpoint(&path, LIGHTSTEP, token)), "401");
    check(&file, |token| Otlp::grpc(endpoint(&grpc, LIGHTSTEP, token)), "UNAUTHENTICATED");
}

#[test]
fn a_bearer_token_is_accepted() {
    let variables = ["OTELCOL_BEARER_URL", "OTELCOL_BEARER_GRPC_URL", "OTELCOL_SPANS"];
    let Some([http, grpc, file]) = addresses(variables) else { return };
    check(&file, |token| Otlp::http(endpoint(&http, BEARER, token)), "401");
    check(&file, |token| Otlp::grpc(endpoint(&grpc, BEARER, token)), "UNAUTHENTICATED");
}

#[cfg(feature = "env")]
#[test]
fn lightstep_is_configured_by_the_environment() {
    let Some([url, file]) = addresses(["OTELCOL_LIGHTSTEP_URL", "OTELCOL_SPANS"]) else { return };
    let (collector, recorded) = (collector(From::Otlp, &file), super::Memory::default());
    let read = opentracing_reporter::EnvConfig::new(&|name| match name {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" => Some(format!("{url}/traces/otlp/v0.9")),
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS" => Some("lightstep-access-token=secret".to_owned()),
        _ => None,
    });
    let memory = recorded.clone();
    let (tracer, guard) = read.reporter(|reporter| reporter.transport(memory)).start().expect("a thread starts");
    (ROWS[0].record)(&tracer);
    assert_eq!(guard.close(PATIENCE), Ok(()));
    collector.check(&recorded.spans());
}
