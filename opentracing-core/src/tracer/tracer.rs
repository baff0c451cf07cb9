//! The tracer: starts spans, and moves contexts in and out of the process.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::model::context::SpanContext;
use crate::model::value::Text;
use crate::propagation::{ExtractError, Format, InjectError};
use crate::recorder::local;
use crate::recorder::recorder::Recorder;
use crate::recorder::running::Running;
use crate::recorder::state::State;
use crate::reporter::reporter::{FlushError, Process};
use crate::scope::scope::ActiveSpan;
use crate::span::builder::SpanBuilder;
use crate::span::span_ref::SpanRef;
use crate::stats::report::Report;
use crate::stats::stats::Stats;
use crate::sync::{count, lock};
use crate::tracer::builder::TracerBuilder;

/// Starts spans. One concrete type, whatever it is built of; a clone is a reference count.
///
/// When the last handle is gone the tracer is closed, and its drain ends.
#[derive(Clone, Default)]
pub struct Tracer {
    inner: Inner,
}

#[derive(Clone, Default)]
enum Inner {
    #[default]
    Noop,
    /// Looks the registered tracer up at each use.
    Global,
    Running(Arc<Running>),
}

static GLOBAL: OnceLock<Tracer> = OnceLock::new();

impl Tracer {
    /// Begins to build a tracer for the spans of that service.
    pub fn builder(service: impl AsRef<str>) -> TracerBuilder {
        TracerBuilder::new(service.as_ref())
    }

    /// A tracer that does nothing, for next to no cost. Its spans have no context.
    pub const fn noop() -> Tracer {
        Tracer { inner: Inner::Noop }
    }

    /// The tracer that is registered for the whole process, also one that is registered later; until then it does nothing.
    ///
    /// Library code should take a tracer, and use this one only where it is given none.
    pub const fn global() -> Tracer {
        Tracer { inner: Inner::Global }
    }

    /// Registers the tracer for the whole process. That can be done once.
    ///
    /// # Errors
    ///
    /// If a tracer is registered already, or if this is the global one itself. The error gives the tracer back.
    pub fn set_global(tracer: Tracer) -> Result<(), SetGlobalError> {
        match tracer.inner {
            Inner::Global => Err(SetGlobalError { tracer }),
            _ => GLOBAL.set(tracer).map_err(|tracer| SetGlobalError { tracer }),
        }
    }

    /// Whether a tracer is registered for the whole process; one that does nothing counts too.
    pub fn is_global_registered() -> bool {
        GLOBAL.get().is_some()
    }

    pub(crate) fn new(recorder: Arc<Recorder>) -> Tracer {
        Tracer { inner: Inner::Running(Running::new(recorder)) }
    }

    /// The tracer of that number, as long as somebody has a handle of it.
    pub(crate) fn by_id(id: u32) -> Tracer {
        let running = Recorder::find(id).and_then(|recorder| recorder.shared.running.get()?.upgrade());
        Tracer { inner: running.map_or(Inner::Noop, Inner::Running) }
    }

    #[inline]
    pub(crate) fn recorder(&self) -> Option<&Arc<Recorder>> {
        match &self.inner {
            Inner::Running(running) => Some(running.recorder()),
            Inner::Noop => None,
            Inner::Global => match &GLOBAL.get()?.inner {
                Inner::Running(running) => Some(running.recorder()),
                Inner::Noop | Inner::Global => None,
            },
        }
    }

    /// Whether nothing comes of the tracer's spans.
    pub fn is_noop(&self) -> bool {
        self.recorder().is_none()
    }

    /// Whether this is the global tracer and none is registered: most likely somebody forgot. Writes one warning a process to `log`.
    pub fn warn_if_unregistered(&self) -> bool {
        static WARNED: AtomicBool = AtomicBool::new(false);
        let unregistered = matches!(self.inner, Inner::Global) && GLOBAL.get().is_none();
        if unregistered && !WARNED.swap(true, Ordering::Relaxed) {
            log::warn!("a traced request came in, but no tracer is registered: call Tracer::set_global first");
        }
        unregistered
    }

    /// The service that the tracer's spans belong to.
    pub fn process(&self) -> Option<&Process> {
        self.recorder().map(|recorder| &*recorder.process)
    }

    /// Begins a span of that operation name. Names should be few: what varies belongs into tags.
    #[inline]
    pub fn span<'a>(&'a self, operation_name: impl Into<Text<'a>>) -> SpanBuilder<'a> {
        SpanBuilder::new(self.recorder(), operation_name.into())
    }

    /// Runs the closure with this thread's active span of this tracer, in its place: nothing is counted, locked or allocated. `None`
    /// if no span is active.
    #[inline]
    pub fn with_active<R>(&self, f: impl FnOnce(&ActiveSpan) -> R) -> Option<R> {
        let id = self.recorder()?.id;
        let token = local::with(|local| local.top(id))??;
        Some(f(&ActiveSpan::new(Some(token))))
    }

    /// The context of this thread's active span of this tracer.
    pub fn active_context(&self) -> Option<SpanContext> {
        let id = self.recorder()?.id;
        local::with(|local| local.with_top(id, State::context))??
    }

