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
mod store;
mod text;
mod tree;

use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opentracing_core::FinishedSpan;

pub use self::settings::{Colors, Logs, Tags};

use self::draw::draw;
use self::entry::Entry;
use self::handle::Counters;
use self::output::Output;
use self::settings::Settings;
use self::store::{Store, Trace};
use self::text::clean;
use crate::transport::{Outcome, Reason, Transport};

/// Draws each trace as a tree, with durations on a common time axis.
///
/// A clone draws to the same place and from the same store: give each tracer of a process a clone, and a trace that crosses their
/// services is drawn as one tree. Settings hold for all clones.
///
/// A trace is drawn once its root has finished and nothing more of it has come for the [linger](Console::linger) time, when it is flushed,
/// or when its first span has waited for the [maximum age](Console::max_age). What comes later is drawn as a continuation. With several
/// clones, a span whose parent is elsewhere may have that parent in another tracer of this process, and waits for it up to the maximum
/// age.
///
/// Control characters in names and values are escaped, so that nobody who sends a request can write to the terminal.
pub struct Console {
    shared: Arc<Shared>,
    counters: Arc<Counters>,
    added: usize,
    /// Of [`Counters::read`], what the reporter has been told.
    told: (usize, usize),
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    output: Output,
    settings: Settings,
    store: Store,
    /// Services in the order in which they came, which gives them their colours.
    services: Vec<Box<str>>,
    /// Why something was lost last.
    error: Option<(io::ErrorKind, String)>,
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
        let state =
            State { output, settings: Settings::default(), store: Store::default(), services: Vec::new(), error: None };
        Console::of(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }))
    }

    fn of(shared: Arc<Shared>) -> Self {
        Console { shared, counters: Arc::default(), added: 0, told: (0, 0) }
    }

    /// Whether services have colours. [`Colors::Auto`] by default.
    pub fn colors(self, colors: Colors) -> Self {
        self.set(|settings| settings.colors = colors)
    }

    /// How wide a line is, in columns, at least 40. By default as wide as the terminal, up to 160; without a terminal what `COLUMNS` says,
    /// else 100.
    pub fn columns(self, columns: usize) -> Self {
        self.set(|settings| settings.columns = Some(columns))
    }

    /// Which tags are drawn. [`Tags::None`] by default.
    pub fn tags(self, tags: Tags) -> Self {
        self.set(|settings| settings.tags = tags)
    }

    /// Which logs are drawn. [`Logs::Failed`] by default.
    pub fn logs(self, logs: Logs) -> Self {
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

    fn is_shared(&self) -> bool {
        Arc::strong_count(&self.shared) > 1
    }

    /// Where several tracers share the console, the others' spans of the same traces are perhaps still on their way.
    fn wait_for_others<'a>(&'a self, mut state: MutexGuard<'a, State>, until: Instant) -> MutexGuard<'a, State> {
        let linger = state.settings.linger;
        let end = until.min(Instant::now() + linger * 4);
        while self.is_shared() {
            let now = Instant::now();
            let quiet_at = state.store.quiet_at(&self.counters, linger).map_or(now, |quiet_at| quiet_at.min(end));
            let left = quiet_at.saturating_duration_since(now);
            if left.is_zero() {
                break;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    /// What became of spans since the reporter was last told, whoever drew them.
    fn outcome(&mut self, error: Option<(io::ErrorKind, String)>) -> Outcome {
        let now = self.counters.read();
        let (written, lost) = (now.0 - self.told.0, now.1 - self.told.1);
        self.told = now;
        let outcome = Outcome::sent(written);
        match error {
            Some((kind, message)) if lost > 0 => outcome.and(Outcome::lost(lost, io::Error::new(kind, message))),
            _ if lost > 0 => outcome.and(Outcome::lost(lost, "the console could not be written to")),
            _ => outcome,
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

    fn pending(&self) -> usize {
        let (written, lost) = self.counters.read();
        self.added.saturating_sub(written + lost)
    }

    fn send(&mut self, reason: Reason, until: Instant) -> Outcome {
        let mut state = self.lock();
        match reason {
            Reason::Flush => {
                state = self.wait_for_others(state, until);
                let traces = state.store.take(|trace| trace.is_of(&self.counters));
                state.print(traces);
            }
            Reason::Full => {
                let enough = self.pending() / 2;
                while self.pending() > enough
                    && let Some(trace) = state.store.take_oldest(&self.counters)
                {
                    state.print(vec![trace]);
                }
            }
            Reason::Due => {
                let (now, several) = (Instant::now(), self.is_shared());
                let Settings { linger, max_age, .. } = state.settings;
                let traces = state.store.take(|trace| trace.is_due(now, linger, max_age, several));
                state.print(traces);
            }
        }
        let error = state.error.clone();
        drop(state);
        // Who waits for traces that are no longer there looks again.
        self.shared.changed.notify_all();
        self.outcome(error)
    }

    /// The console has its own rules of what is drawn when.
    fn delay(&self) -> Duration {
        Duration::ZERO
    }
}

impl State {
    fn service(&mut self, name: &str) -> usize {
        let name = clean(name);
        self.services.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.services.push(name);
            self.services.len() - 1
        })
    }

    fn print(&mut self, traces: Vec<Trace>) {
        for trace in traces {
            let text = draw(&trace, &self.services, self.output.look(&self.settings));
            let output = &mut self.output;
            let written = catch_unwind(AssertUnwindSafe(|| output.write(&text)))
                .unwrap_or_else(|_| Err(io::Error::other("the writer panicked")));
            trace.entries.iter().for_each(|entry| entry.owner.settle(written.is_ok()));
            if let Err(error) = written {
                self.error = Some((error.kind(), error.to_string()));
            }
        }
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
