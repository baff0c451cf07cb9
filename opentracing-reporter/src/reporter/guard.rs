//! The guard that flushes the tracer at the end of the program.

use std::any::Any;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentracing_core::{FlushError, Tracer};

/// Flushes and closes the tracer when it is dropped, within the [close time-out](crate::BatchReporter::close_timeout).
///
/// Keep it until the end of `main`: spans that finish after it was dropped are dropped and counted, and the first one causes a warning in
/// `log`. Bind it to a name such as `_guard`. The pattern `_` drops it at once:
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, Console};
///
/// let reporter = BatchReporter::new(Console::stderr());
/// let (tracer, _guard) = reporter.start(Tracer::builder("shop"))?; // not `(tracer, _)`
/// tracer.span("checkout").start().finish();
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// A guard that is dropped before the first span has started does not close the tracer. Spans are still sent, but nothing flushes the last
/// of them when the program ends. The first span is reported with a warning in `log`.
///
/// Dropping blocks the thread until everything is sent or the time is over. It works where an asynchronous runtime is blocked or gone.
#[derive(Debug)]
#[must_use = "dropping the guard closes the tracer: bind it to a name such as `_guard`, not to `_`"]
pub struct FlushGuard {
    tracer: Tracer,
    /// `None` once the tracer is closed.
    timeout: Option<Duration>,
    kept: KeptValues,
    unguarded: Unguarded,
    #[cfg(all(unix, feature = "signals"))]
    terminating: OnceLock<crate::reporter::terminate::Terminating>,
}

/// Values that live as long as the guard.
type KeptValues = Vec<Box<dyn Any + Send + Sync>>;

/// Set once the guard was dropped before the first span. The reporter then keeps its values alive.
pub(crate) type Unguarded = Arc<OnceLock<KeptValues>>;

impl FlushGuard {
    pub(crate) fn new(tracer: Tracer, timeout: Duration, unguarded: Unguarded) -> Self {
        FlushGuard {
            tracer,
            timeout: Some(timeout),
            kept: Vec::new(),
            unguarded,
            #[cfg(all(unix, feature = "signals"))]
            terminating: OnceLock::new(),
        }
    }

    /// The guard of a tracer that records nothing.
    #[cfg(feature = "env")]
    pub(crate) fn noop() -> Self {
        FlushGuard::new(Tracer::noop(), Duration::ZERO, Arc::default())
    }

    /// Keeps a value alive as long as the guard, such as a `RemoteSamplingGuard`.
    pub fn keep_alive(mut self, value: impl Any + Send + Sync) -> Self {
        self.kept.push(Box::new(value));
        self
    }

    /// Closes the tracer when the process gets SIGTERM or SIGINT (Ctrl-C), within that time, and then ends the process as the signal
    /// does without a handler: after SIGTERM, a shell sees the exit status 143.
    ///
    /// For programs without a handler of their own. One that stops gracefully handles the signal itself, ends its servers, and drops the
    /// guard at the end of `main`; with this method it would be ended before. `docs/shutdown.md` shows both.
    ///
    /// Several guards of one process are closed at the same time, each within its own limit. A second call for a guard changes nothing. The
    /// handlers stay installed for the life of the process. Needs the feature `signals` and Unix.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use opentracing_core::Tracer;
    /// # use opentracing_reporter::{BatchReporter, Console};
    /// let reporter = BatchReporter::new(Console::stderr());
    /// let (tracer, guard) = reporter.start(Tracer::builder("nightly-job"))?;
    /// guard.flush_on_terminate(Duration::from_secs(2))?;
    /// # drop((tracer, guard));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the handlers or their thread cannot be installed.
    #[cfg(all(unix, feature = "signals"))]
    pub fn flush_on_terminate(&self, grace: Duration) -> std::io::Result<()> {
        if self.terminating.get().is_none() {
            let terminating = crate::reporter::terminate::install(&self.tracer, grace)?;
            // Of two calls at the same time, one entry is dropped again.
            let _ = self.terminating.set(terminating);
        }
        Ok(())
    }

    /// Flushes: returns once all spans that finished before the call are sent, or stored in a [spool](crate::Spool). Like
    /// [`Tracer::flush`].
    ///
    /// # Errors
    ///
    /// If the time is over first, or if spans were dropped since the last flush. [`Tracer::stats`] has the numbers and causes.
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.tracer.flush(timeout)
    }

    /// Flushes and closes the tracer now, and returns the result.
    ///
    /// # Errors
    ///
    /// As for [`flush`](FlushGuard::flush). Spans that are not sent in time are dropped and counted.
    pub fn close(mut self, timeout: Duration) -> Result<(), FlushError> {
        self.timeout = None;
        self.tracer.close(timeout)
    }
}

impl Drop for FlushGuard {
    fn drop(&mut self) {
        let Some(timeout) = self.timeout.take() else { return };
        // Errors are in the statistics; `close` returns them.
        if self.tracer.stats().started == 0 {
            let _ = self.unguarded.set(std::mem::take(&mut self.kept));
            let _ = self.tracer.flush(timeout);
        } else {
            let _ = self.tracer.close(timeout);
        }
    }
}
