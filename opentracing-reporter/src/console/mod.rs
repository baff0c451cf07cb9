//! The console transport: draws traces as trees with durations on a common time axis.

mod bar;
mod draw;
mod duration;
mod entry;
mod handle;
mod layout;
mod output;
mod pen;
mod settings;
mod state;
mod store;
mod text;
mod tree;

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opentracing_core::FinishedSpan;

pub use self::settings::{ConsoleColors, ConsoleLogs, ConsoleTags};

use self::entry::Entry;
use self::handle::Counters;
use self::output::Output;
use self::settings::Settings;
use self::state::State;
use crate::transport::{SendOutcome, SendReason, Transport, TransportCheck};

/// Draws each trace as a tree, with durations on a common time axis.
///
/// Clones share their output and their traces: give each tracer of a process a clone, and a trace across their services is drawn as one
/// tree. Settings apply to all clones.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, Console, ConsoleTags};
///
/// let console = Console::stderr().tags(ConsoleTags::All);
/// let (tracer, _guard) = BatchReporter::new(console).start(Tracer::builder("shop"))?;
/// tracer.span("checkout").tag("amount", 9.5).start().finish();
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// A trace is drawn once all parents have finished and no span has arrived for the [linger](Console::linger) time, or when one of its
/// tracers is flushed, or when its first span has waited for the [maximum age](Console::max_age). Later spans are drawn as a
/// continuation. The console does not wait for a parent in another process. With several clones in use the parent may belong to another
/// tracer of this process, so it waits.
///
/// Control characters in names and values are escaped, so that a request cannot write to the terminal. Memory is bounded by the
/// [queue sizes](crate::BatchReporter::queue_size) of the reporters, and texts are truncated.
///
/// The thread of one of the reporters writes. A pipe that nobody reads blocks it: spans are then dropped and counted, and closing returns
/// after its time-out.
#[must_use = "does nothing until a reporter uses it"]
pub struct Console {
    shared: Arc<Shared>,
    counters: Arc<Counters>,
    /// A reporter uses this handle, and it is registered in the shared state.
    is_registered: bool,
    added: usize,
    /// The part of [`Counters::settled`] that the reporter knows.
    reported: (usize, usize),
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// A reporter has completed a pass.
    passed: Condvar,
}

impl Console {
    /// Draws to standard output.
    pub fn stdout() -> Self {
        Self::new(Output::Stdout)
    }

    /// Draws to standard error.
    pub fn stderr() -> Self {
        Self::new(Output::Stderr)
    }

    /// Draws to any writer, such as a file or a buffer.
    pub fn writer(writer: impl Write + Send + 'static) -> Self {
        Self::new(Output::Writer(Box::new(writer)))
    }

    fn new(output: Output) -> Self {
        Console::of(Arc::new(Shared { state: Mutex::new(State::new(output)), passed: Condvar::new() }))
    }

    fn of(shared: Arc<Shared>) -> Self {
        Console { shared, counters: Arc::default(), is_registered: false, added: 0, reported: (0, 0) }
    }

    /// Sets whether services have colours. [`ConsoleColors::Auto`] by default.
    pub fn colors(self, colors: ConsoleColors) -> Self {
        self.set(|settings| settings.colors = colors)
    }

    /// Sets the width of a line in columns, at least 40. By default the width of the terminal, up to 160. Without a terminal the value of
    /// `COLUMNS`, else 100.
    pub fn columns(self, columns: usize) -> Self {
        self.set(|settings| settings.columns = Some(columns))
    }

    /// Sets which tags are drawn. [`ConsoleTags::None`] by default.
    pub fn tags(self, tags: ConsoleTags) -> Self {
        self.set(|settings| settings.tags = tags)
    }

    /// Sets which logs are drawn. [`ConsoleLogs::Failed`] by default.
    pub fn logs(self, logs: ConsoleLogs) -> Self {
        self.set(|settings| settings.logs = logs)
    }

    /// Sets how long a trace that seems complete waits for further spans. 150 milliseconds by default.
    pub fn linger(self, linger: Duration) -> Self {
        self.set(|settings| settings.linger = linger)
    }

    /// Sets how long a span waits for its trace at most. 5 seconds by default.
    pub fn max_age(self, max_age: Duration) -> Self {
        self.set(|settings| settings.max_age = max_age)
    }

