//! Addresses at which something else answers: the last error says what is probably wrong.

use std::time::Duration;

use opentracing_core::{FlushError, Tracer};
use opentracing_reporter::{BatchReporter, Otlp};

use crate::otlp::spans::TestResult;
use crate::support::collector::{Collector, Reply};
use crate::support::service::{Answer, Service, Version};
use crate::support::transports::{NEVER, PATIENCE, finish_spans};

#[track_caller]
fn check(otlp: Otlp, limit: Duration, expected: FlushError, parts: &[&str]) -> TestResult {
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
    finish_spans(&tracer, 1);
    while tracer.stats().transports.first().is_none_or(|stats| stats.last_error.is_none()) {
        assert_eq!(tracer.flush(limit), Err(expected));
    }
    let error = tracer.stats().transports.remove(0).last_error.ok_or("it has failed")?;
    assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    let _ = tracer.close(Duration::ZERO);
    Ok(())
}

const HTML: &[&str] = &["content-type: text/html; charset=utf-8"];

#[test]
fn names_what_is_wrong_with_an_http_address() -> TestResult {
    let page = || b"<!doctype html><title>Sign in</title>".to_vec();
    let https = |body: &[u8]| Reply::Say("400 Bad Request", &[], body.to_vec());
    let rows = [
        ("", Reply::Say("200 OK", HTML, page()), "answers with a web page"),
        ("", Reply::Say("403 Forbidden", HTML, page()), "answers with a web page"),
        ("", Reply::status("404 Not Found"), "is it the right server and port?"),
        ("/v1/spans", Reply::status("404 Not Found"), "is the path right? Usually it is /v1/traces"),
        ("/v1/spans", Reply::status("405 Method Not Allowed"), "is the path right?"),
        ("/v1/traces/v1/traces", Reply::status("404 Not Found"), "contains /v1/traces twice"),
        ("", https(b"Client sent an HTTP request to an HTTPS server."), "use https:// instead of http://"),
        (
            "",
            https(b"<center>The plain HTTP request was sent to HTTPS port</center>"),
            "use https:// instead of http://",
        ),
    ];
    for (path, reply, expected) in rows {
        let collector = Collector::start([reply])?;
        let address = format!("{}{path}", collector.url());
        check(Otlp::http(&address)?, PATIENCE, FlushError::Failed, &[&address, expected])?;
    }
    Ok(())
}

#[test]
fn says_nothing_about_the_address_of_a_server_that_is_away() -> TestResult {
    let collector = Collector::start([Reply::Say("503 Service Unavailable", HTML, b"<p>busy".to_vec())])?;
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(Otlp::http(&collector.url())?));
    finish_spans(&tracer, 1);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let error = tracer.stats().transports.remove(0).last_error.ok_or("it has failed once")?;
    assert_eq!(error, "the server answered 503 Service Unavailable: <p>busy".into());
    Ok(())
}

#[test]
fn knows_the_port_of_the_other_protocol() -> TestResult {
    const A_WHILE: Duration = Duration::from_millis(20);
    let grpc = Service::start(Version::Http2, None, [])?;
    let address = format!("http://{}", grpc.address);
    check(Otlp::http(&address)?, A_WHILE, FlushError::Timeout, &[&address, "does not speak HTTP/1.1", "4318"])?;
    let http = Collector::start([])?;
    check(Otlp::grpc(&http.url())?, A_WHILE, FlushError::Timeout, &[&http.url(), "does not speak HTTP/2", "4317"])
}

#[test]
fn knows_a_server_that_does_not_speak_grpc() -> TestResult {
    for status in [200, 404] {
        let service = Service::start(Version::Http2, None, [Answer { status, ..Answer::default() }])?;
        let address = format!("http://{}", service.address);
        let expected = [&*address, "does not answer as a gRPC server"];
        check(Otlp::grpc(&address)?, PATIENCE, FlushError::Failed, &expected)?;
    }
    Ok(())
}
