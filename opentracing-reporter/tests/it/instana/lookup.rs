//! Finding the agent.

use std::io;
use std::time::Duration;

use opentracing_core::Tracer;
use opentracing_reporter::{BatchReporter, Instana, InstanaAgentFallback};

use super::agent::{Judge, StandIn};
use super::instana;
use crate::support::transports::{NEVER, PATIENCE, finish_spans};

/// A loopback port without a server.
fn free_port() -> io::Result<u16> {
    StandIn::start(0, Judge::default()).map(|agent| agent.port())
}

#[track_caller]
fn check_names(agent: &StandIn, expected: &[&str]) {
    let judge = agent.judge();
    assert_eq!(judge.refusals, []);
    let names: Vec<_> = judge.spans.iter().map(|span| span["data"]["sdk"]["name"].as_str().unwrap_or("?")).collect();
    assert_eq!(names, expected);
}

#[test]
fn spans_wait_for_an_agent_that_starts_later() -> io::Result<()> {
    let port = free_port()?;
    let transport = Instana::agent(&format!("http://127.0.0.1:{port}")).expect("an address");
    let reporter =
        BatchReporter::new(transport.agent_fallback(InstanaAgentFallback::None)).queue_size(2).batch_delay(NEVER);
    let (tracer, guard) = reporter.start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 2);
    assert!(guard.flush(Duration::from_millis(300)).is_err(), "there is no agent");
    finish_spans(&tracer, 3);
    assert!(guard.flush(Duration::from_millis(300)).is_err(), "nor now");
    assert_eq!(tracer.stats().reporter.dropped_queue_full, 3, "what waits is bounded");

    let agent = StandIn::start(port, Judge::default())?;
    // Fails only because of spans dropped before.
    let _ = guard.flush(PATIENCE);
    check_names(&agent, &["0", "1"]);
    finish_spans(&tracer, 1);
    assert_eq!(guard.flush(PATIENCE), Ok(()));
    check_names(&agent, &["0", "1", "0"]);
    Ok(())
}

#[test]
fn finds_a_restarted_agent() -> io::Result<()> {
    let agent = StandIn::start(0, Judge::default())?;
    let port = agent.port();
    let (tracer, guard) = BatchReporter::new(instana(&agent)).batch_delay(NEVER).start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 1);
    assert_eq!(guard.flush(PATIENCE), Ok(()));
    check_names(&agent, &["0"]);
    drop(agent);
    finish_spans(&tracer, 2);
    assert!(guard.flush(Duration::from_millis(300)).is_err(), "there is no agent");

    // It answers `GET /` before its other paths exist.
    let agent = StandIn::start(port, Judge::starting(2))?;
    assert_eq!(guard.flush(PATIENCE), Ok(()));
    check_names(&agent, &["0", "1"]);
    assert_eq!(tracer.stats().lost(), 0);
    Ok(())
}

#[test]
fn falls_back_to_the_default_gateway() -> io::Result<()> {
    const HEAD: &str = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT";
    let gateway = u32::from_ne_bytes([127, 0, 0, 1]);
    let cases = [
        (
            "gateway",
            format!("{HEAD}\neth0 0000FEA9 00000000 0001 0 0 0 0 0 0 0\neth0 00000000 {gateway:08X} 0003 0 0 0\n"),
            1,
        ),
        ("route without one", format!("{HEAD}\neth0 00000000 {gateway:08X} 0001 0 0 0\n"), 0),
        ("route to somewhere", format!("{HEAD}\neth0 0000000A {gateway:08X} 0003 0 0 0\n"), 0),
        ("something else", "\u{0}\n00000000 x\nflags".to_owned(), 0),
    ];
    for (name, routes, expected) in cases {
        let agent = StandIn::start(0, Judge::default())?;
        let file = std::env::temp_dir().join(format!("opentracing-routes-{}-{}", std::process::id(), agent.port()));
        std::fs::write(&file, routes)?;
        // A loopback address without a server.
        let transport = Instana::agent(&format!("http://127.9.9.9:{}", agent.port())).expect("an address");
        let reporter =
            BatchReporter::new(transport.agent_fallback(InstanaAgentFallback::DefaultGatewayIn(file.clone())));
        let (tracer, guard) = reporter.batch_delay(NEVER).start(Tracer::builder("shop"))?;
        finish_spans(&tracer, 1);
        let limit = if expected == 0 { Duration::from_millis(300) } else { PATIENCE };
        assert_eq!(guard.flush(limit).is_ok(), expected == 1, "{name}");
        assert_eq!(agent.judge().spans.len(), expected, "{name}");
        let _ = guard.close(Duration::ZERO);
        std::fs::remove_file(&file)?;
    }
    Ok(())
}

#[test]
fn refuses_an_invalid_address() {
    let error = Instana::agent("127.0.0.1:42699").expect_err("no scheme").to_string();
    assert!(error.contains("http://"), "{error}");
}
