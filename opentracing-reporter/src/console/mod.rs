//! The console: traces as trees with durations on a common time axis.

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
use crate::transport::{SendOutcome, SendReason, Transport};

/// Draws each trace as a tree, with durations on a common time axis.
///
/// A clone draws to the same place and from the same store: give each tracer of a process a clone, and a trace across their services is
/// drawn as one tree. Settings hold for all clones.
///
/// A trace is drawn once every parent has finished and nothing more has come for the [linger](Console::linger) time, or when one of its
/// tracers is flushed, or when its first span has waited for the [maximum age](Console::max_age). What comes later is drawn as a
/// continuation. A parent in another process is not waited for; with clones in use it may belong to another tracer of this process, and is.
///
/// Control characters in names and values are escaped, so that nobody who sends a request can write to the terminal. What is held is
/// bounded by the [queues](crate::BatchReporter::queue_size) of the reporters, and texts are cut.
///
/// Writing happens on the thread of one of the reporters. A pipe that nobody reads blocks it: spans are then lost and counted, and closing
/// gives up after its time limit.
#[must_use = "a console draws nothing until a reporter sends by it"]
pub struct Console {
    shared: Arc<Shared>,
    counters: Arc<Counters>,
    /// A reporter uses it, and the other handles know.
    is_known: bool,
    added: usize,
    /// Of [`Counters::settled`], what the reporter has been told.
    told: (usize, usize),
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// A reporter has brought spans.
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

    /// Draws to a file, a buffer, or whatever takes bytes.
    pub fn writer(writer: impl Write + Send + 'static) -> Self {
        Self::new(Output::Writer(Box::new(writer)))
    }

    fn new(output: Output) -> Self {
        Console::of(Arc::new(Shared { state: Mutex::new(State::new(output)), passed: Condvar::new() }))
    }

    fn of(shared: Arc<Shared>) -> Self {
        Console { shared, counters: Arc::default(), is_known: false, added: 0, told: (0, 0) }
    }

    /// Whether services have colours. [`ConsoleColors::Auto`] by default.
    pub fn colors(self, colors: ConsoleColors) -> Self {
        self.set(|settings| settings.colors = colors)
    }

    /// How wide a line is, in columns, at least 40. By default as wide as the terminal, up to 160; without a terminal what `COLUMNS` says,
    /// else 100.
    pub fn columns(self, columns: usize) -> Self {
        self.set(|settings| settings.columns = Some(columns))
    }

    /// Which tags are drawn. [`ConsoleTags::None`] by default.
    pub fn tags(self, tags: ConsoleTags) -> Self {
        self.set(|settings| settings.tags = tags)
    }

    /// Which logs are drawn. [`ConsoleLogs::Failed`] by default.
    pub fn logs(self, logs: ConsoleLogs) -> Self {
        self.set(|settings| settings.logs = logs)
    }

    /// How long a trace that seems complete waits for further spans. 150 milliseconds by default.
    pub fn linger(self, linger: Duration) -> Self {
        self.set(|settings| settings.linger = linger)
    }

    /// How long a span waits for its trace at most. 5 seconds by default.
    pub fn max_age(self, max_age: Duration) -> Self {
        self.set(|settings| settings.max_age = max_age)
    }

    fn set(self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.lock().settings);
        self
    }

    /// A poisoned state is still whole: foreign code runs under the lock in one place only, where its panic is caught.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the reporters of the other handles have brought what had finished before, since that may belong to the same traces.
    /// The second pass from now has seen it all: the first one may be half-way through.
    fn wait_for_others<'a>(&'a self, mut state: MutexGuard<'a, State>, until: Instant) -> MutexGuard<'a, State> {
        // Nor is this one to be waited for: its spans are here.
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

    /// Spans that are not drawn yet.
    fn waiting(&self) -> usize {
        let (written, lost) = self.counters.settled();
        self.added.saturating_sub(written + lost)
    }

    /// What became of spans since the reporter was last told, whoever drew them.
    fn outcome(&mut self, settled: (usize, usize), error: Option<io::Error>) -> SendOutcome {
        let (written, lost) = (settled.0 - self.told.0, settled.1 - self.told.1);
        self.told = settled;
        match error {
            Some(error) if lost > 0 => SendOutcome::sent(written).and(SendOutcome::dropped(lost, error)),
            _ => SendOutcome::sent(written),
        }
    }
}

/// A further handle of the same console, for a further tracer.
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

    /// Spans that another handle has drawn count until the reporter has been told.
    fn pending(&self) -> usize {
        self.added.saturating_sub(self.told.0 + self.told.1)
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
            SendReason::Due => {
                let (now, several) = (Instant::now(), state.others(&self.counters).next().is_some());
                let Settings { linger, max_age, .. } = state.settings;
                let traces = state.store.take(|trace| trace.is_due(now, linger, max_age, several));
                state.print(traces);
            }
        }
        // Both under the lock: whoever else draws sets the error and counts.
        let (settled, error) = (self.counters.settled(), state.last_error());
        drop(state);
        self.outcome(settled, error)
    }

    fn tick(&mut self) {
        self.counters.count_pass();
        if !self.is_known {
            self.is_known = true;
            self.lock().join(&self.counters);
        }
        self.shared.passed.notify_all();
    }

    /// The console has its own rules of what is drawn when.
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
