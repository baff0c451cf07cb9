//! Requests: headers, chunks, and what the agent's answers mean.

use opentracing_core::{FlushError, Sampling, SpanContext, SpanId, SpanKind, TraceId, Tracer};
use opentracing_reporter::{BatchReporter, Datadog, Endpoint, Spool};
use serde_json::Value as Json;

use super::{chunks, request, shop};
use crate::support::collector::{Collector, Hand, Reply, stepped};
use crate::support::transports::{NEVER, PATIENCE};

#[test]
fn sends_the_headers_of_a_tracer() {
    let got = request(shop(), |tracer| {
        tracer.span("a").start().finish();
        tracer.span("b").start().finish();
    });
    assert_eq!(got.line, "PUT /v0.4/traces HTTP/1.1");
    for (name, value) in [
        ("content-type", "application/msgpack"),
        ("x-datadog-trace-count", "2"),
        ("datadog-meta-lang", "rust"),
        ("datadog-meta-tracer-version", env!("CARGO_PKG_VERSION")),
        ("datadog-client-computed-top-level", "yes"),
        ("datadog-client-dropped-p0-traces", "0"),
        ("datadog-send-real-http-status", "true"),
    ] {
        assert_eq!(got.header(name), Some(value), "{name}");
    }
    assert_eq!(got.header("content-length"), Some(&*got.body.len().to_string()));
    assert!(got.header("datadog-meta-lang-version").is_some());
    assert_eq!(got.header("datadog-container-id"), None);
    let got = request(shop().tag("container.id", "8c046cb0b72c"), |tracer| tracer.span("a").start().finish());
    assert_eq!(got.header("datadog-container-id"), Some("8c046cb0b72c"));
    let got = request(shop().tag("container.id", "\n"), |tracer| tracer.span("a").start().finish());
    assert_eq!(got.header("datadog-container-id"), None);
}

#[test]
fn headers_of_the_user_replace_ours() {
    let server = Collector::start([]).expect("a port is free");
    let endpoint: Endpoint = server.url().parse().expect("that is an address");
    let endpoint = endpoint.header("Datadog-Meta-Lang", "rust-fork").and_then(|with| with.header("dd-extra", "1"));
    let datadog = Datadog::agent(endpoint.expect("those are headers")).expect("it is valid");
    let tracer = shop().build_inline(BatchReporter::new(datadog).batch_delay(NEVER));
    tracer.span("a").start().finish();
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let got = server.next();
    assert_eq!((got.header("datadog-meta-lang"), got.header("dd-extra")), (Some("rust-fork"), Some("1")));
}

/// The span ids of each chunk.
fn ids(chunks: &[Vec<Json>]) -> Vec<Vec<u64>> {
    chunks.iter().map(|chunk| chunk.iter().filter_map(|span| span["span_id"].as_u64()).collect()).collect()
}

#[test]
fn the_spans_of_a_trace_are_one_chunk() {
    let elsewhere =
        |high| SpanContext::new(TraceId::from_parts(high, 1), SpanId::new(99)).with_sampling(Sampling::Sampled);
    let got = request(shop(), |tracer| {
        let first = tracer.span("1").start();
        let second = tracer.span("2").start();
        let child = tracer.span("3").child_of(&first).start();
        tracer.span("4").child_of(&child).start().finish();
        child.finish();
        tracer.span("5").child_of(&second).start().finish();
        first.finish();
        second.finish();
        // The lower half of the trace id alone is no trace.
        tracer.span("6").child_of(&elsewhere(7)).start().finish();
    });
    let chunks = chunks(&got);
    assert_eq!(ids(&chunks), [vec![1, 4, 3], vec![2, 5], vec![6]]);
    assert_eq!(got.header("x-datadog-trace-count"), Some("3"));
    for chunk in &chunks {
        let of_chunk =
            |span: &Json| (span["metrics"]["_sampling_priority_v1"].as_f64(), span["meta"]["language"].is_string());
        assert_eq!(of_chunk(&chunk[0]), (Some(1.0), true));
        assert!(chunk[1..].iter().all(|span| of_chunk(span) == (None, false)), "{chunk:?}");
        let tops: Vec<_> = chunk.iter().map(|span| span["metrics"]["_dd.top_level"].as_f64()).collect();
        assert!(tops[0] == Some(1.0) && tops[1..].iter().all(Option::is_none), "{tops:?}");
    }
    assert_eq!(chunks[2][0]["meta"]["_dd.p.tid"], "0000000000000007");
    assert_eq!(chunks[0][0]["meta"]["_dd.p.tid"], Json::Null);
}

#[test]
fn a_chunk_without_its_root_has_a_first_span_too() {
    let server = Collector::start([]).expect("a port is free");
    let datadog = Datadog::agent(&server.url()).expect("that is an address");
    let tracer = shop().build_inline(BatchReporter::new(datadog).batch_delay(NEVER));
    let root = tracer.span("root").kind(SpanKind::Server).start();
    tracer.span("early").child_of(&root).start().finish();
    tracer.span("later").child_of(&root).start().finish();
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let early = chunks(&server.next());
    assert_eq!(ids(&early), [vec![2, 3]]);
    assert_eq!(
        (&early[0][0]["metrics"]["_sampling_priority_v1"], &early[0][0]["meta"]["language"]),
        (&1.0.into(), &"rust".into())
    );
    root.finish();
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let late = chunks(&server.next());
    assert_eq!((ids(&late), &late[0][0]["meta"]["language"]), (vec![vec![1]], &"rust".into()));
}

