//! The `Reporter` trait, and the process that spans belong to.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use crate::model::value::Value;
use crate::redaction::REDACTED;
use crate::redaction::keys::Redactor;
use crate::reporter::finished::Batch;
use crate::reporter::held::Hold;
use crate::stats::stats::ReporterStats;
use crate::stats::tail_stats::TailStats;
use crate::stats::transport_stats::TransportStats;

/// Receives finished spans in batches, on the thread that drains them, never on the thread of a request.
///
/// All calls come from one thread at a time. While a call runs, finished spans wait in bounded buffers, and are dropped and counted once those
/// are full: a reporter that sends must bound its time. If a call panics, its batch is dropped and counted. `flush` and `close` of the
/// same tracer return [`FlushError::Reentrant`].
pub trait Reporter: Send + 'static {
    /// Reports a batch. The spans are borrowed: copy what must outlive the call.
    fn report(&mut self, batch: Batch<'_>);

    /// Whether the reporter holds spans. Then the drain calls [`hold`](Reporter::hold) instead of [`report`](Reporter::report), and also
    /// passes spans on that are recorded but not sampled. Asked once, when the drain starts. `false` by default.
    fn holds(&self) -> bool {
        false
    }

    /// Takes new spans, which it may hold beyond the call, and gives held ones back. Called for reporters that [hold](Reporter::holds)
    /// spans whenever spans have finished, after each pass of the drain, and before a flush and the close.
    ///
    /// A span is to be kept if its context is [sampled](crate::SpanContext::is_sampled), unless it is
    /// [deferred](crate::SpanContext::is_deferred): then the reporter decides. A span that is neither belongs to a trace that was dropped by
    /// a late `sampling.priority`.
    fn hold(&mut self, hold: &mut Hold<'_>) {
        let _ = hold;
    }

    /// Runs after each pass of the drain, about every 50 milliseconds at least, even without spans unless
    /// [`max_pause`](Reporter::max_pause) allows more. For timers.
    fn tick(&mut self) {}

    /// How long the draining thread may sleep if no span finishes: the time until [`tick`](Reporter::tick) has something to do. The thread
    /// sleeps for 10 seconds at most, and the next span that finishes wakes it at once.
    ///
    /// Called after a pass without spans. 50 milliseconds by default, which is also the least.
    fn max_pause(&self) -> Duration {
        PASS_INTERVAL
    }

    /// Sends all spans that it holds, or stops at the deadline.
    ///
    /// # Errors
    ///
    /// If spans were dropped or could not be sent in time.
    fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        let _ = deadline;
        Ok(())
    }

    /// Runs when the tracer is closed; only calls of [`stats`](Reporter::stats) follow. Sends all spans, as [`flush`](Reporter::flush) does, and
    /// counts the remaining ones as dropped. Flushes by default.
    ///
    /// # Errors
    ///
    /// As [`flush`](Reporter::flush).
    fn close(&mut self, deadline: Instant) -> Result<(), FlushError> {
        self.flush(deadline)
    }

    /// The counters so far. They become part of [`Tracer::stats`](crate::Tracer::stats).
    fn stats(&self) -> ReporterStats {
        ReporterStats::default()
    }

    /// The counters of tail sampling, if the reporter does any. They become part of [`Tracer::stats`](crate::Tracer::stats). Called as often
    /// as [`stats`](Reporter::stats), with the last counters in `stats`, which it updates.
    fn tail_stats(&self, stats: &mut Option<TailStats>) {
        let _ = stats;
    }

    /// Appends the counters of each transport. They become part of [`Tracer::stats`](crate::Tracer::stats). Called as often as
    /// [`stats`](Reporter::stats). Nothing by default.
    fn transport_stats(&self, stats: &mut Vec<TransportStats>) {
        let _ = stats;
    }
}

impl<R: Reporter + ?Sized> Reporter for Box<R> {
    fn report(&mut self, batch: Batch<'_>) {
        (**self).report(batch);
    }

    fn holds(&self) -> bool {
        (**self).holds()
    }

    fn hold(&mut self, hold: &mut Hold<'_>) {
        (**self).hold(hold);
    }

    fn tick(&mut self) {
        (**self).tick();
    }

