//! Tests of the public interface, one module a topic.

mod cost;
mod events;
mod fields;
#[cfg(feature = "fmt")]
mod fmt_lines;
#[cfg(feature = "log")]
mod log_records;
mod mixed;
mod parents;
mod tasks;
mod unusual;

use opentracing_core::mock::MockTracer;
use opentracing_tracing::TracerLayer;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Layered, SubscriberExt};

/// Runs the closure with spans and events of `tracing` recorded by a mock tracer.
fn recorded(f: impl FnOnce(&MockTracer)) -> MockTracer {
    recorded_with(|layer| layer, f)
}

fn recorded_with(settings: impl FnOnce(TracerLayer) -> TracerLayer, f: impl FnOnce(&MockTracer)) -> MockTracer {
    let mock = MockTracer::new();
    tracing::subscriber::with_default(subscriber(&mock, settings), || f(&mock));
    assert!(mock.tracer().active_context().is_none(), "no span stays active");
    mock
}

fn subscriber(mock: &MockTracer, settings: impl FnOnce(TracerLayer) -> TracerLayer) -> Layered<TracerLayer, Registry> {
    tracing_subscriber::registry().with(settings(TracerLayer::with_tracer(mock.tracer().clone())))
}

fn native(mock: &MockTracer, name: &'static str) {
    mock.tracer().span(name).start().finish();
}
