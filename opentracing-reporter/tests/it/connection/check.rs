//! The check of a connection before the start.

use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::time::Duration;

use opentracing_core::{FinishedSpan, Tracer};
use opentracing_reporter::{
    BatchReporter, CheckOutcome, Endpoint, Otlp, SendOutcome, SendReason, Transport, TransportCheck,
};

use super::addresses::BlackHole;
use crate::otlp::spans::TestResult;
use crate::reporter::logging::lines_with;
use crate::support::collector::{Collector, Reply};
use crate::support::service::{Service, Version};
use crate::support::transports::{PATIENCE, scripted};

/// The line about the only transport.
fn line(transport: impl Transport) -> String {
    let results = BatchReporter::new(transport).check(PATIENCE);
    assert_eq!(results.len(), 1);
    results[0].to_string()
}

/// Compares the line with what is there before the time in it.
#[track_caller]
fn check_passed(transport: impl Transport, expected: &str) {
    let line = line(transport);
    assert!(line.starts_with(expected) && line.ends_with("s)"), "{line}");
}

#[test]
fn sends_a_request_without_spans() -> TestResult {
    let collector = Collector::start([])?;
    let (url, address) = (collector.url(), collector.address());
    let endpoint: Endpoint = url.parse::<Endpoint>()?.bearer_auth("geheim")?;
    let reporter = BatchReporter::new(Otlp::http(endpoint)?);
    let results = reporter.check(PATIENCE);
    let [result] = &*results else { return Err(format!("one result: {results:?}").into()) };
    assert!(result.to_string().starts_with(&format!("otlp: {url}/v1/traces accepts spans ({address}, ")), "{result}");
    assert!(matches!(result.outcome(), CheckOutcome::Passed(_)) && !result.has_failed());
    let got = collector.next();
    assert_eq!((&*got.line, got.body.len()), ("POST /v1/traces HTTP/1.1", 0));
    assert_eq!(got.header("authorization"), Some("Bearer geheim"));
    // It leaves no trace in the reporter.
    let tracer = Tracer::builder("shop").build_inline(reporter);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert!(tracer.stats().transports.iter().all(|stats| stats.requests == 0), "{:?}", tracer.stats());

    #[cfg(feature = "otlp-json")]
    {
        check_passed(Otlp::http_json(&url)?, &format!("otlp-json: {url}/v1/traces accepts spans ({address}, "));
        assert_eq!(collector.next().body, b"{}");
    }
    let service = Service::start(Version::Http2, None, [])?;
    let url = format!("http://{}", service.address);
    check_passed(Otlp::grpc(&url)?, &format!("otlp: {url} accepts spans ("));
    assert_eq!(service.next().body, [0; 5], "an empty message");
    Ok(())
}

#[cfg(all(feature = "datadog", feature = "instana", feature = "jaeger", feature = "zipkin"))]
#[test]
fn checks_every_backend() -> TestResult {
    use opentracing_reporter::{Console, Datadog, Instana, InstanaAgentFallback, Jaeger, Zipkin};

    let collector = Collector::start([])?;
    let url = collector.url();
    check_passed(Zipkin::new(&url)?, &format!("zipkin: {url}/api/v2/spans accepts spans ("));
    assert_eq!(collector.next().body, b"[]");
    check_passed(Jaeger::http(&url)?, &format!("jaeger: {url}/api/traces?format=jaeger.thrift accepts spans ("));
    let body = collector.next().body;
    assert!(body.windows(11).any(|bytes| bytes == b"opentracing"), "a process: {body:?}");
    check_passed(Datadog::agent(&url)?, &format!("datadog: {url}/v0.4/traces accepts spans ("));
    let got = collector.next();
    assert_eq!((&*got.body, got.header("x-datadog-trace-count")), (&[0x90][..], Some("0")));
    let instana = Instana::agent(&url)?.agent_fallback(InstanaAgentFallback::None);
    check_passed(instana, &format!("instana: {url}/ is an Instana agent ("));
    assert_eq!(collector.next().line, "GET / HTTP/1.1");
    check_passed(Instana::serverless(&url, "key")?, &format!("instana-serverless: {url}/bundle accepts spans ("));
    let got = collector.next();
    assert_eq!(got.body, b"{\"spans\":[]}");
    assert!(got.header("x-instana-time").is_some());
    assert_eq!(
        line(Jaeger::udp("127.0.0.1:6831")?),
        "jaeger-udp: not checked: UDP has no answers, so nobody knows whether 127.0.0.1 port 6831 listens"
    );
    assert_eq!(line(Console::stdout()), "console: not checked: the console has no server");
    Ok(())
}

#[test]
fn says_what_is_wrong() -> TestResult {
    let closed = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let lost = Collector::start([Reply::status("404 Not Found")])?;
    let busy = Collector::start([Reply::Say("503 Service Unavailable", &[], b"two\nlines".to_vec())])?;
    let silent = BlackHole::new()?;
    let reporter = BatchReporter::new(Otlp::http(&format!("http://{closed}"))?)
        .transport(Otlp::http(&format!("{}/spans", lost.url()))?)
        .transport(Otlp::http(&busy.url())?)
        .transport(Otlp::http(&format!("http://{}", silent.address))?)
        .transport(scripted(|_, _| SendOutcome::none()));
    let results = reporter.check(Duration::from_secs(1));
    let expected = [
        (true, format!("otlp: failed: no connection to http://{closed}/v1/traces: ")),
        (
            true,
            format!("otlp: failed: the server answered 404 Not Found; the server does not know {}/spans", lost.url()),
        ),
        (true, format!("otlp: failed: {}/v1/traces: the server answered 503 Service Unavailable: two", busy.url())),
        (true, format!("otlp: failed: no connection to http://{}/v1/traces: no address accepts", silent.address)),
        (false, "scripted: not checked: this transport has no check".to_owned()),
    ];
    assert_eq!(results.len(), expected.len());
    for (result, (has_failed, start)) in results.iter().zip(expected) {
        assert!(result.to_string().starts_with(&start), "{result}");
        assert_eq!(result.has_failed(), has_failed, "{result}");
        assert!(!result.to_string().contains('\n'), "{result:?}");
    }
    Ok(())
}

