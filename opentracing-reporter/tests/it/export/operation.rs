//! The error about a span that is given up names its operation, for each encoding.

use std::sync::Arc;
use std::time::Duration;

use opentracing_core::{SpanKind, Tracer};
use opentracing_reporter::{BatchReporter, Otlp, Transport, TransportClock};

use crate::export::bad_batch::go_on;
use crate::otlp::spans::TestResult;
use crate::support::collector::{Collector, Hand, Reply};
use crate::support::transports::{NEVER, finish_spans};

type Made = Result<Box<dyn Transport>, Box<dyn std::error::Error>>;
type Clock = Arc<dyn TransportClock>;

/// A word without the digits of an id, a quotation mark, a backslash, control characters, a letter beyond ASCII.
const NAME: &str = "poison \"\\\u{1}\n\u{fc}";

fn internal(tracer: &Tracer) {
    tracer.span(NAME).start().finish();
}

/// A server that answers 503 to requests with `poison` in them.
#[track_caller]
fn check(name: &str, make: fn(&str, Clock) -> Made, finish_bad: fn(&Tracer), expected: &str) -> TestResult {
    let is_poisoned = |body: &[u8]| body.windows(6).any(|window| window == b"poison");
    let busy = Reply::Say("503 Service Unavailable", &[], b"no antidote".to_vec());
    let collector = Collector::deciding(move |got| if is_poisoned(&got.body) { busy.clone() } else { Reply::ok() })?;
    let hand = Hand::new();
    let transport = make(&collector.url(), hand.shared())?;
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(transport).batch_delay(NEVER));
    finish_spans(&tracer, 3);
    finish_bad(&tracer);
    go_on(&tracer, &hand, |stats| stats.dropped_failed == 1);
    // The rest is not awaited.
    let _ = tracer.close(Duration::ZERO);
    let error = tracer.stats().transports.remove(0).last_error.ok_or("it has failed")?;
    let named = format!("the span {expected:?} failed 5 times while others were accepted");
    assert!(error.contains(&named) && error.contains("503") && error.contains("no antidote"), "{name}: {error}");
    Ok(())
}

#[test]
fn of_otlp() -> TestResult {
    check("otlp", |url, clock| Ok(Box::new(Otlp::http(url)?.clock(clock))), internal, NAME)
}

#[cfg(feature = "zipkin")]
#[test]
fn of_zipkin() -> TestResult {
    use opentracing_reporter::Zipkin;

    check("zipkin", |url, clock| Ok(Box::new(Zipkin::new(url)?.clock(clock))), internal, NAME)
}

#[cfg(feature = "jaeger")]
#[test]
fn of_jaeger() -> TestResult {
    use opentracing_reporter::Jaeger;

    check("jaeger", |url, clock| Ok(Box::new(Jaeger::http(url)?.clock(clock))), internal, NAME)
}

#[cfg(feature = "instana")]
#[test]
fn of_instana() -> TestResult {
    use opentracing_reporter::{Instana, InstanaSpanFormat};

    let native = |url: &str, clock| -> Made { Ok(Box::new(Instana::serverless(url, "key")?.clock(clock))) };
    let web_service = |url: &str, clock| -> Made {
        let instana = Instana::agent(url)?.span_format(InstanaSpanFormat::TraceWebService);
        Ok(Box::new(instana.clock(clock)))
    };
    check("native, without a type", native, internal, NAME)?;
    check("native, HTTP", native, |tracer| http(tracer, None), "g.http /poison")?;
    check("native, HTTP with a route", native, |tracer| http(tracer, Some("/poison/{id}")), "g.http /poison/{id}")?;
    check("native, SQL", native, sql, "postgres SELECT poison")?;
    check("trace web service", web_service, internal, NAME)
}

#[cfg(feature = "instana")]
fn http(tracer: &Tracer, route: Option<&str>) {
    let mut span = tracer.span("GET");
    span.kind(SpanKind::Server)
        .tag("http.method", "GET")
        .tag("http.url", "http://shop/poison")
        .tag("http.route", route);
    span.start().finish();
}

#[cfg(feature = "instana")]
fn sql(tracer: &Tracer) {
    let root = tracer.span("root").start();
    let mut span = tracer.span("SELECT");
    span.child_of(&root).kind(SpanKind::Client).tag("db.type", "postgresql").tag("db.statement", "SELECT poison");
    span.start().finish();
}
