//! Code of the user that runs in the middle of an operation.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::trace::{TraceContextExt, Tracer as _, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentracing_core::mock::MockTracer;
use opentracing_core::{Clock, Sampler, SamplingParams, Tracer, active_ids};
use opentracing_opentelemetry::{Provider, connect_contexts};

use crate::{assert_idle, native, of, served};

/// A clock that uses what it is the clock of.
#[derive(Debug, Default)]
struct Tracing {
    tracer: OnceLock<Tracer>,
    reads: AtomicU64,
}

impl Clock for &'static Tracing {
    fn unix_ns(&self) -> u64 {
        active_ids();
        if let Some(tracer) = self.tracer.get() {
            tracer.active_context();
        }
        self.reads.fetch_add(1, Ordering::Relaxed)
    }
}

/// The context holds the lock of its span while the span reads the clock.
#[test]
fn a_clock_that_traces_does_not_wait_for_its_own_thread() {
    connect_contexts().expect("no other bridge exists in this process");
    let clock: &'static Tracing = Box::leak(Box::default());
    let mock = MockTracer::with(|builder| builder.clock(clock));
    clock.tracer.set(mock.tracer().clone()).expect("it is set once");
    let tracer = of(&mock);
    tracer.in_span("otel", |context| {
        context.span().add_event("event", vec![KeyValue::new("a", 1)]);
        context.span().set_status(opentelemetry::trace::Status::error("no"));
        native(&mock, "native");
        context.span().end();
    });
    mock.assert_tree("otel !\n  native");
    assert!(clock.reads.load(Ordering::Relaxed) > 0);
    assert_idle(&mock);
}

/// A sampler that traces, inside of `Context::map_current`.
#[derive(Debug)]
struct Curious(OnceLock<Tracer>);

impl Sampler for &'static Curious {
    fn decide(&self, params: &SamplingParams<'_>) -> opentracing_core::Decision {
        if params.operation_name == "sampled"
            && let Some(tracer) = self.0.get()
        {
            tracer.span("by the sampler").start().finish();
            Context::map_current(|context| context.span().is_recording());
        }
        opentracing_core::Decision::RecordAndSample
    }
}

#[test]
fn a_sampler_that_traces_is_no_harm() {
    connect_contexts().expect("no other bridge exists in this process");
    let sampler: &'static Curious = Box::leak(Box::new(Curious(OnceLock::new())));
    let mock = MockTracer::with(|builder| builder.sampler(sampler));
    sampler.0.set(mock.tracer().clone()).expect("it is set once");
    let tracer = of(&mock);
    tracer.in_span("sampled", |_| native(&mock, "native"));
    mock.assert_tree("by the sampler\nsampled\n  native");
    assert_idle(&mock);
}

#[test]
fn spans_of_two_tracers_do_not_mix() {
    connect_contexts().expect("no other bridge exists in this process");
    let (first, second) = (MockTracer::new(), MockTracer::with(|builder| builder.trace_id_width(Default::default())));
    let otel = Provider::with_tracer(first.tracer().clone()).tracer("");
    otel.in_span("of the first", |_| {
        native(&first, "native of the first");
        native(&second, "native of the second");
    });
    first.assert_tree("of the first\n  native of the first");
    second.assert_tree("native of the second");
}

#[test]
fn a_context_dropped_on_another_thread_ends_its_span_there() {
    let (mock, tracer) = served();
    let context = Context::new().with_span(tracer.start("moved"));
    let guard = context.clone().attach();
    native(&mock, "here");
    drop(guard);
    std::thread::spawn(move || drop(context)).join().expect("the thread does not panic");
    native(&mock, "root");
    mock.assert_tree("moved\n  here\nroot");
}

#[test]
fn a_thread_that_ends_with_open_contexts_leaves_nothing_unfinished() {
    let (mock, tracer) = served();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::mem::forget(Context::new().with_span(tracer.start("otel")).attach());
            std::mem::forget(mock.tracer().span("native").start_active());
            native(&mock, "leaf");
        });
    });
    // A scope waits for its closures, but not for the destructors of their threads.
    let mut names: Vec<_> = mock.wait_for(3).iter().map(|span| span.operation_name.to_string()).collect();
    names.sort_unstable();
    assert_eq!(names, ["leaf", "native", "otel"]);
}
