//! Instana's serverless endpoint.

use opentracing_core::{SpanKind, Tracer};
use opentracing_reporter::{BatchReporter, Instana, InstanaSpanFormat};

use super::agent::{Judge, StandIn};
use crate::support::transports::PATIENCE;

#[test]
fn sends_bundles_with_the_key() -> std::io::Result<()> {
    for path in ["", "/"] {
        let endpoint = StandIn::start(0, Judge::serverless("secret"))?;
        let transport = Instana::serverless(&[&endpoint.url(), path].concat(), "secret").expect("an address");
        // There is only one format here.
        let transport = transport.span_format(InstanaSpanFormat::TraceWebService);
        let (tracer, guard) = BatchReporter::new(transport).start(Tracer::builder("shop"))?;
        for _ in 0..2 {
            tracer.span("GET /").kind(SpanKind::Server).tag("http.method", "GET").start().finish();
            assert_eq!(guard.flush(PATIENCE), Ok(()));
        }
        let judge = endpoint.judge();
        assert_eq!(judge.refusals, []);
        assert_eq!(judge.sizes, [1, 1]);
        let transport = &tracer.stats().transports[0];
        assert_eq!((transport.bytes, transport.latency.count()), (judge.bytes as u64, 2));
        let [span, _] = &judge.spans[..] else { panic!("two spans") };
        assert_eq!(span["n"], "g.http");
        assert_eq!(span["f"]["cp"], "generic_serverless");
    }
    Ok(())
}

#[test]
fn a_wrong_key_drops_the_spans_and_is_not_printed() -> std::io::Result<()> {
    let endpoint = StandIn::start(0, Judge::serverless("secret"))?;
    let transport = Instana::serverless(&endpoint.url(), "mistake").expect("an address");
    let shown = format!("{transport:?}");
    assert!(!shown.contains("mistake"), "{shown}");
    let (tracer, guard) = BatchReporter::new(transport).start(Tracer::builder("shop"))?;
    tracer.span("work").start().finish();
    assert!(guard.flush(PATIENCE).is_err());
    assert_eq!(tracer.stats().reporter.dropped_failed, 1);
    Ok(())
}

#[test]
fn refuses_a_key_that_is_not_valid_in_a_header() {
    let error = Instana::serverless("http://127.0.0.1:1", "a\nb").expect_err("two lines").to_string();
    assert!(error.contains("x-instana-key"), "{error}");
}
