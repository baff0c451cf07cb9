//! Endpoints, headers and time-outs of the transports.

use std::io::Read;
use std::net::TcpListener;

use opentracing_reporter::EnvConfig;

use super::{LONG, check_warnings, read};
use crate::support::collector::{Collector, Reply};

#[test]
fn a_time_out_of_zero_is_none() {
    let collector = Collector::start([]).expect("a port");
    let url = collector.url();
    let read = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "0"),
    ]);
    assert_eq!(read.warnings(), []);
    let (tracer, guard) = read.start().expect("a thread");
    for _ in 0..10 {
        tracer.span("work").start().finish();
    }
    drop(guard);
    let stats = tracer.stats().transports.remove(0);
    assert_eq!((stats.sent, stats.failed_requests, stats.dropped_failed), (10, 0, 0));
}

#[test]
fn otlp_uses_its_endpoint_headers_and_settings() {
    let sent = |variables: &[(&str, &str)], replies: usize| {
        let collector = Collector::start((0..replies).map(|_| Reply::ok())).expect("a port");
        let url = collector.url();
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.replace("URL", &url))).collect();
        let read = EnvConfig::new(&|name| variables.iter().find(|(known, _)| *known == name).map(|(_, v)| v.clone()));
        assert_eq!(read.warnings(), []);
        let (tracer, guard) = read.start().expect("a thread");
        tracer.span("work").start().finish();
        assert_eq!(guard.close(LONG), Ok(()));
        collector.next()
    };
    let got = sent(
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "URL"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%20b,authorization=Bearer%20t"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "20000"),
        ],
        1,
    );
    assert_eq!((&*got.line, got.header("x-tenant")), ("POST /v1/traces HTTP/1.1", Some("a b")));
    assert_eq!((got.header("authorization"), got.header("content-encoding")), (Some("Bearer t"), Some("gzip")));
    let got = sent(
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "URL/own"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=1"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "b=1"),
        ],
        1,
    );
    assert_eq!((&*got.line, got.header("a"), got.header("b")), ("POST /own HTTP/1.1", Some("1"), None));
    check_warnings(
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "nowhere at all"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/xml"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a b=secret,c=%z"),
        ],
        &[
            "OTEL_EXPORTER_OTLP_PROTOCOL is \"http/xml\", which is not supported: using http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT is invalid (\"nowhere at all/v1/traces\" is not a valid endpoint: \
             expected an address such as http://127.0.0.1:4318): using http://127.0.0.1:4318/v1/traces",
            "OTEL_EXPORTER_OTLP_HEADERS has the header \"a b\", whose name or value is invalid: ignoring it",
            "OTEL_EXPORTER_OTLP_HEADERS has the header \"c\", whose value is not valid percent-encoding: ignoring it",
            "OTEL_EXPORTER_OTLP_COMPRESSION is \"zip\", which is not supported: using none",
        ],
    );
}

#[test]
fn paths_of_otlp_endpoints_follow_the_rules() {
    #[track_caller]
    fn check(name: &str, address: &str, expected: &str) {
        let collector = Collector::start([Reply::ok()]).expect("a port");
        let address = address.replace("URL", &collector.url());
        let (tracer, guard) = read(&[(name, &address)]).start().expect("a thread");
        tracer.span("work").start().finish();
        assert_eq!(guard.close(LONG), Ok(()));
        assert_eq!(collector.next().line, format!("POST {expected} HTTP/1.1"), "{name}={address}");
    }
    const ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    check(ALL, "URL", "/v1/traces");
    check(ALL, "URL/", "/v1/traces");
    check(ALL, "URL/base/", "/base/v1/traces");
    check(ALL, "URL/?key=1", "/v1/traces?key=1");
    check(ALL, "URL?key=1", "/v1/traces?key=1");
    check(ALL, "URL/v1/traces", "/v1/traces/v1/traces");
    check(TRACES, "URL", "/");
    check(TRACES, "URL/", "/");
    check(TRACES, "URL?key=1", "/?key=1");
    check(TRACES, "URL/own/", "/own/");
    check_warnings(
        &[(ALL, "http://a:4318/v1/traces")],
        &["OTEL_EXPORTER_OTLP_ENDPOINT is http://a:4318/v1/traces, to which /v1/traces is added: using \
           http://a:4318/v1/traces/v1/traces, a whole URL belongs to OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"],
    );
    check_warnings(
        &[(ALL, "a:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_INSECURE", "true")],
        &[],
    );
}

