//! Endpoints: addresses, headers, credentials.

use std::io::Read;

use flate2::read::GzDecoder;
use opentracing_core::Tracer;
use opentracing_reporter::{BatchReporter, Endpoint, InvalidEndpoint, Otlp};

use crate::otlp::spans::{TestResult, names_in};
use crate::support::collector::Collector;
use crate::support::transports::{NEVER, PATIENCE, finish_spans, names};

#[test]
fn parses_addresses() {
    #[track_caller]
    fn check(address: &str, expected: &str) {
        let endpoint = address.parse::<Endpoint>().expect("that is an address");
        assert_eq!(format!("{endpoint:?}"), format!("Endpoint({expected})"));
    }
    check("http://127.0.0.1:4318", "http://127.0.0.1:4318/");
    check("http://[::1]:4318/v1/traces", "http://[::1]:4318/v1/traces");
    check("http://collector", "http://collector/");
    check("http://shop:s%20e@collector:1/x?a=b", "http://collector:1/x?a=b, authorization");
    #[cfg(feature = "tls")]
    check("https://collector.example", "https://collector.example/");
    #[cfg(unix)]
    {
        check("unix:///run/collector.sock", "unix:///run/collector.sock");
        check("unix:/run/me@collector.sock", "unix:///run/me@collector.sock");
        check("UNIX:///run/collector.sock:/v1/traces?a=b", "unix:///run/collector.sock:/v1/traces?a=b");
    }
}

#[test]
fn explains_an_invalid_address() {
    #[track_caller]
    fn check(address: &str, shown: &str, problem: &str) {
        let error = address.parse::<Endpoint>().expect_err("that is no address");
        assert_eq!(error.to_string(), format!("{shown:?} is not a valid endpoint: {problem}"));
    }
    let syntax = "expected an address such as http://127.0.0.1:4318";
    check("", "", syntax);
    check("http://", "http://", syntax);
    check("http://a b", "http://a b", syntax);
    check("collector:4318", "collector:4318", "it must start with http://, https:// or unix:");
    check("/v1/traces", "/v1/traces", "it must start with http://, https:// or unix:");
    check("ftp://collector", "ftp://collector", "the scheme is ftp, expected http, https or unix");
    check("http://collector:0", "http://collector:0", "the port must be a number from 1 to 65535");
    check("http://collector:65536", "http://collector:65536", "the port must be a number from 1 to 65535");
    check("http://me:se%ret@collector", "http://collector", "the user or password is invalid");
    #[cfg(unix)]
    {
        let socket = "expected the absolute path of a socket, such as unix:///run/collector.sock";
        check("unix:collector.sock", "unix:collector.sock", socket);
        check("unix://me@run/collector.sock", "unix://me@run/collector.sock", socket);
        check("unix:", "unix:", socket);
        check("unix:///run/collector.sock:/a b", "unix:///run/collector.sock:/a b", syntax);
        let long = format!("unix:///run/{}", "a".repeat(200));
        check(&long, &long, socket);
    }
    #[cfg(not(feature = "tls"))]
    check("https://collector", "https://collector", "https needs the feature tls of opentracing-reporter");
}

#[test]
fn refuses_invalid_headers() -> TestResult {
    let endpoint: Endpoint = "http://collector".parse()?;
    let rows = [
        ("name", endpoint.clone().header("a b", "c")),
        ("value", endpoint.clone().header("a", "b\nc")),
        ("token", endpoint.clone().bearer_auth("b\r\nx: y")),
        ("user", endpoint.basic_auth("a:b", "c")),
    ];
    for (name, refused) in rows {
        assert!(refused.is_err(), "{name}");
    }
    Ok(())
}

#[test]
fn sends_headers_and_credentials_but_does_not_print_them() -> TestResult {
    let endpoint = |collector: &Collector| -> Result<Endpoint, InvalidEndpoint> { collector.url().parse() };
    let with_user = |collector: &Collector| collector.url().replace("//", "//shop:geheim%3a@").parse::<Endpoint>();
    let collector = Collector::start([])?;
    let rows = [
        ("header", endpoint(&collector)?.header("x-api-key", "geheim")?, "x-api-key", "geheim"),
        ("basic", endpoint(&collector)?.basic_auth("shop", "geheim:")?, "authorization", "Basic c2hvcDpnZWhlaW06"),
        ("in the address", with_user(&collector)?, "authorization", "Basic c2hvcDpnZWhlaW06"),
        ("bearer", endpoint(&collector)?.bearer_auth("geheim")?, "authorization", "Bearer geheim"),
        (
            "the last one",
            endpoint(&collector)?.header("user-agent", "a")?.header("User-Agent", "b")?,
            "user-agent",
            "b",
        ),
    ];
    for (name, endpoint, header, value) in rows {
        let otlp = Otlp::http(endpoint)?;
        assert!(!format!("{otlp:?}").contains("geheim"), "{name}: {otlp:?}");
        let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
        finish_spans(&tracer, 1);
        assert_eq!(tracer.flush(PATIENCE), Ok(()), "{name}");
        assert_eq!(collector.next().header(header), Some(value), "{name}");
    }
    Ok(())
}

#[test]
fn keeps_the_path_of_the_address() -> TestResult {
    let collector = Collector::start([])?;
    let tracer = Tracer::builder("shop")
        .build_inline(BatchReporter::new(Otlp::http(&format!("{}/otlp?x=y", collector.url()))?).batch_delay(NEVER));
    finish_spans(&tracer, 1);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(collector.next().line, "POST /otlp?x=y HTTP/1.1");
    Ok(())
}

#[test]
fn compresses_bodies_on_request() -> TestResult {
    let collector = Collector::start([])?;
    let otlp = Otlp::http(&collector.url())?.gzip();
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
    finish_spans(&tracer, 300);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let mut got = collector.next();
    assert_eq!(got.header("content-encoding"), Some("gzip"));
    assert_eq!(tracer.stats().transports[0].bytes, got.body.len() as u64, "what left, not what it was before");
    let mut plain = Vec::new();
    GzDecoder::new(&*got.body).read_to_end(&mut plain)?;
    got.body = plain;
    assert_eq!(names_in(&got), names(300));
    Ok(())
}
