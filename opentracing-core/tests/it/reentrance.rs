//! Foreign code that calls back, and errors that are no errors.

use std::error::Error;
use std::fmt;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use opentracing_core::mock::MockTracer;
use opentracing_core::{Batch, FlushError, Reporter, Tracer, Value};

const LONG: Duration = Duration::from_secs(20);

/// Flushes and closes a tracer from each of its calls, and tells what came of it.
struct Calling {
    tracer: Arc<OnceLock<Tracer>>,
    results: Sender<Result<(), FlushError>>,
}

impl Calling {
    fn call(&self) {
        if let Some(tracer) = self.tracer.get() {
            let _ = self.results.send(tracer.flush(LONG));
            let _ = self.results.send(tracer.close(LONG));
        }
    }
}

impl Reporter for Calling {
    fn report(&mut self, _: Batch<'_>) {
        self.call();
    }

    fn flush(&mut self, _: Instant) -> Result<(), FlushError> {
        self.call();
        Ok(())
    }
}

#[test]
fn a_reporter_that_flushes_its_own_tracer_gets_an_error() {
    #[track_caller]
    fn check(build: impl FnOnce(Calling) -> Tracer) {
        let (results, received) = channel();
        let own = Arc::new(OnceLock::new());
        let tracer = build(Calling { tracer: own.clone(), results });
        own.set(tracer.clone()).unwrap();
        tracer.span("work").start().finish();
        assert_eq!(tracer.flush(LONG), Ok(()));
        let results: Vec<_> = received.try_iter().collect();
        assert_eq!(results, [Err(FlushError::Reentrant); 4]);
        // It was not closed.
        tracer.span("work").start().finish();
        assert_eq!(tracer.close(LONG), Ok(()));
        assert_eq!(tracer.stats().delivered, 2);
    }
    check(|calling| Tracer::builder("inline").build_inline(calling));
    check(|calling| {
        let (tracer, drain) = Tracer::builder("threaded").build();
        std::thread::spawn(move || drain.run(calling));
        tracer
    });
}

#[test]
fn reporters_that_flush_each_others_tracers_get_an_error() {
    let (results, received) = channel();
    let (own, other) = (Arc::new(OnceLock::new()), Arc::new(OnceLock::new()));
    let first = Tracer::builder("first").build_inline(Calling { tracer: other.clone(), results: results.clone() });
    let second = Tracer::builder("second").build_inline(Calling { tracer: own.clone(), results });
    own.set(first.clone()).unwrap();
    other.set(second.clone()).unwrap();
    second.span("work").start().finish();
    first.span("work").start().finish();
    assert_eq!(first.flush(LONG), Ok(()));
    assert!(received.try_iter().any(|result| result == Err(FlushError::Reentrant)));
}

#[test]
fn a_flush_ends_in_time_while_another_thread_drains_inline() {
    /// Holds up the drain until another thread has tried to flush.
    struct Waiting(Arc<OnceLock<Tracer>>, Arc<Mutex<Option<Result<(), FlushError>>>>);
    impl Reporter for Waiting {
        fn report(&mut self, _: Batch<'_>) {
            let tracer = self.0.get().unwrap();
            let flush = || tracer.flush(Duration::from_millis(1));
            *self.1.lock().unwrap() = Some(std::thread::scope(|scope| scope.spawn(flush).join()).unwrap());
        }
    }
    let (own, result) = (Arc::new(OnceLock::new()), Arc::default());
    let tracer = Tracer::builder("shop").build_inline(Waiting(own.clone(), Arc::clone(&result)));
    own.set(tracer.clone()).unwrap();
    tracer.span("work").start().finish();
    assert_eq!(tracer.flush(LONG), Ok(()));
    assert_eq!(*result.lock().unwrap(), Some(Err(FlushError::Timeout)));
}

#[test]
fn a_reporter_that_drops_the_last_handle_ends_its_drain() {
    struct Dropping(Arc<Mutex<Option<Tracer>>>, Sender<&'static str>);
    impl Reporter for Dropping {
        fn report(&mut self, _: Batch<'_>) {
            drop(self.0.lock().unwrap().take());
        }
        fn close(&mut self, _: Instant) -> Result<(), FlushError> {
            let _ = self.1.send("closed");
            Ok(())
        }
    }
    let (closed, received) = channel();
    let last = Arc::new(Mutex::new(None));
    let tracer = Tracer::builder("shop").build_inline(Dropping(last.clone(), closed));
    let span = tracer.span("work").start();
    *last.lock().unwrap() = Some(tracer);
    let tracer = span.tracer();
    span.finish();
    assert_eq!(tracer.flush(LONG), Ok(()));
    drop(tracer);
    assert_eq!(received.recv_timeout(LONG), Ok("closed"));
}

/// An error of which the tests choose the text and the source.
struct Odd {
    text: Text,
    is_own_source: bool,
    source: Option<Box<Odd>>,
}

impl fmt::Debug for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Odd")
    }
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.text)(f)
    }
}

impl Error for Odd {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if self.is_own_source { Some(self) } else { self.source.as_deref().map(|source| source as _) }
    }
}

impl Drop for Odd {
    /// A long chain is taken apart without a call for each of its errors.
    fn drop(&mut self) {
        let mut source = self.source.take();
        while let Some(mut error) = source {
            source = error.source.take();
        }
    }
}

type Text = fn(&mut fmt::Formatter<'_>) -> fmt::Result;

fn odd(text: Text) -> Odd {
    Odd { text, is_own_source: false, source: None }
}

#[test]
fn odd_errors_are_logged_as_far_as_they_go() {
    #[track_caller]
    fn check(error: Odd, message: &str, causes: usize) {
        let mock = MockTracer::new();
        mock.tracer().span("work").start().mark_error(&error);
        let span = mock.span("work");
        assert!(span.is_failed);
        let text = |key| span.logs[0].field(key).map(|value: Value<'_>| value.to_string()).unwrap_or_default();
        assert_eq!(text("message"), message);
        assert_eq!(text("stack").matches("caused by: ").count(), causes);
    }
    let text: Text = |f| f.write_str("whole");
    check(odd(text), "whole", 0);
    check(Odd { text, is_own_source: true, source: None }, "whole", 64);
    let around = |source, _| Odd { text, is_own_source: false, source: Some(Box::new(source)) };
    check((0..10_000).fold(odd(text), around), "whole", 64);
    check(odd(|_| Err(fmt::Error)), "(an error without a text)", 0);
    check(odd(|f| f.write_str("half").and(Err(fmt::Error))), "half", 0);
    check(odd(|_| panic!("on purpose")), "(an error without a text)", 0);
    let endless = |f: &mut fmt::Formatter<'_>| {
        loop {
            f.write_str("more ")?;
        }
    };
    check(odd(endless), &"more ".repeat(820)[..4096], 0);
}
