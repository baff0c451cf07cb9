//! The end of a program: what is left goes out.

use std::any::Any;
use std::time::Duration;

use opentracing_core::{FlushError, Tracer};

/// Flushes the tracer and closes it when dropped, for at most the [time limit](crate::BatchReporter::close_timeout).
///
/// Keep it until the end of `main`: spans that finish after it is dropped are lost, and counted. It may be dropped where an
/// asynchronous runtime is blocked or gone; inside of one it blocks the thread for as long as flushing takes.
#[derive(Debug)]
#[must_use = "dropping the guard closes the tracer: bind it to a name, not to `_`"]
pub struct FlushGuard {
    tracer: Tracer,
    timeout: Option<Duration>,
    /// What works for as long as the guard is there.
    held: Vec<Box<dyn Any + Send + Sync>>,
}

impl FlushGuard {
    pub(crate) fn new(tracer: Tracer, timeout: Duration) -> Self {
        FlushGuard { tracer, timeout: Some(timeout), held: Vec::new() }
    }

    /// Keeps that for as long as itself: what polls for sampling strategies, for example.
    pub fn holding(mut self, held: impl Any + Send + Sync) -> Self {
        self.held.push(Box::new(held));
        self
    }

    /// Returns once everything that finished before the call is out, as [`Tracer::flush`] does, or is kept where it outlives the process.
    ///
    /// # Errors
    ///
    /// If the time is over first, or if spans were lost since the last flush; [`Tracer::stats`] tells how many and why.
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.tracer.flush(timeout)
    }

    /// Closes the tracer now, with a time limit for this once, and tells how that went.
    ///
    /// # Errors
    ///
    /// As [`flush`](FlushGuard::flush). What was not out in time is lost and counted.
    pub fn close(mut self, timeout: Duration) -> Result<(), FlushError> {
        self.timeout = None;
        self.tracer.close(timeout)
    }
}

impl Drop for FlushGuard {
    fn drop(&mut self) {
        if let Some(timeout) = self.timeout.take() {
            // Whoever wants to know calls `close`; the statistics have it too.
            let _ = self.tracer.close(timeout);
        }
    }
}