#[cfg(feature = "env")]
#[test]
fn checks_the_transports_of_the_environment() -> TestResult {
    let collector = Collector::start([])?;
    let config = opentracing_reporter::EnvConfig::new(&|name| match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(collector.url()),
        "OTEL_TRACES_EXPORTER" => Some("console,otlp".to_owned()),
        _ => None,
    });
    let lines: Vec<_> = config.check(PATIENCE).iter().map(ToString::to_string).collect();
    assert_eq!(lines[0], "console: not checked: the console has no server");
    assert!(lines[1].starts_with(&format!("otlp: {}/v1/traces accepts spans (", collector.url())), "{lines:?}");
    Ok(())
}

/// A transport whose check is as given.
struct Checked<F>(F);

impl<F: Fn() -> TransportCheck + Send + 'static> Transport for Checked<F> {
    fn name(&self) -> &'static str {
        "checked"
    }

    fn add(&mut self, _: FinishedSpan<'_>) {}

    fn pending(&self) -> usize {
        0
    }

    fn send(&mut self, _: SendReason, _: std::time::Instant) -> SendOutcome {
        SendOutcome::none()
    }

    fn check(&self) -> TransportCheck {
        self.0()
    }
}

#[test]
fn survives_a_check_that_panics_or_hangs() {
    assert_eq!(line(Checked(|| panic!("wrong"))), "checked: failed: the transport panicked");
    assert_eq!(line(Checked(|| TransportCheck::new(|_| panic!("wrong")))), "checked: failed: the check panicked");
    let (_sender, receiver) = channel::<()>();
    let receiver = std::sync::Arc::new(std::sync::Mutex::new(receiver));
    let hangs = Checked(move || {
        let receiver = receiver.clone();
        TransportCheck::new(move |_| match receiver.lock().map(|receiver| receiver.recv()) {
            Ok(Ok(())) => Ok(String::new()),
            _ => Err(String::new()),
        })
    });
    let results = BatchReporter::new(hangs).check(Duration::from_millis(50));
    assert_eq!(results[0].to_string(), "checked: failed: the check is not done within 50ms");
}

#[test]
fn logs_a_line_at_the_start_on_request() -> TestResult {
    assert!(lines_with("no logger yet").is_empty());
    let collector = Collector::start([])?;
    let closed = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let reporter = BatchReporter::new(Otlp::http(&collector.url())?)
        .transport(Otlp::http(&format!("http://{closed}"))?)
        .check_at_start(PATIENCE);
    let (_tracer, _guard) = reporter.start(Tracer::builder("shop"))?;
    let lines = || [lines_with(&collector.url()), lines_with(&closed.to_string())].concat();
    let until = std::time::Instant::now() + PATIENCE;
    while lines().len() < 2 && std::time::Instant::now() < until {
        std::thread::yield_now();
    }
    let lines = lines();
    let levels: Vec<_> = lines.iter().map(|(level, _)| *level).collect();
    assert_eq!(levels, [log::Level::Info, log::Level::Warn], "{lines:?}");
    assert!(lines[1].1.starts_with("otlp: failed: no connection to "), "{lines:?}");
    Ok(())
}

#[cfg(all(feature = "jaeger", feature = "otlp-json", feature = "zipkin"))]
#[test]
fn real_backends_accept_a_request_without_spans() -> TestResult {
    use opentracing_reporter::{Jaeger, Zipkin};

    use crate::support::net::addresses;

    let variables = [
        "OTLP_URL",
        "OTLP_GRPC_URL",
        "OTELCOL_ZIPKIN_URL",
        "OTELCOL_JAEGER_URL",
        "ZIPKIN_URL",
        "JAEGER_URL",
        "JAEGER_OTLP_URL",
    ];
    let Some([http, grpc, as_zipkin, as_jaeger, zipkin, jaeger, jaeger_otlp]) = addresses(variables) else {
        return Ok(());
    };
    let reporter = BatchReporter::new(Otlp::http(&http)?)
        .transport(Otlp::http(&http)?.gzip())
        .transport(Otlp::http_json(&http)?)
        .transport(Otlp::grpc(&grpc)?)
        .transport(Zipkin::new(&as_zipkin)?)
        .transport(Jaeger::http(&as_jaeger)?)
        .transport(Zipkin::new(&zipkin)?)
        .transport(Jaeger::http(&jaeger)?)
        .transport(Otlp::http(&jaeger_otlp)?);
    for result in reporter.check(PATIENCE) {
        assert!(matches!(result.outcome(), CheckOutcome::Passed(_)), "{result}");
    }
    // The ports of the wrong protocol.
    let lines: Vec<_> = BatchReporter::new(Otlp::http(&grpc)?)
        .transport(Otlp::grpc(&http)?)
        .transport(Otlp::http(&zipkin)?)
        .check(PATIENCE)
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected = [
        "OTLP over HTTP usually has the port 4318",
        "OTLP over gRPC usually has the port 4317",
        "is it the right server",
    ];
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with("otlp: failed: ") && line.contains(expected), "{line}");
    }
    Ok(())
}
