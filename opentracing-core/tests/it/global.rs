//! The no-op tracer and the global one: the requirements N1 and N2 and G1 to G5. N3, no cost, is a test of the benchmarks; G6 is on the
//! pages of the adapters. One test only touches the global tracer.

use std::collections::HashMap;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{Binary, HttpHeaders, TextMap};
use opentracing_core::{PoolSource, PoolStats, PoolWaits, Span, SpanContext, SpanId, TraceId, Tracer};

#[test]
fn n1_n2_the_noop_tracer_does_nothing_and_succeeds() {
    let tracer = Tracer::noop();
    let mut span = tracer.span("work").tag("a", 1).start();
    span.set_tag("b", 2).log("c").set_baggage_item("d", "e").set_operation_name("f");
    assert!(span.context().is_none() && !span.is_recording());
    assert_eq!(span.baggage_item("d"), None);
    let scope = span.activate();
    assert!(tracer.active_context().is_none());
    assert_eq!(tracer.with_active(|_| ()), None);
    drop(scope);

    let context = SpanContext::new(TraceId::from_parts(0, 1), SpanId::new(1));
    let (mut text, mut bytes) = (HashMap::<String, String>::new(), Vec::new());
    tracer.inject(&context, TextMap, &mut text).unwrap();
    tracer.inject(&context, HttpHeaders, &mut text).unwrap();
    tracer.inject(&context, Binary, &mut bytes).unwrap();
    assert!(text.is_empty() && bytes.is_empty());
    text.insert("traceparent".into(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into());
    assert!(tracer.extract(HttpHeaders, &text).unwrap().is_none());
    assert!(tracer.flush(Duration::ZERO).is_ok() && tracer.close(Duration::ZERO).is_ok());
    assert_eq!(tracer.stats(), Default::default());
    assert!(Span::noop().tracer().is_noop());
}

struct EarlyPool;

impl PoolSource for EarlyPool {
    fn stats(&self) -> PoolStats {
        PoolWaits::new().stats("early")
    }
}

#[test]
fn g1_to_g5_the_global_tracer_is_registered_once() {
    // G1: does nothing by default.
    let early = Tracer::global();
    assert!(early.is_noop() && !Tracer::is_global_registered());
    assert!(early.warn_if_unregistered());
    early.span("lost").start().finish();
    let pool = Arc::new(EarlyPool);
    early.watch_pool(&pool);
    assert_eq!(early.stats().pools, []);

    // G2: not into itself.
    let itself = Tracer::set_global(Tracer::global()).unwrap_err();
    assert_eq!(itself.to_string(), "the global tracer cannot be registered as itself");
    assert!(!Tracer::is_global_registered());

    // G5: of many, one wins.
    let mocks: Vec<MockTracer> = (0..8).map(|_| MockTracer::new()).collect();
    let start = Barrier::new(mocks.len());
    let won: Vec<bool> = std::thread::scope(|threads| {
        let register = |mock: &MockTracer| {
            let tracer = mock.tracer().clone();
            let start = &start;
            threads.spawn(move || {
                start.wait();
                Tracer::set_global(tracer).is_ok()
            })
        };
        let threads: Vec<_> = mocks.iter().map(register).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let winner = &mocks[won.iter().position(|won| *won).unwrap()];

    // G3: a handle from before forwards to it. G4: it is registered now.
    assert!(Tracer::is_global_registered() && !early.is_noop() && !early.warn_if_unregistered());
    early.span("recorded").start().finish();
    winner.assert_tree("recorded");
    let pools = winner.tracer().stats().pools;
    assert_eq!(pools.iter().map(|pool| &*pool.name).collect::<Vec<_>>(), ["early"]);

    // G2: a second one gets its tracer back.
    let second = Tracer::set_global(mocks[0].tracer().clone()).unwrap_err();
    assert_eq!(second.to_string(), "a global tracer is registered already");
    assert!(!second.into_tracer().is_noop());
}
