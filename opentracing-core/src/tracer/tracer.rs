//! The tracer: starts spans, and moves contexts in and out of the process.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant, SystemTime};

use crate::model::context::SpanContext;
use crate::model::limits::Limits;
use crate::model::span_name::SpanName;
use crate::propagation::{ExtractError, Format, InjectError};
use crate::recorder::local;
use crate::recorder::recorder::Recorder;
use crate::recorder::running::Running;
use crate::recorder::state::State;
use crate::reporter::reporter::{FlushError, Process};
use crate::scope::scope::ActiveSpan;
use crate::span::builder::SpanBuilder;
use crate::span::span_ref::SpanRef;
use crate::stats::message_stats::MessageEvent;
use crate::stats::pool::PoolSource;
use crate::stats::report::Report;
use crate::stats::stats::Stats;
use crate::sync::{count, lock};
use crate::tracer::builder::TracerBuilder;
use crate::wire::wildcard;

/// Starts spans, and moves their contexts in and out of the process.
///
/// A clone is a handle of the same tracer and costs a reference count. Dropping the last handle closes the tracer and ends its drain.
///
/// ```
/// use std::time::Duration;
///
/// use opentracing_core::{Batch, Reporter, Tracer};
///
/// struct Print;
///
/// impl Reporter for Print {
///     fn report(&mut self, batch: Batch<'_>) {
///         batch.iter().for_each(|span| println!("{span:?}"));
///     }
/// }
///
/// let tracer = Tracer::builder("shop").build_inline(Print);
/// tracer.span("GET /cart").start().finish();
/// tracer.flush(Duration::from_secs(5))?;
/// assert_eq!(tracer.stats().delivered, 1);
/// # Ok::<(), opentracing_core::FlushError>(())
/// ```
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
    /// Returns the builder of a tracer for that service. An empty name becomes [`unknown_service`](Process::unknown_service).
    pub fn builder(service: impl AsRef<str>) -> TracerBuilder {
        TracerBuilder::new(service.as_ref())
    }

    /// Returns a tracer that does nothing, at almost no cost. Its spans have no context.
    pub const fn noop() -> Tracer {
        Tracer { inner: Inner::Noop }
    }

    /// Returns the tracer that is registered for the whole process, now or later. Until one is registered it does nothing.
    ///
    /// Library code should take a tracer as an argument, and use this one only as the fallback.
    pub const fn global() -> Tracer {
        Tracer { inner: Inner::Global }
    }

    /// Registers the tracer for the whole process. This works once.
    ///
    /// # Errors
    ///
    /// If a tracer is already registered, or if `tracer` is the global one itself. The error returns the tracer.
    pub fn set_global(tracer: Tracer) -> Result<(), SetGlobalError> {
        match tracer.inner {
            Inner::Global => Err(SetGlobalError { tracer }),
            _ => GLOBAL.set(tracer).map_err(|tracer| SetGlobalError { tracer }),
        }?;
        watch_early_pools();
        Ok(())
    }

    /// Whether a tracer is registered for the whole process. A no-op tracer counts too.
    pub fn is_global_registered() -> bool {
        GLOBAL.get().is_some()
    }

    pub(crate) fn new(recorder: Arc<Recorder>) -> Tracer {
        Tracer { inner: Inner::Running(Running::new(recorder)) }
    }

    /// The tracer with that id, or a no-op tracer if its last handle was dropped.
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

    /// Whether this is a no-op tracer. A [forwarding](TracerBuilder::build_forwarding) one is not, although it records nothing.
    pub fn is_noop(&self) -> bool {
        self.recorder().is_none()
    }

    /// Whether this is the global tracer while none is registered, which is most likely a mistake. Writes one warning per process to `log`.
    pub fn warn_if_unregistered(&self) -> bool {
        static WARNED: AtomicBool = AtomicBool::new(false);
        let unregistered = matches!(self.inner, Inner::Global) && GLOBAL.get().is_none();
        if unregistered && !WARNED.swap(true, Ordering::Relaxed) {
            log::warn!("a traced request came in, but no tracer is registered: call Tracer::set_global first");
        }
        unregistered
    }

    /// The service that the tracer records spans for.
    pub fn process(&self) -> Option<&Process> {
        self.recorder().map(|recorder| &*recorder.process)
    }

    /// The limits of spans and baggage. The defaults for a tracer that records nothing.
    pub fn limits(&self) -> Limits {
        self.recorder().map_or_else(Limits::default, |recorder| recorder.limits)
    }

    /// Returns the builder of a span with that operation name.
    ///
    /// A literal is kept as a pointer. Other text is given by reference, or as a `String`, and copied. Keep the number of distinct names small, and put
    /// ids and other data into tags.
    ///
    /// ```
    /// use opentracing_core::Tracer;
    ///
    /// fn handle(tracer: &Tracer, job: &str) {
    ///     tracer.span("handle job").tag("job", job).start().finish(); // a literal
    ///     tracer.span(&job).start().finish(); // a `&str`
    ///     tracer.span(format!("job {job}")).start().finish(); // a `String`
    /// }
    /// # handle(&Tracer::noop(), "clean");
    /// ```
    #[inline]
    pub fn span<'a>(&'a self, operation_name: impl Into<SpanName<'a>>) -> SpanBuilder<'a> {
        SpanBuilder::new(self.recorder(), operation_name.into())
    }

    /// Runs the closure with this thread's active span of this tracer. Takes no lock and allocates nothing. Returns `None` if no span is
    /// active.
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

    /// Returns a handle of this thread's active span of this tracer, which other threads may use. Without an active span it is a no-op.
    pub fn active_span(&self) -> SpanRef {
        self.with_active(ActiveSpan::share).unwrap_or_default()
    }

    /// Writes a context to a carrier. A no-op tracer leaves the carrier unchanged.
    ///
    /// # Errors
    ///
    /// If the tracer has no propagator for the format, the context is empty, or the carrier cannot hold it.
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

    /// Whether the tracer writes contexts in the text format of that name, such as `instana`. For adapters that support more of a format
    /// than its headers.
    #[inline]
    pub fn injects<F: Format>(&self, _: F, name: &str) -> bool {
        let propagator = self.recorder().and_then(|recorder| recorder.propagators.get::<F>());
        propagator.is_some_and(|propagator| propagator.injects(name))
    }

    /// Whether the reporter sends spans to that backend, as far as the tracer [was told](TracerBuilder::backend). For adapters that support
    /// more of a backend than its spans.
    #[inline]
    pub fn reports_to(&self, backend: &str) -> bool {
        self.recorder().is_some_and(|recorder| recorder.backends.iter().any(|name| **name == *backend))
    }

    /// Reads a context from a carrier. Returns `None` if the carrier holds none, and always for a no-op tracer.
    ///
    /// The context may lack valid ids: then it carries a sampling decision or baggage for a new trace.
    ///
    /// # Errors
    ///
    /// If the tracer has no propagator for the format, or if the carrier holds a malformed context. The latter is counted and logged at most
    /// once a minute; servers start a new trace then.
    #[inline]
    pub fn extract<F: Format>(&self, _: F, carrier: &F::Extract<'_>) -> Result<Option<SpanContext>, ExtractError> {
        let Some(recorder) = self.recorder() else { return Ok(None) };
        let extracted = recorder.propagators.get::<F>().ok_or(ExtractError::UnsupportedFormat)?.extract(carrier);
        if let Err(error @ ExtractError::SpanContextCorrupted { .. }) = &extracted {
            note_corrupted(recorder, error);
        }
        extracted
    }

    /// Waits until the reporter has sent every span that finished before the call.
    ///
    /// # Errors
    ///
    /// [`FlushError::Timeout`] if that takes longer than `timeout`, also because the drain does not run. [`FlushError::Failed`] if the reporter
    /// could not send, or if the drain was dropped while spans were waiting.
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.recorder().map_or(Ok(()), |recorder| recorder.flush(timeout))
    }

    /// Flushes, and ends the drain. Spans that finish later are lost and counted. Closing again has no effect.
    ///
    /// # Errors
    ///
    /// As [`flush`](Tracer::flush).
    pub fn close(&self, timeout: Duration) -> Result<(), FlushError> {
        self.recorder().map_or(Ok(()), |recorder| recorder.close(timeout))
    }

    /// Returns the counters of the tracer: spans, losses by cause, headers, transports.
    pub fn stats(&self) -> Stats {
        self.recorder().map_or(Stats::default(), |recorder| recorder.stats())
    }

    /// Returns the counters of the tracer as text for people: spans started, dropped and why, what the sampler and each transport did,
    /// malformed and ignored headers, warnings.
    ///
    /// ```
    /// let tracer = opentracing_core::Tracer::builder("shop").build().0;
    /// let span = tracer.span("GET /cart").start();
    /// assert!(tracer.report().to_string().starts_with("shop: 1 span started, 0 finished, 1 open\n"));
    /// # drop(span);
    /// ```
    pub fn report(&self) -> Report {
        match self.recorder() {
            Some(recorder) => {
                let open = recorder.shared.open.oldest(MAX_OPEN, recorder);
                Report::new(recorder.process.service(), recorder.forwards, recorder.constant, recorder.stats(), open)
            }
            None => Report::default(),
        }
    }

    /// Adds a pool to the statistics, for as long as it lives. With the global tracer also before one is registered. For adapters.
    pub fn watch_pool<P: PoolSource>(&self, pool: &Arc<P>) {
        let pool: Weak<P> = Arc::downgrade(pool);
        match (&self.inner, self.recorder()) {
            (_, Some(recorder)) => recorder.watch_pools([pool as Weak<dyn PoolSource>]),
            (Inner::Global, None) => {
                let mut early = lock(&EARLY_POOLS);
                early.retain(|pool| pool.strong_count() > 0);
                early.push(pool);
                drop(early);
                // A tracer may have been registered in the meantime.
                watch_early_pools();
            }
            _ => {}
        }
    }

    /// Counts a server span that finished without a route template. For adapters.
    pub fn count_missing_route(&self) {
        if let Some(recorder) = self.recorder() {
            count(&recorder.shared.rare.missing_route);
        }
    }

    /// Counts a request whose peer address is unknown although its server trusts some proxies. The first one writes a warning to `log`.
    /// For adapters.
    #[cold]
    pub fn count_missing_peer(&self) {
        let Some(recorder) = self.recorder() else { return };
        if recorder.shared.rare.missing_peer.fetch_add(1, Ordering::Relaxed) == 0 {
            log::warn!(
                "{}: trusted_proxies has no effect on a request without a peer address: serve an axum router with \
                 into_make_service_with_connect_info::<SocketAddr>(), or find the address by peer_from",
                recorder.process.service()
            );
        }
    }

    /// The present time by the clock of the tracer's spans. For adapters that learn of the end of an operation before they can finish its span.
    pub fn now(&self) -> SystemTime {
        let own = self.recorder().map(|recorder| SystemTime::UNIX_EPOCH + Duration::from_nanos(recorder.unix_ns()));
        own.unwrap_or_else(SystemTime::now)
    }

    /// Returns a number that no other tracer of this process has, for adapters that remember something by tracer. `None` for a no-op tracer.
    pub fn id(&self) -> Option<u32> {
        Some(self.recorder()?.id)
    }

    /// Counts what happened to messages, for [`Stats::messages`](Stats). For adapters. Returns whether it is the first time, so that the
    /// adapter can write one line to `log`.
    pub fn count_messages(&self, event: MessageEvent, messages: u64) -> bool {
        let Some(recorder) = self.recorder() else { return false };
        let before = recorder.shared.rare.messages.add(event, messages);
        before == 0 && messages > 0
    }

    /// Whether contexts are written to messages for this topic, queue or exchange. For adapters. See
    /// [`TracerBuilder::without_message_context`](crate::TracerBuilder::without_message_context).
    pub fn writes_message_context(&self, destination: &str) -> bool {
        self.recorder().is_some_and(|recorder| {
            !recorder.without_message_context.iter().any(|pattern| wildcard::matches(pattern, destination))
        })
    }
}

/// Pools of the global tracer from before it was registered.
static EARLY_POOLS: Mutex<Vec<Weak<dyn PoolSource>>> = Mutex::new(Vec::new());

/// Hands the early pools over to the global tracer, if one is registered.
fn watch_early_pools() {
    if GLOBAL.get().is_some() {
        let early = std::mem::take(&mut *lock(&EARLY_POOLS));
        if let Some(recorder) = Tracer::global().recorder() {
            recorder.watch_pools(early);
        }
    }
}

/// Open spans that a report lists.
const MAX_OPEN: usize = 20;

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