    fn set(self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.lock().settings);
        self
    }

    /// A poisoned state is still consistent: foreign code runs under the lock in one place only, which catches panics.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the reporters of the other handles have delivered all spans that have finished so far, since these may belong to the
    /// same traces. That takes two passes, since the first one may be half done.
    fn wait_for_others<'a>(&'a self, mut state: MutexGuard<'a, State>, until: Instant) -> MutexGuard<'a, State> {
        // The others need not wait for this handle: its spans are here.
        self.counters.count_pass();
        self.counters.count_pass();
        let others: Vec<_> = state.others(&self.counters).map(|other| (other.clone(), other.passes() + 2)).collect();
        let now = Instant::now();
        let end = now.checked_add(state.settings.linger.saturating_mul(2)).map_or(until, |end| end.min(until));
        let is_late = |(other, passes): &(Arc<Counters>, usize)| !other.is_gone() && other.passes() < *passes;
        while others.iter().any(is_late) && self.waiting() > 0 {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            // Passes are counted without the lock, so a wake-up may be missed.
            let timeout = left.min(Duration::from_millis(10));
            state = self.shared.passed.wait_timeout(state, timeout).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    /// The number of spans that are not drawn yet.
    fn waiting(&self) -> usize {
        let (written, dropped) = self.counters.settled();
        self.added.saturating_sub(written + dropped)
    }

    /// What became of spans since the last report, including those that another handle drew.
    fn outcome(&mut self, settled: (usize, usize), error: Option<io::Error>) -> SendOutcome {
        let (written, dropped) = (settled.0 - self.reported.0, settled.1 - self.reported.1);
        self.reported = settled;
        match error {
            Some(error) if dropped > 0 => SendOutcome::sent(written).and(SendOutcome::dropped(dropped, error)),
            _ => SendOutcome::sent(written),
        }
    }
}

/// Another handle of the same console, for another tracer.
impl Clone for Console {
    fn clone(&self) -> Self {
        Console::of(self.shared.clone())
    }
}

impl Transport for Console {
    fn name(&self) -> &'static str {
        "console"
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        self.added += 1;
        let mut state = self.lock();
        let service = state.service(span.process().service());
        let Settings { tags, logs, .. } = state.settings;
        let entry = Entry::new(span, service, tags, logs, self.counters.clone());
        state.store.add(span.context().trace_id(), entry, Instant::now());
    }

    /// Spans that another handle has drawn count until they are reported.
    fn pending(&self) -> usize {
        self.added.saturating_sub(self.reported.0 + self.reported.1)
    }

    fn send(&mut self, reason: SendReason, until: Instant) -> SendOutcome {
        let mut state = self.lock();
        match reason {
            SendReason::Flush => {
                state = self.wait_for_others(state, until);
                let traces = state.store.take(|trace| trace.is_of(&self.counters));
                state.print(traces);
            }
            SendReason::QueueFull => {
                let enough = self.waiting() / 2;
                while self.waiting() > enough
                    && let Some(trace) = state.store.take_oldest(&self.counters)
                {
                    state.print(vec![trace]);
                }
            }
            SendReason::Due | SendReason::InProgress => {
                let (now, several) = (Instant::now(), state.others(&self.counters).next().is_some());
                let Settings { linger, max_age, .. } = state.settings;
                let traces = state.store.take(|trace| trace.is_due(now, linger, max_age, several));
                state.print(traces);
            }
        }
        // Both under the lock, since another handle that draws sets the error and counts.
        let (settled, error) = (self.counters.settled(), state.last_error());
        drop(state);
        self.outcome(settled, error)
    }

    fn tick(&mut self) {
        self.counters.count_pass();
        if !self.is_registered {
            self.is_registered = true;
            self.lock().join(&self.counters);
        }
        self.shared.passed.notify_all();
    }

    /// A flush waits for the passes of the other handles, so these must go on.
    fn max_pause(&self) -> Option<Duration> {
        // The lock is held for long while a writer blocks.
        let is_alone = self.shared.state.try_lock().is_ok_and(|state| state.others(&self.counters).next().is_none());
        (!is_alone).then_some(Duration::ZERO)
    }

    fn check(&self) -> TransportCheck {
        TransportCheck::unavailable("the console has no server")
    }

    /// The console decides itself when to draw.
    fn batch_delay(&self) -> Option<Duration> {
        Some(Duration::ZERO)
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.counters.leave();
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Console")
            .field("output", &state.output)
            .field("settings", &state.settings)
            .finish_non_exhaustive()
    }
}