    fn max_pause(&self) -> Duration {
        (**self).max_pause()
    }

    fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        (**self).flush(deadline)
    }

    fn close(&mut self, deadline: Instant) -> Result<(), FlushError> {
        (**self).close(deadline)
    }

    fn stats(&self) -> ReporterStats {
        (**self).stats()
    }

    fn tail_stats(&self, stats: &mut Option<TailStats>) {
        (**self).tail_stats(stats);
    }

    fn transport_stats(&self, stats: &mut Vec<TransportStats>) {
        (**self).transport_stats(stats);
    }
}

/// How often the drain passes over the rings while spans come.
pub(crate) const PASS_INTERVAL: Duration = Duration::from_millis(50);

/// The service that a tracer's spans belong to: its name, and the tags that all spans share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    pub(crate) service: Box<str>,
    pub(crate) tags: Vec<(Box<str>, OwnedValue)>,
}

impl Process {
    /// The name of a service that has none: `unknown_service:` and the name of the program (OpenTelemetry semantic conventions,
    /// "Service").
    pub fn unknown_service() -> String {
        let program = std::env::current_exe().ok();
        let name = program.as_deref().and_then(|path| path.file_name()).and_then(|name| name.to_str());
        name.map_or_else(|| "unknown_service".to_owned(), |name| format!("unknown_service:{name}"))
    }

    /// The name of the service.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Redacts secrets in the tags, as in those of spans.
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        for (key, value) in &mut self.tags {
            match value {
                OwnedValue::Str(text) => *text = redactor.redact(redactor.treatment(key), text, false).into(),
                OwnedValue::I64(_) | OwnedValue::U64(_) if redactor.is_secret_number(key) => {
                    *value = OwnedValue::Str(REDACTED.into());
                }
                _ => {}
            }
        }
        self
    }

    /// The tags of the process, in the order in which they were set.
    pub fn tags(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.tags.iter().map(|(key, value)| (&**key, value.as_value()))
    }
}

/// A tag value that owns its text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OwnedValue {
    /// A Boolean.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A floating-point number.
    F64(f64),
    /// Text.
    Str(Box<str>),
}

impl OwnedValue {
    /// The value, borrowed.
    pub fn as_value(&self) -> Value<'_> {
        match self {
            OwnedValue::Bool(value) => Value::Bool(*value),
            OwnedValue::I64(value) => Value::I64(*value),
            OwnedValue::U64(value) => Value::U64(*value),
            OwnedValue::F64(value) => Value::F64(*value),
            OwnedValue::Str(value) => Value::Str(value),
        }
    }
}

impl From<Value<'_>> for OwnedValue {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Bool(value) => OwnedValue::Bool(value),
            Value::I64(value) => OwnedValue::I64(value),
            Value::U64(value) => OwnedValue::U64(value),
            Value::F64(value) => OwnedValue::F64(value),
            Value::Static(value) => OwnedValue::Str(value.into()),
            Value::Str(value) => OwnedValue::Str(value.into()),
            Value::Message(value) => OwnedValue::Str(value.into()),
            Value::Url(pieces) => OwnedValue::Str(pieces.concat().into()),
        }
    }
}

impl fmt::Display for OwnedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_value().fmt(f)
    }
}

/// An error of [`Tracer::flush`](crate::Tracer::flush) or [`Tracer::close`](crate::Tracer::close): spans may not have been sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FlushError {
    /// The time-out was over before all spans were sent. The remaining ones are still sent later.
    Timeout,
    /// The reporter failed to send; [`Stats`](crate::Stats) has the number of spans.
    Failed,
    /// The tracer's own reporter made the call, which would deadlock. The call had no effect.
    Reentrant,
    /// This process was forked after the tracer was built, and has no thread that reports. Its spans are dropped, and counted in
    /// [`Stats::dropped_fork`](crate::Stats::dropped_fork).
    Forked,
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FlushError::Timeout => "flush timed out before all spans were sent",
            FlushError::Failed => "the reporter could not send all spans",
            FlushError::Reentrant => "the reporter cannot flush or close its own tracer",
            FlushError::Forked => "the process was forked after the tracer was built, and nothing reports its spans",
        })
    }
}

impl Error for FlushError {}
