//! Lines in `log`.

use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use log::{Level, LevelFilter, Log, Metadata, Record};
use opentracing_core::{FlushError, Tracer};
use opentracing_reporter::{BatchReporter, SendOutcome};

use crate::support::transports::{NEVER, PATIENCE, finish_spans, scripted};

/// The lines of all tests in this process. Each test looks for its own.
struct Lines(Mutex<Vec<(Level, String)>>);

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        self.0.lock().expect("nothing panics under this lock").push((record.level(), record.args().to_string()));
    }

    fn flush(&self) {}
}

pub(crate) fn lines_with(text: &str) -> Vec<(Level, String)> {
    static LINES: Lines = Lines(Mutex::new(Vec::new()));
    static SET: OnceLock<()> = OnceLock::new();
    SET.get_or_init(|| {
        log::set_logger(&LINES).expect("no other test sets a logger");
        log::set_max_level(LevelFilter::Trace);
    });
    let lines = LINES.0.lock().expect("nothing panics under this lock");
    lines.iter().filter(|(_, line)| line.contains(text)).cloned().collect()
}

#[test]
fn warns_of_dropped_spans_at_most_once_a_minute() {
    assert!(lines_with("no route to 10.0.0.7").is_empty());
    let failing = scripted(|_, names| SendOutcome::dropped(std::mem::take(names).len(), "no route to 10.0.0.7"));
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(failing).batch_delay(NEVER));
    for _ in 0..3 {
        finish_spans(&tracer, 2);
        assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed));
    }
    let expected = (Level::Warn, "scripted: no route to 10.0.0.7 (2 spans dropped)".to_owned());
    assert_eq!(lines_with("no route to 10.0.0.7"), [expected]);
}

#[test]
fn warns_of_a_full_queue() {
    let stuck = scripted(|_, _| SendOutcome::none());
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(stuck).queue_size(77).batch_delay(NEVER));
    assert!(lines_with("queue is full (77").is_empty());
    finish_spans(&tracer, 80);
    assert_eq!(tracer.flush(Duration::ZERO), Err(FlushError::Timeout));
    let expected = (Level::Warn, "scripted: the queue is full (77 spans), further spans are dropped".to_owned());
    assert_eq!(lines_with("queue is full (77"), [expected]);
}

/// No connection, a spool that takes nothing, and a queue that fills.
#[cfg(feature = "otlp")]
#[test]
fn warns_of_each_trouble_once_a_minute() -> Result<(), Box<dyn std::error::Error>> {
    use std::time::Instant;

    use opentracing_reporter::{Otlp, Spool};

    use crate::support::collector::Hand;

    let (folder, hand) = (tempfile::tempdir()?, Hand::new());
    let otlp = Otlp::http("http://no-such-host.invalid:4318")?
        .clock(hand.shared())
        .spool(Spool::new(folder.path()).max_bytes(4321))?;
    let tracer =
        Tracer::builder("shop").build_inline(BatchReporter::new(otlp).queue_size(78).batch_delay(Duration::ZERO));
    let of = |text: &str| lines_with(text).len();
    assert_eq!(of("no-such-host.invalid"), 0);
    let text = "x".repeat(100);
    let end = Instant::now() + PATIENCE;
    while tracer.stats().reporter.dropped_queue_full < 100 || of("no-such-host.invalid") == 0 {
        assert!(Instant::now() < end, "all three happen");
        for _ in 0..80 {
            tracer.span("large").tag("text", &text).start().finish();
        }
        let _ = tracer.flush(Duration::from_millis(2));
        hand.advance(Duration::from_secs(1));
    }
    let counts =
        [of("no-such-host.invalid"), of("otlp: spool: it may hold no more than 4321 bytes"), of("queue is full (78")];
    assert_eq!(counts, [1, 1, 1]);
    let _ = tracer.close(Duration::ZERO);
    Ok(())
}