/// A tracer, a clock that the test moves, and an agent that answers as scripted.
fn scripted(replies: impl IntoIterator<Item = Reply>) -> (Tracer, Hand, Collector) {
    let (server, clock) = (Collector::start(replies).expect("a port is free"), Hand::new());
    let datadog = Datadog::agent(&server.url()).expect("that is an address").clock(clock.shared());
    (stepped(BatchReporter::new(datadog).batch_delay(std::time::Duration::ZERO)), clock, server)
}

#[test]
fn an_overloaded_agent_gets_the_request_again() {
    let (tracer, clock, server) = scripted([Reply::status("429 Too Many Requests"), Reply::status("503 Unavailable")]);
    tracer.span("a").start().finish();
    let step = || _ = tracer.flush(std::time::Duration::from_millis(200));
    step();
    let first = server.next();
    for _ in 0..2 {
        step();
        clock.advance(std::time::Duration::from_secs(40));
        step();
        assert_eq!(server.next().body, first.body);
    }
    step();
    let stats = tracer.stats().reporter;
    assert_eq!((stats.sent, stats.dropped_failed), (1, 0));
}

#[test]
fn a_request_that_is_too_large_is_halved() {
    let server = Collector::deciding(|got| match got.header("x-datadog-trace-count") {
        Some("1") => Reply::ok(),
        _ => Reply::status("413 Request Entity Too Large"),
    });
    let server = server.expect("a port is free");
    let datadog = Datadog::agent(&server.url()).expect("that is an address");
    let tracer = shop().build_inline(BatchReporter::new(datadog).batch_delay(NEVER));
    (0..4).for_each(|_| tracer.span("a").start().finish());
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let sizes: Vec<_> = server.all().iter().map(|got| chunks(got).len()).collect();
    assert_eq!(sizes, [4, 2, 1, 1, 2, 1, 1]);
    assert_eq!(tracer.stats().reporter.sent, 4);
}

#[test]
fn a_refused_span_is_dropped_and_named() {
    let (tracer, _, server) = scripted([Reply::status("400 Bad Request")]);
    tracer.span("a").start().finish();
    while tracer.stats().reporter.dropped_failed == 0 {
        let _ = tracer.flush(std::time::Duration::from_millis(10));
    }
    assert_eq!(server.all().len(), 1);
    let error = tracer.stats().transports[0].last_error.clone().unwrap_or_default();
    assert!(error.contains("400"), "{error}");
}

#[test]
fn large_batches_are_split() {
    let got = Collector::start([]).expect("a port is free");
    let datadog = Datadog::agent(&got.url()).expect("that is an address");
    let mut limits = opentracing_core::Limits::default();
    limits.value_bytes = 1 << 20;
    let tracer = shop().limits(limits).build_inline(BatchReporter::new(datadog).batch_delay(NEVER));
    for _ in 0..10 {
        tracer.span("a").tag("large", "x".repeat(1 << 20).as_str()).start().finish();
    }
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let requests = got.all();
    assert!(requests.iter().all(|request| request.body.len() < 8 << 20));
    assert_eq!(requests.iter().map(|request| chunks(request).len()).sum::<usize>(), 10);
}

#[test]
fn spans_wait_on_a_disk_for_the_agent() {
    let folder = tempfile::tempdir().expect("a folder");
    let spooled = |url: &str| {
        let datadog = Datadog::agent(url).expect("that is an address").spool(Spool::new(folder.path()));
        shop().build_inline(BatchReporter::new(datadog.expect("the folder is empty")).batch_delay(NEVER))
    };
    let nobody = Collector::start(std::iter::repeat_n(Reply::status("503 Unavailable"), 9)).expect("a port is free");
    let tracer = spooled(&nobody.url());
    let root = tracer.span("root").start();
    tracer.span("child").child_of(&root).start().finish();
    root.finish();
    assert!(matches!(tracer.close(std::time::Duration::from_millis(300)), Ok(()) | Err(FlushError::Timeout)));
    drop(tracer);
    let server = Collector::start([]).expect("a port is free");
    let tracer = spooled(&server.url());
    tracer.span("new").start().finish();
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let chunks: Vec<_> = server.all().iter().flat_map(chunks).collect();
    let resources: Vec<Vec<_>> =
        chunks.iter().map(|chunk| chunk.iter().filter_map(|span| span["resource"].as_str()).collect()).collect();
    assert_eq!(resources, [vec!["root", "child"], vec!["new"]]);
}

#[test]
fn a_check_sends_no_spans() {
    let server = Collector::start([]).expect("a port is free");
    let datadog = Datadog::agent(&server.url()).expect("that is an address");
    let results = BatchReporter::new(datadog).check(PATIENCE);
    let line = results.iter().map(ToString::to_string).collect::<String>();
    assert!(line.starts_with(&format!("datadog: {}/v0.4/traces accepts spans (", server.url())), "{line}");
    let got = server.next();
    assert_eq!((&*got.line, got.header("x-datadog-trace-count")), ("PUT /v0.4/traces HTTP/1.1", Some("0")));
    assert_eq!(chunks(&got), Vec::<Vec<Json>>::new());
}
