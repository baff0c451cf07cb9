//! What a user learns of a tracer that has ended too early.

use std::sync::{Mutex, Once};
use std::time::Duration;

use opentracing_core::{Batch, Reporter, Tracer};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Capture;

impl log::Log for Capture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LINES.lock().unwrap().push(format!("{}: {}", record.level(), record.args()));
    }

    fn flush(&self) {}
}

/// The lines so far that name the service, which only one test uses.
fn lines_of(service: &str) -> Vec<String> {
    LINES.lock().unwrap().iter().filter(|line| line.contains(&format!("{service:?}"))).cloned().collect()
}

fn capture() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        log::set_logger(&Capture).unwrap();
        log::set_max_level(log::LevelFilter::Warn);
    });
}

struct Discard;

impl Reporter for Discard {
    fn report(&mut self, _: Batch<'_>) {}
}

#[test]
fn a_drain_that_is_dropped_at_once_is_warned_of_once() {
    capture();
    let (tracer, _) = Tracer::builder("drainless").build();
    let span = tracer.span("first").start();
    assert_eq!(lines_of("drainless"), [""; 0], "nothing has been lost yet");
    span.finish();
    tracer.span("second").start().finish();
    std::thread::scope(|scope| drop(scope.spawn(|| tracer.span("third").start().finish())));
    let lines = lines_of("drainless");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("WARN: all spans of tracer \"drainless\" are lost, because its Drain was dropped"),
        "{lines:?}"
    );
    assert!(lines[0].contains("Drain::run"), "it names the fix: {lines:?}");
    assert_eq!((tracer.stats().dropped_shutdown, tracer.stats().drain_dropped), (3, true));
    assert!(tracer.report().to_string().contains("keep the Drain that TracerBuilder::build returns"));
}

#[test]
fn a_span_after_the_close_is_warned_of_once() {
    capture();
    let tracer = Tracer::builder("closed").build_inline(Discard);
    let late = tracer.span("late").start();
    tracer.span("in time").start().finish();
    tracer.close(Duration::from_secs(5)).unwrap();
    assert_eq!(lines_of("closed"), [""; 0], "nothing has been lost yet");
    late.finish();
    tracer.span("later").start().finish();
    let lines = lines_of("closed");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("finished after the tracer was closed") && lines[0].contains("guard"), "{lines:?}");
    assert_eq!((tracer.stats().dropped_shutdown, tracer.stats().drain_dropped), (2, false));
    assert!(!tracer.report().to_string().contains("keep the Drain"));
}
