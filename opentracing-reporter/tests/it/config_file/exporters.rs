//! Processors and exporters.

use std::fs;
use std::sync::{Arc, Barrier};
use std::time::Instant;

use opentracing_core::FlushError;

use super::{PATIENCE, check_warnings, read, read_with};
use crate::support::collector::{Collector, Got, Reply};
use crate::support::service::{Service, Version};

/// Sends a span through an exporter to a server, and returns its request. `URL` stands for the server's address.
#[track_caller]
fn sent(exporter: &str) -> Got {
    let collector = Collector::start([Reply::ok()]).expect("a port");
    let exporter = exporter.replace("URL", &collector.url());
    let config = read(&format!("tracer_provider:\n  processors:\n    - batch: {{exporter: {exporter}}}\n"));
    check_warnings(&config, &[]);
    let (tracer, guard) = config.start().expect("it starts");
    tracer.span("work").start().finish();
    assert_eq!(guard.close(PATIENCE), Ok(()));
    collector.next()
}

#[test]
fn exporters_send_as_configured() {
    let got = sent(
        "{otlp_http: {endpoint: URL/own, compression: gzip, timeout: 20000, max_request_size: 100000, encoding: protobuf, \
         headers: [{name: x-tenant, value: shop}, {name: x-none, value: }], headers_list: \"x-tenant=other,x-team=a%20b\"}}",
    );
    assert_eq!((&*got.line, got.header("content-encoding")), ("POST /own HTTP/1.1", Some("gzip")));
    assert_eq!((got.header("x-tenant"), got.header("x-team"), got.header("x-none")), (Some("shop"), Some("a b"), None));
    let got = sent("{otlp_http: {endpoint: URL/v1/traces, timeout: 0, max_request_size: 0, compression: none}}");
    assert_eq!((&*got.line, got.header("content-encoding")), ("POST /v1/traces HTTP/1.1", None));
    assert_eq!(sent("{otlp_http: {endpoint: URL}}").line, "POST / HTTP/1.1");
    let got = sent("{otlp_http: {endpoint: URL, encoding: json}}");
    assert_eq!(got.header("content-type"), Some("application/json"));
    assert_eq!(sent("{zipkin: {endpoint: URL/api/v2/spans, timeout: 20000}}").line, "POST /api/v2/spans HTTP/1.1");
    assert_eq!(sent("{jaeger: {endpoint: URL/api/traces}}").line, "POST /api/traces HTTP/1.1");
    let got = sent("{instana: {endpoint: URL, agent_key: k}}");
    assert_eq!((&*got.line, got.header("x-instana-key")), ("POST /bundle HTTP/1.1", Some("k")));
}

#[test]
fn spans_can_be_written_to_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("all spans.jsonl");
    let exporter = |stream: &str| {
        format!(
            "tracer_provider:\n  processors:\n    - batch: {{exporter: {{otlp_file/development: {{output_stream: {stream}}}}}}}\n"
        )
    };
    let config = read(&exporter(&format!("file://{}", path.display()).replace(' ', "%20")));
    check_warnings(&config, &[]);
    let (tracer, guard) = config.start().expect("it starts");
    tracer.span("work").start().finish();
    assert_eq!(guard.close(PATIENCE), Ok(()));
    assert_eq!(fs::read_to_string(path).expect("the file").lines().count(), 1);
    check_warnings(&read(&exporter("stdout")), &[]);
    for invalid in ["spans.jsonl", "file://spans.jsonl", "file:///none/spans.jsonl", "file:///%zz"] {
        assert!(read(&exporter(invalid)).start().is_err(), "{invalid}");
    }
}

#[test]
fn older_names_are_written_on_request() {
    for (list, name) in [("", "http.request.method"), ("http/old", "http.method")] {
        let server = Collector::start([Reply::ok()]).expect("a port");
        let config = read(&format!(
            "instrumentation/development: {{general: {{stability_opt_in_list: {list}}}}}\ntracer_provider:\n  processors:\n    \
             - batch: {{exporter: {{otlp_http: {{endpoint: {}}}}}}}\n",
            server.url()
        ));
        check_warnings(&config, &[]);
        let (tracer, guard) = config.start().expect("it starts");
        tracer.span("GET").tag("http.method", "GET").start().finish();
        assert_eq!(guard.close(PATIENCE), Ok(()));
        let body = server.next().body;
        assert!(body.windows(name.len()).any(|bytes| bytes == name.as_bytes()), "{list}");
    }
}

#[test]
fn proxies_are_used_as_without_a_file() {
    let proxy = Collector::start([Reply::ok()]).expect("a port");
    let file = "file_format: \"1.1\"\ntracer_provider:\n  processors:\n    \
                - batch: {exporter: {otlp_http: {endpoint: \"http://collector.internal:4318/v1/traces\"}}}\n";
    let config = read_with(file, &[("HTTP_PROXY", &proxy.url())]);
    check_warnings(&config, &[]);
    let (tracer, guard) = config.start().expect("it starts");
    tracer.span("work").start().finish();
    let line = proxy.next().line;
    assert!(line.contains("collector.internal:4318"), "{line}");
    drop(guard);
    let config = read_with(file, &[("HTTP_PROXY", "ftp://proxy")]);
    assert_eq!(config.warnings().iter().map(|warning| warning.variable()).collect::<Vec<_>>(), ["HTTP_PROXY"]);
}

