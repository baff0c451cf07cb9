//! What a tracer asks of its reporter.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use opentracing_core::{Batch, FlushError, Reporter, ReporterStats, Tracer};

/// Tells what it is asked, and says that its time was over.
struct Asked(mpsc::Sender<&'static str>, ReporterStats);

impl Reporter for Asked {
    fn report(&mut self, _: Batch<'_>) {}

    fn flush(&mut self, _: Instant) -> Result<(), FlushError> {
        let _ = self.0.send("flush");
        Err(FlushError::Timeout)
    }

    fn close(&mut self, _: Instant) -> Result<(), FlushError> {
        let _ = self.0.send("close");
        self.1.dropped_failed = 7;
        Err(FlushError::Failed)
    }

    fn stats(&self) -> ReporterStats {
        self.1
    }
}

#[track_caller]
fn check(tracer: &Tracer, asked: &mpsc::Receiver<&'static str>) {
    let patience = Duration::from_secs(20);
    assert_eq!(tracer.flush(patience), Err(FlushError::Timeout), "the reporter's own answer");
    assert_eq!(tracer.close(patience), Err(FlushError::Failed), "the reporter's own answer");
    assert_eq!(tracer.close(patience), Err(FlushError::Failed), "closed already, with the same result");
    assert_eq!(tracer.flush(patience), Err(FlushError::Failed), "closed already, with the same result");
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), ["flush", "close"]);
    assert_eq!(tracer.stats().reporter.dropped_failed, 7, "what was lost by closing is known once it is closed");
}

#[test]
fn closes_the_reporter_where_it_drains_on_a_thread() {
    let (sender, asked) = mpsc::channel();
    let (tracer, drain) = Tracer::builder("shop").build();
    let thread = std::thread::spawn(move || drain.run(Asked(sender, ReporterStats::default())));
    check(&tracer, &asked);
    thread.join().expect("the drain should end once the tracer is closed");
}

#[test]
fn closes_the_reporter_where_it_drains_inline() {
    let (sender, asked) = mpsc::channel();
    let tracer = Tracer::builder("shop").build_inline(Asked(sender, ReporterStats::default()));
    check(&tracer, &asked);
}
