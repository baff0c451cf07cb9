//! The limits of the agent.

use std::time::Duration;

use opentracing_core::{Limits, SpanKind, Tracer};
use opentracing_reporter::{BatchReporter, Instana, InstanaAgentFallback, InstanaRootExits, InstanaSpanFormat, Spool};

use super::agent::{Judge, StandIn};
use super::{instana, reported};
use crate::support::transports::{NEVER, PATIENCE};

/// The core's limit of a value.
const LONG: usize = 4096;

#[test]
fn sends_at_most_a_thousand_spans_per_request_including_log_spans() -> std::io::Result<()> {
    for (form, expected) in
        [(InstanaSpanFormat::Native, &[1000, 1000, 500][..]), (InstanaSpanFormat::TraceWebService, &[1000, 250])]
    {
        let agent = StandIn::start(0, Judge::default())?;
        let reporter =
            BatchReporter::new(instana(&agent).span_format(form)).queue_size(5000).batch_size(5000).batch_delay(NEVER);
        let (tracer, guard) = reporter.start(Tracer::builder("shop"))?;
        for _ in 0..1250 {
            let mut span = tracer.span("work").kind(SpanKind::Server).start();
            span.log_kv(&[("event", "error".into()), ("message", "no bread".into())]);
        }
        assert_eq!(guard.close(PATIENCE), Ok(()));
        assert_eq!(agent.judge().refusals, []);
        assert_eq!(agent.judge().sizes, expected, "{form:?}");
        assert_eq!(tracer.stats().reporter.sent, 1250);
    }
    Ok(())
}

#[test]
fn splits_oversized_requests() -> std::io::Result<()> {
    let text = "x".repeat(LONG);
    let spans = reported(
        InstanaSpanFormat::Native,
        InstanaRootExits::Suppressed,
        Tracer::builder("shop").ring_capacity(256),
        |tracer| {
            for _ in 0..60 {
                let mut span = tracer.span("work").start();
                for tag in
                    ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s"]
                {
                    span.set_tag(tag, &text);
                }
            }
        },
    )?;
    assert_eq!(spans.len(), 60, "of 4.6 MB");
    Ok(())
}

#[test]
fn truncates_web_service_spans_to_four_kibibytes() -> std::io::Result<()> {
    let text = "ü\"".repeat(LONG / 3);
    let limits = Limits::default();
    let builder = Tracer::builder("shop").limits(limits);
    let spans = reported(InstanaSpanFormat::TraceWebService, InstanaRootExits::Suppressed, builder, |tracer| {
        let mut span = tracer.span("name".repeat(1000)).kind(SpanKind::Server).start();
        for number in 0..100 {
            span.set_tag(format!("tag {number}").as_str().to_owned().leak() as &'static str, &text);
        }
        span.set_tag("last", "short");
    })?;
    let [span] = &spans[..] else { panic!("one span, not {}", spans.len()) };
    assert_eq!(span["type"], "ENTRY");
    for tag in ["tag 0", "tag 8"] {
        assert!(span["data"][tag].as_str().is_some_and(|value| value.len() == 255), "{tag}: {span}");
    }
    assert_eq!(span["data"].get("tag 90"), None, "what does not fit is left out");
    assert_eq!(span["data"]["last"], "short", "what fits is not");
    Ok(())
}

/// Spooled spans are already encoded.
#[test]
fn each_format_has_a_spool_of_its_own() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let start = |transport: Instana| {
        let transport = transport.spool(Spool::new(folder.path()))?;
        BatchReporter::new(transport).batch_delay(NEVER).start(Tracer::builder("shop"))
    };
    let agents = || StandIn::start(0, Judge::default());
    for form in [InstanaSpanFormat::Native, InstanaSpanFormat::TraceWebService] {
        let unused_address = agents()?.url();
        let away = Instana::agent(&unused_address)
            .expect("an address")
            .agent_fallback(InstanaAgentFallback::None)
            .span_format(form);
        let (tracer, guard) = start(away)?;
        tracer.span("work").start().finish();
        assert_eq!(guard.close(Duration::from_millis(300)), Ok(()), "on the disk");
    }
    let (endpoint, agent) = (StandIn::start(0, Judge::serverless("secret"))?, agents()?);
    let serverless = Instana::serverless(&endpoint.url(), "secret").expect("an address");
    for (name, transport, inherited) in [
        ("serverless", serverless, 0),
        ("native", instana(&agent), 1),
        ("web service", instana(&agent).span_format(InstanaSpanFormat::TraceWebService), 1),
    ] {
        let (tracer, guard) = start(transport)?;
        tracer.span("more").start().finish();
        assert_eq!(guard.close(PATIENCE), Ok(()), "{name}");
        assert_eq!(tracer.stats().transports[0].recovered_sent, inherited, "{name}");
    }
    assert_eq!(endpoint.judge().refusals, []);
    assert_eq!(agent.judge().refusals, []);
    Ok(())
}

#[test]
fn a_format_that_is_set_after_the_spool_has_no_effect() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let agent = StandIn::start(0, Judge::default())?;
    let transport = instana(&agent).spool(Spool::new(folder.path()))?.span_format(InstanaSpanFormat::TraceWebService);
    let (tracer, guard) = BatchReporter::new(transport).start(Tracer::builder("shop"))?;
    tracer.span("work").start().finish();
    assert_eq!(guard.close(PATIENCE), Ok(()));
    let judge = agent.judge();
    assert_eq!(judge.refusals, []);
    assert_eq!(judge.spans[0]["n"], "sdk", "native");
    Ok(())
}

/// The stand-in counts requests per second.
#[test]
fn sends_at_most_twenty_requests_per_second_on_one_connection() -> std::io::Result<()> {
    let agent = StandIn::start(0, Judge::default())?;
    let (tracer, guard) = BatchReporter::new(instana(&agent)).batch_delay(NEVER).start(Tracer::builder("shop"))?;
    for _ in 0..25 {
        tracer.span("work").start().finish();
        assert_eq!(guard.flush(PATIENCE), Ok(()));
    }
    assert_eq!(agent.judge().refusals, []);
    assert_eq!(agent.judge().sizes, [1; 25]);
    let transport = &tracer.stats().transports[0];
    assert_eq!((transport.bytes, transport.latency.count()), (agent.judge().bytes as u64, 25));
    assert!(transport.bytes > 0 && !transport.latency.sum().is_zero(), "{transport:?}");
    assert_eq!(agent.connections(), 1, "the agent looks up the process behind each connection");
    Ok(())
}

#[test]
fn tracers_of_a_process_share_the_request_limit() -> std::io::Result<()> {
    let agent = StandIn::start(0, Judge::default())?;
    let start = |name| BatchReporter::new(instana(&agent)).batch_delay(NEVER).start(Tracer::builder(name));
    let tracers = [start("shop")?, start("catalog")?, start("cart")?];
    std::thread::scope(|threads| {
        for (tracer, guard) in &tracers {
            threads.spawn(move || {
                for _ in 0..10 {
                    tracer.span("work").start().finish();
                    assert_eq!(guard.flush(PATIENCE), Ok(()));
                }
            });
        }
    });
    let judge = agent.judge();
    assert_eq!(judge.refusals, []);
    assert_eq!(judge.sizes, [1; 30]);
    Ok(())
}