#[test]
fn grpc_is_plain_if_it_is_said_to_be_insecure() {
    for tls in ["tls: {insecure: true}", "insecure: true"] {
        let server = Service::start(Version::Http2, None, []).expect("a port");
        let config = read(&format!(
            "tracer_provider:\n  processors:\n    - simple: {{exporter: {{otlp_grpc: {{endpoint: \"{}\", {tls}}}}}}}\n",
            server.address
        ));
        check_warnings(&config, &[]);
        let (tracer, guard) = config.start().expect("it starts");
        tracer.span("work").start().finish();
        assert_eq!(guard.close(PATIENCE), Ok(()));
        assert_eq!(server.next().path, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    }
}

#[test]
fn processors_have_queues_of_their_own() {
    const FILE: &str = "tracer_provider:\n  processors:\n    - batch: {max_queue_size: 4, schedule_delay: 3600000, \
                        exporter: {otlp_http: {endpoint: FIRST}}}\n    \
                        - simple: {exporter: {zipkin: {endpoint: SECOND}}}\n";
    let second = Collector::start([]).expect("a port");
    let answer = Arc::new(Barrier::new(2));
    let slow = Collector::start([Reply::Late(answer.clone())]).expect("a port");
    let config = |first: &Collector| {
        let config = read(&FILE.replace("FIRST", &first.url()).replace("SECOND", &second.url()));
        check_warnings(&config, &[]);
        config
    };
    let (tracer, guard) = config(&slow).start().expect("it starts");
    let dropped = || tracer.stats().transports.iter().map(|it| (it.name, it.dropped_queue_full)).collect::<Vec<_>>();
    // The first four fill its queue, so they are a batch, which is not answered yet.
    (0..20).for_each(|_| tracer.span("work").start().finish());
    slow.next();
    let patience = Instant::now() + PATIENCE;
    while dropped() != [("otlp", 16), ("zipkin", 0)] {
        assert!(Instant::now() < patience, "{:?}", dropped());
        std::thread::yield_now();
    }
    answer.wait();
    assert_eq!(guard.close(PATIENCE), Err(FlushError::Failed));

    let fast = Collector::start([]).expect("a port");
    let (tracer, guard) = config(&fast).reporter(|reporter| reporter.queue_size(1000)).start().expect("it starts");
    (0..20).for_each(|_| tracer.span("work").start().finish());
    assert_eq!(guard.close(PATIENCE), Ok(()));
    assert_eq!(tracer.stats().transports.iter().map(|it| it.dropped_queue_full).sum::<u64>(), 0);
}

#[test]
fn several_exporters_receive_every_span() {
    let servers = [Collector::start([]).expect("a port"), Collector::start([]).expect("a port")];
    let [first, second] = servers.each_ref().map(Collector::url);
    let config = read(&format!(
        "tracer_provider:\n  processors:\n    - batch: {{exporter: {{otlp_http: {{endpoint: {first}/v1/traces}}}}}}\n    \
         - batch: {{exporter: {{zipkin: {{endpoint: {second}}}}}}}\n"
    ));
    let (tracer, guard) = config.start().expect("it starts");
    tracer.span("work").start().finish();
    assert_eq!(guard.close(PATIENCE), Ok(()));
    assert_eq!(servers.map(|server| server.next().line), ["POST /v1/traces HTTP/1.1", "POST /api/v2/spans HTTP/1.1"]);
}

#[cfg(feature = "tls")]
#[test]
fn certificates_are_read_from_absolute_paths() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ca.pem");
    let certified = rcgen::generate_simple_self_signed(vec!["collector".to_owned()]).expect("a certificate");
    fs::write(&path, certified.cert.pem()).expect("a file");
    let path = path.to_str().expect("the path is a text");
    let file = |tls: &str| {
        let exporter = format!("{{otlp_http: {{endpoint: \"https://collector:4318\", {tls}}}}}");
        read_with(
            &format!("file_format: \"1.1\"\ntracer_provider:\n  processors:\n    - batch: {{exporter: {exporter}}}\n"),
            &[("CA", path)],
        )
    };
    check_warnings(&file("tls: {ca_file: \"${CA}\", cert_file: , key_file: }"), &[]);
    check_warnings(&file("certificate_file: \"${CA}\""), &[]);
    #[track_caller]
    fn check(config: &opentracing_reporter::EnvConfig, expected: &str) {
        let found = config.invalid_file().expect("an error").to_string();
        assert!(found.contains(expected), "{found}");
    }
    check(
        &file("tls: {ca_file: ca.pem}"),
        ":4: tracer_provider.processors[0].batch.exporter.otlp_http.tls.ca_file is \
         ca.pem, not an absolute path",
    );
    check(&file("tls: {ca_file: /nowhere.pem}"), "tls.ca_file is invalid (");
    check(&file("tls: {cert_file: \"${CA}\"}"), "tls.cert_file is set without key_file");
    check(&file("tls: {key_file: \"${CA}\"}"), "tls.key_file is set without cert_file");
}
