//! Allocations, counted on this thread.

use std::time::Duration;

use opentelemetry::trace::{Span, Tracer as _, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentracing_core::{Batch, Reporter, Tracer};
use opentracing_opentelemetry::{ProvidedTracer, Provider, connect_contexts};

struct Discard;

impl Reporter for Discard {
    fn report(&mut self, _: Batch<'_>) {}
}

const ROUNDS: u64 = 300;

/// What a round does, with a native tracer and its tracer of OpenTelemetry.
type Round<'a> = &'a dyn Fn(&Tracer, &ProvidedTracer);

#[test]
fn spans_allocate_only_for_their_contexts() {
    connect_contexts().expect("no other bridge exists in this process");
    let suppressed = Context::new().with_telemetry_suppressed();
    // A context allocates itself and a box for its span; a native span in a context is shared for it.
    let rows: [(&str, u64, Round<'_>); 5] = [
        ("attributes", 0, &|_, otel| {
            let mut span = otel.start("work");
            span.set_attribute(KeyValue::new("rows", 3));
            span.set_attribute(KeyValue::new("table", "users"));
        }),
        ("suppressed", 0, &|_, otel| drop(otel.start_with_context("work", &suppressed))),
        ("context", 2, &|_, otel| otel.in_span("work", |_| {})),
        ("child in a context", 2, &|_, otel| otel.in_span("work", |_| drop(otel.start("child")))),
        ("native scope", 3, &|native, otel| native.span("work").start().in_scope(|| drop(otel.start("child")))),
    ];
    for (name, each, work) in rows {
        let tracer = Tracer::builder("cost").build_inline(Discard);
        let otel = Provider::with_tracer(tracer.clone()).tracer("library");
        let rounds = || (0..ROUNDS).for_each(|_| work(&tracer, &otel));
        for _ in 0..3 {
            rounds();
            tracer.flush(Duration::from_secs(20)).expect("the reporter keeps up");
        }
        let allocations = allocation_counter::measure(rounds).count_total;
        // Records that no round before has used may grow.
        assert!(allocations <= each * ROUNDS + ROUNDS / 4, "{name}: {allocations} in {ROUNDS} rounds");
    }
}
