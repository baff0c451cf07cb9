//! Allocations, counted on this thread.

use std::time::Duration;

use opentracing_core::{Batch, Reporter, Tracer};
use opentracing_tracing::TracerLayer;
use tracing::{Subscriber, info_span};
use tracing_subscriber::layer::{Layer, SubscriberExt};

struct Discard;

impl Reporter for Discard {
    fn report(&mut self, _: Batch<'_>) {}
}

struct Nothing;

impl<S: Subscriber> Layer<S> for Nothing {}

/// The allocations of some hundred rounds, after others have filled the pools.
fn allocations(tracer: &Tracer, subscriber: impl Subscriber + Send + Sync, work: fn()) -> u64 {
    let rounds = || (0..300).for_each(|_| work());
    tracing::subscriber::with_default(subscriber, || {
        for _ in 0..3 {
            rounds();
            tracer.flush(Duration::from_secs(20)).expect("the reporter keeps up");
        }
        allocation_counter::measure(rounds).count_total
    })
}

#[test]
fn spans_and_events_allocate_nothing_of_ours() {
    let rows: [(&str, fn()); 4] = [
        ("span", || info_span!("span").in_scope(|| {})),
        ("fields", || info_span!("span", rows = 3, name = "x", debug = ?[1, 2]).in_scope(|| {})),
        ("event", || info_span!("span").in_scope(|| tracing::warn!(rows = 3, "{} rows", 3))),
        ("nested", || info_span!("outer").in_scope(|| info_span!("inner").in_scope(|| {}))),
    ];
    for (name, work) in rows {
        let tracer = Tracer::builder("cost").build_inline(Discard);
        let layer = TracerLayer::with_tracer(tracer.clone());
        let without = allocations(&tracer, tracing_subscriber::registry().with(Nothing), work);
        let with_layer = allocations(&tracer, tracing_subscriber::registry().with(layer), work);
        // A record that no round before has used may grow.
        assert!(with_layer <= without + 3, "{name}: {with_layer} in 300 rounds, {without} without the layer");
    }
}