#[test]
fn a_broken_header_does_not_take_the_others_along() {
    let collector = Collector::start([Reply::ok()]).expect("a port");
    let read = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20t,secret,=x,a=b=c,,d=%zz,e=1"),
    ]);
    let warnings: Vec<_> = read.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "OTEL_EXPORTER_OTLP_HEADERS has no name=value at place 2: ignoring it",
            "OTEL_EXPORTER_OTLP_HEADERS has no name=value at place 3: ignoring it",
            "OTEL_EXPORTER_OTLP_HEADERS has the header \"d\", whose value is not valid percent-encoding: ignoring it",
        ]
    );
    let (tracer, guard) = read.start().expect("a thread");
    tracer.span("work").start().finish();
    assert_eq!(guard.close(LONG), Ok(()));
    let got = collector.next();
    let headers = ["authorization", "a", "d", "e"].map(|name| got.header(name));
    assert_eq!(headers, [Some("Bearer t"), Some("b=c"), None, Some("1")]);
}

#[test]
fn the_insecure_switch_for_traces_wins() {
    // An address of gRPC without a scheme. The first byte tells HTTP/2 from TLS.
    let scheme = |variables: &[(&str, &str)]| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let mut all = vec![("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_ENDPOINT", &*address)];
        all.extend_from_slice(&[("OTEL_BSP_SCHEDULE_DELAY", "1"), ("OTEL_BSP_EXPORT_TIMEOUT", "1")]);
        all.extend_from_slice(variables);
        let (tracer, _guard) = read(&all).start().expect("a thread");
        tracer.span("work").start().finish();
        let (mut connection, _) = listener.accept().expect("a connection");
        let mut first = [0];
        connection.read_exact(&mut first).expect("a byte");
        first == *b"P"
    };
    const ALL: &str = "OTEL_EXPORTER_OTLP_INSECURE";
    const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_INSECURE";
    assert!(!scheme(&[]));
    assert!(scheme(&[(ALL, "true")]));
    assert!(!scheme(&[(ALL, "true"), (TRACES, "false")]));
    assert!(scheme(&[(ALL, "false"), (TRACES, "true")]));
    assert!(scheme(&[("OTEL_EXPORTER_OTLP_SPAN_INSECURE", "true")]));
}

#[test]
fn jaeger_has_names_of_opentelemetry_too() {
    let collector = Collector::start([Reply::ok()]).expect("a port");
    let url = format!("{}/api/traces", collector.url());
    let read = read(&[
        ("OTEL_EXPORTER_JAEGER_ENDPOINT", &url),
        ("OTEL_EXPORTER_JAEGER_USER", "u"),
        ("OTEL_EXPORTER_JAEGER_PASSWORD", "p"),
        ("OTEL_EXPORTER_JAEGER_TIMEOUT", "20000"),
        ("JAEGER_ENDPOINT", "http://127.0.0.1:1/"),
        ("JAEGER_SAMPLER_TYPE", "const"),
    ]);
    assert_eq!(read.warnings(), []);
    let (tracer, guard) = read.start().expect("a thread");
    tracer.span("work").start().finish();
    assert_eq!(guard.close(LONG), Ok(()));
    let got = collector.next();
    assert_eq!((&*got.line, got.header("authorization")), ("POST /api/traces HTTP/1.1", Some("Basic dTpw")));
    check_warnings(
        &[("OTEL_EXPORTER_JAEGER_PROTOCOL", "grpc"), ("OTEL_EXPORTER_JAEGER_AGENT_HOST", "a")],
        &["OTEL_EXPORTER_JAEGER_PROTOCOL is \"grpc\", which is not supported: using udp/thrift.compact"],
    );
    check_warnings(
        &[("OTEL_EXPORTER_ZIPKIN_ENDPOINT", "http://a/")],
        &["OTEL_EXPORTER_ZIPKIN_ENDPOINT is set, but OTEL_TRACES_EXPORTER does not name zipkin: sending by otlp"],
    );
}

#[test]
fn otlp_can_be_json() {
    let collector = Collector::start([Reply::ok()]).expect("a port");
    let url = collector.url();
    let read = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]);
    let (tracer, guard) = read.start().expect("a thread");
    tracer.span("work").start().finish();
    assert_eq!(guard.close(LONG), Ok(()));
    let got = collector.next();
    assert_eq!((&*got.line, got.header("content-type")), ("POST /v1/traces HTTP/1.1", Some("application/json")));
    assert!(got.body.starts_with(b"{\"resourceSpans\":"));
}

#[test]
fn spans_can_be_written_to_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spans.jsonl");
    let path = path.to_str().expect("it is Unicode");
    let variables = [("OTEL_TRACES_EXPORTER", "otlp_file"), ("OPENTRACING_OTLP_FILE", path)];
    for line in 1..3 {
        let (tracer, guard) = read(&variables).start().expect("a thread");
        tracer.span("work").start().finish();
        assert_eq!(guard.close(LONG), Ok(()));
        assert_eq!(std::fs::read_to_string(path).expect("the file").lines().count(), line);
    }
}
