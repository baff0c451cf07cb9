//! The sample in `docs`: a program that runs with it, and a server or the real Collector that receives its spans.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};
use prost::Message;

use crate::backends::backend::From;
use crate::backends::collector::Lines;
use crate::support::collector::{Collector, Reply};
use crate::support::net::{addresses, ask_until};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/otel-config.yaml");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration-file.md");
/// The trace that the program continues.
const TRACE: &str = "OPENTRACING_TEST_TRACE";

/// The program: it is configured by its environment alone. It runs only in the process that `run` starts.
#[test]
fn program() {
    let Ok(trace) = std::env::var(TRACE) else { return };
    let config = opentracing_reporter::from_env();
    assert_eq!((config.invalid_file(), config.warnings()), (None, &[][..]));
    let (tracer, guard) = config.start().expect("it starts");
    let trace = trace.parse::<TraceId>().expect("that is an id");
    let parent = SpanContext::new(trace, SpanId::new(1)).with_sampling(Sampling::Sampled);
    tracer.span("checkout").child_of(&parent).tag("amount", 9.5).start().finish();
    drop(guard);
}

/// Runs the program with the sample, and returns the id of its trace.
#[track_caller]
fn run(address: &str) -> String {
    let trace = TraceId::from_parts(u64::from(std::process::id()), address.len() as u64 + 1).to_string();
    let status = Command::new(std::env::current_exe().expect("the program has a path"))
        .args(["--exact", "config_file::sample::program"])
        .env_clear()
        .env("OTEL_CONFIG_FILE", SAMPLE)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        .env("OTEL_RESOURCE_ATTRIBUTES", "zone=a")
        .env("OTEL_TRACES_SAMPLER", "ignored")
        .env(TRACE, &trace)
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("it starts").success());
    trace
}

#[test]
fn a_program_with_the_sample_sends_its_spans() {
    let server = Collector::start([Reply::ok()]).expect("a port");
    let trace = run(&server.url());
    let got = server.next();
    assert_eq!((&*got.line, got.header("content-encoding")), ("POST /v1/traces HTTP/1.1", Some("gzip")));
    let mut body = Vec::new();
    GzDecoder::new(&*got.body).read_to_end(&mut body).expect("the body is compressed");
    let request = ExportTraceServiceRequest::decode(&*body).expect("a request");
    let [sent] = &*request.resource_spans else { panic!("one resource") };
    let resource = sent.resource.clone().expect("a resource");
    let tags: BTreeMap<_, _> = resource
        .attributes
        .into_iter()
        .map(|pair| {
            let text = match pair.value.and_then(|value| value.value) {
                Some(AnyValue::StringValue(text)) => text,
                Some(AnyValue::IntValue(number)) => number.to_string(),
                other => panic!("{}: {other:?}", pair.key),
            };
            (pair.key, text)
        })
        .collect();
    let expected =
        [("service.name", "shop"), ("service.version", "1.4.2"), ("zone", "a"), ("process.runtime.name", "rustc")];
    expected.iter().for_each(|(key, value)| assert_eq!(tags[*key], *value, "{key}"));
    assert_eq!(tags["service.instance.id"].len(), 36);
    assert!(tags.contains_key("host.name") && !tags.contains_key("process.executable.path"), "{tags:?}");
    let spans: Vec<_> = sent.scope_spans.iter().flat_map(|scope| &scope.spans).collect();
    let hex: String = spans[0].trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((spans.len(), &*spans[0].name, &*hex), (1, "checkout", &*trace));
}

#[test]
fn the_collector_receives_the_spans_of_the_sample() {
    let Some([url, file]) = addresses(["OTLP_URL", "OTELCOL_SPANS"]) else { return };
    let lines = Lines::from_now(&file);
    let traces = [run(&url)];
    let seen = ask_until(|| lines.look(From::Otlp, &traces), |seen| !seen.is_empty());
    assert_eq!((seen.len(), &*seen[0].service, &*seen[0].name), (1, "shop", "checkout"));
    assert_eq!((&*seen[0].process["zone"], &*seen[0].tags["amount"]), ("a", "9.5"));
}

#[test]
fn the_page_shows_the_sample() {
    let (page, sample) = (std::fs::read_to_string(PAGE), std::fs::read_to_string(SAMPLE));
    let (page, sample) = (page.expect("the page"), sample.expect("the sample"));
    assert!(page.contains(&format!("```yaml\n{sample}```\n")));
}