    /// A handle of this thread's active span of this tracer, which may leave the thread; of no span if none is active.
    pub fn active_span(&self) -> SpanRef {
        self.with_active(ActiveSpan::share).unwrap_or_default()
    }

    /// Writes a context to a carrier. A tracer that does nothing leaves the carrier as it is.
    ///
    /// # Errors
    ///
    /// If the tracer has no propagator for the format, the context has nothing to carry, or the carrier cannot take it.
    #[inline]
    pub fn inject<F: Format>(
        &self,
        context: &SpanContext,
        _: F,
        carrier: &mut F::Inject<'_>,
    ) -> Result<(), InjectError> {
        let Some(recorder) = self.recorder() else { return Ok(()) };
        recorder.propagators.get::<F>().ok_or(InjectError::UnsupportedFormat)?.inject(context, carrier)
    }

    /// Whether the tracer writes contexts in the text format of that name, `instana` for example. For adapters that do more of what
    /// belongs to it.
    #[inline]
    pub fn injects<F: Format>(&self, _: F, name: &str) -> bool {
        let propagator = self.recorder().and_then(|recorder| recorder.propagators.get::<F>());
        propagator.is_some_and(|propagator| propagator.injects(name))
    }

    /// Reads a context from a carrier. Nothing there is `None`, and so is everything for a tracer that does nothing.
    ///
    /// A context without valid ids may come back: it brings a decision or baggage for the trace that is to begin.
    ///
    /// # Errors
    ///
    /// If the tracer has no propagator for the format, or if there is something that cannot be read. The latter is counted, and goes
    /// to `log` at most once a minute; whoever serves a request starts a new trace then.
    #[inline]
    pub fn extract<F: Format>(&self, _: F, carrier: &F::Extract<'_>) -> Result<Option<SpanContext>, ExtractError> {
        let Some(recorder) = self.recorder() else { return Ok(None) };
        let extracted = recorder.propagators.get::<F>().ok_or(ExtractError::UnsupportedFormat)?.extract(carrier);
        if let Err(error @ ExtractError::SpanContextCorrupted { .. }) = &extracted {
            note_corrupted(recorder, error);
        }
        extracted
    }

    /// Returns once everything that finished before the call has gone through the reporter.
    ///
    /// # Errors
    ///
    /// If the time is over first, or if the reporter could not send. As long as nobody drains it is a time-out; a drain that was dropped
    /// with spans waiting for it is a failure.
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.recorder().map_or(Ok(()), |recorder| recorder.flush(timeout))
    }

    /// Flushes, and ends the draining. Spans that finish later are counted as lost. Closing again changes nothing.
    ///
    /// # Errors
    ///
    /// As [`flush`](Tracer::flush).
    pub fn close(&self, timeout: Duration) -> Result<(), FlushError> {
        self.recorder().map_or(Ok(()), |recorder| recorder.close(timeout))
    }

    /// What became of the tracer's spans so far.
    pub fn stats(&self) -> Stats {
        self.recorder().map_or(Stats::default(), |recorder| recorder.stats())
    }

    /// What became of the tracer's spans so far, as text for a human: spans made, lost and why, what the sampler and each transport did,
    /// headers seen and ignored, spans still open.
    ///
    /// ```
    /// let tracer = opentracing_core::Tracer::builder("shop").build().0;
    /// let span = tracer.span("GET /cart").start();
    /// assert!(tracer.report().to_string().starts_with("shop: 1 span started, 0 finished, 1 open\n"));
    /// # drop(span);
    /// ```
    pub fn report(&self) -> Report {
        match self.recorder() {
            Some(recorder) => Report::new(recorder.process.service(), recorder.constant, recorder.stats()),
            None => Report::default(),
        }
    }

    /// Counts a server span that ended without a route template; for adapters.
    pub fn count_missing_route(&self) {
        if let Some(recorder) = self.recorder() {
            count(&recorder.shared.rare.missing_route);
        }
    }
}

/// Between two lines about corrupt carriers.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

#[cold]
fn note_corrupted(recorder: &Recorder, error: &ExtractError) {
    count(&recorder.shared.rare.extract_corrupted);
    let now = Instant::now();
    let mut last = lock(&recorder.shared.log_gate);
    if last.is_none_or(|last| now - last >= LOG_INTERVAL) {
        *last = Some(now);
        drop(last);
        log::warn!("a new trace begins: {error}");
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.recorder() {
            Some(recorder) => {
                f.debug_struct("Tracer").field("service", &recorder.process.service()).finish_non_exhaustive()
            }
            None => f.write_str("Tracer(noop)"),
        }
    }
}

/// The global tracer was not set: there is one already, or the tracer was the global one itself.
#[derive(Debug)]
pub struct SetGlobalError {
    tracer: Tracer,
}

impl SetGlobalError {
    /// The tracer that was not registered.
    pub fn into_tracer(self) -> Tracer {
        self.tracer
    }
}

impl fmt::Display for SetGlobalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.tracer.inner {
            Inner::Global => "the global tracer cannot be registered as itself",
            _ => "a global tracer is registered already",
        })
    }
}

impl Error for SetGlobalError {}
