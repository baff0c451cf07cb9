//! Recorded spans arrive at real servers: sent through the reporter, and read back from the servers' own APIs.

pub(crate) mod backend;
pub(crate) mod collector;
mod conventions;
mod jaeger;
mod json;
mod otlp;
mod same;
mod seen;
mod tokens;
pub(crate) mod traces;
mod zipkin;

use opentracing_core::Tracer;
use opentracing_reporter::{BatchReporter, Jaeger, Otlp, Zipkin};

use crate::backends::backend::{Backend, From};
use crate::backends::collector::Lines;
use crate::backends::seen::{Memory, Seen};
use crate::backends::traces::{MANY, PATIENCE, ROWS, Row, unsampled};
use crate::support::net::addresses;

/// Records the rows, sends them through the transports that the closure adds, and returns what was recorded.
#[track_caller]
fn play(rows: &[Row], add: impl Fn(BatchReporter) -> BatchReporter) -> Vec<Seen> {
    let mut all = Vec::new();
    for row in rows {
        let memory = Memory::default();
        let builder = (row.settings)(Tracer::builder("Shop").tag("zone", "a/1").tag("replicas", 3));
        let reporter = add(BatchReporter::new(memory.clone())).queue_size(2 * MANY.spans);
        let (tracer, guard) = reporter.start(builder).expect("a thread starts");
        (row.record)(&tracer);
        assert_eq!(guard.close(PATIENCE), Ok(()), "{}", row.name);
        let spans = memory.spans();
        assert_eq!(spans.len(), row.spans, "{}", row.name);
        all.extend(spans);
    }
    all
}

/// All sampled spans are there, and no others.
#[track_caller]
fn check(backends: &[Backend], add: impl Fn(BatchReporter) -> BatchReporter) {
    for rows in [ROWS, &[MANY]] {
        let recorded = play(rows, &add);
        backends.iter().for_each(|backend| backend.check(&recorded));
    }

    let (tracer, guard) = add(BatchReporter::new(Memory::default())).start(Tracer::builder("Shop")).expect("it starts");
    let id = unsampled(&tracer);
    assert_eq!(guard.close(PATIENCE), Ok(()));
    assert_eq!(tracer.stats().delivered, 0);
    // Once this one is there, the other would be too.
    let then = play(&ROWS[..1], add);
    for backend in backends {
        backend.check(&then);
        assert_eq!(backend.look(&[id.to_string()]), [], "{backend:?}");
    }
}

fn collector(from: From, file: &str) -> Backend {
    Backend::Collector { from, lines: Lines::from_now(file) }
}

fn to_zipkin(url: &str) -> Zipkin {
    Zipkin::new(&format!("{url}/api/v2/spans")).expect("that is an address")
}

fn to_jaeger(url: &str) -> Jaeger {
    Jaeger::http(url).expect("that is an address")
}

fn to_agent(address: &str) -> Jaeger {
    Jaeger::udp(address).expect("that is an address")
}

fn by_http(url: &str) -> Otlp {
    Otlp::http(url).expect("that is an address")
}

fn by_http_json(url: &str) -> Otlp {
    Otlp::http_json(url).expect("that is an address")
}

fn by_grpc(url: &str) -> Otlp {
    Otlp::grpc(url).expect("that is an address")
}

#[test]
fn zipkin_shows_recorded_spans() {
    let Some([url]) = addresses(["ZIPKIN_URL"]) else { return };
    let zipkin = [Backend::Zipkin { api: url.clone() }];
    check(&zipkin, |reporter| reporter.transport(to_zipkin(&url)));
    check(&zipkin, |reporter| reporter.transport(to_zipkin(&url).gzip()));
}

#[test]
fn jaeger_shows_spans_received_by_its_collector() {
    let Some([url, api]) = addresses(["JAEGER_URL", "JAEGER_QUERY"]) else { return };
    check(&[Backend::Jaeger { from: From::Jaeger, api }], |reporter| reporter.transport(to_jaeger(&url)));
}

#[test]
fn jaeger_shows_spans_received_by_its_agent() {
    let Some([address, api]) = addresses(["JAEGER_AGENT", "JAEGER_QUERY"]) else { return };
    check(&[Backend::Jaeger { from: From::Jaeger, api }], |reporter| reporter.transport(to_agent(&address)));
}

#[test]
fn jaeger_shows_spans_received_over_otlp() {
    let variables = ["JAEGER_OTLP_URL", "JAEGER_OTLP_GRPC_URL", "JAEGER_QUERY"];
    let Some([http, grpc, api]) = addresses(variables) else { return };
    let jaeger = [Backend::Jaeger { from: From::Otlp, api }];
    check(&jaeger, |reporter| reporter.transport(by_http(&http)));
    check(&jaeger, |reporter| reporter.transport(by_grpc(&grpc)));
    check(&jaeger, |reporter| reporter.transport(by_http_json(&http)));
}

#[test]
fn collector_writes_spans_received_over_otlp() {
    let Some([http, grpc, file]) = addresses(["OTLP_URL", "OTLP_GRPC_URL", "OTELCOL_SPANS"]) else { return };
    let collector = [collector(From::Otlp, &file)];
    check(&collector, |reporter| reporter.transport(by_http(&http)));
    check(&collector, |reporter| reporter.transport(by_http(&http).gzip()));
    check(&collector, |reporter| reporter.transport(by_grpc(&grpc)));
    check(&collector, |reporter| reporter.transport(by_grpc(&grpc).gzip()));
    check(&collector, |reporter| reporter.transport(by_http_json(&http)));
}

#[test]
fn collector_writes_spans_received_from_zipkin() {
    let Some([url, file]) = addresses(["OTELCOL_ZIPKIN_URL", "OTELCOL_SPANS"]) else { return };
    check(&[collector(From::Zipkin, &file)], |reporter| reporter.transport(to_zipkin(&url)));
}

#[test]
fn collector_writes_spans_received_from_jaeger() {
    let Some([url, agent, file]) = addresses(["OTELCOL_JAEGER_URL", "OTELCOL_JAEGER_AGENT", "OTELCOL_SPANS"]) else {
        return;
    };
    let collector = [collector(From::Jaeger, &file)];
    check(&collector, |reporter| reporter.transport(to_jaeger(&url)));
    check(&collector, |reporter| reporter.transport(to_agent(&agent)));
}

#[test]
fn several_backends_show_the_same_spans() {
    let variables = ["ZIPKIN_URL", "JAEGER_URL", "JAEGER_QUERY", "OTLP_GRPC_URL", "OTELCOL_SPANS"];
    let Some([zipkin, jaeger, api, otlp, file]) = addresses(variables) else { return };
    let backends = [
        Backend::Zipkin { api: zipkin.clone() },
        Backend::Jaeger { from: From::Jaeger, api },
        collector(From::Otlp, &file),
    ];
    check(&backends, |reporter| {
        reporter.transport(to_zipkin(&zipkin)).transport(to_jaeger(&jaeger)).transport(by_grpc(&otlp))
    });
}
