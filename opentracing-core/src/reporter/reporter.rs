//! The way of finished spans out of a tracer.

use std::error::Error;
use std::fmt;
use std::time::Instant;

use crate::model::value::Value;
use crate::reporter::finished::Batch;
use crate::stats::stats::ReporterStats;
use crate::stats::transport_stats::TransportStats;

/// Receives finished spans, in batches, on the thread that drains them; never on the thread of a request.
///
/// All calls come from one thread at a time. While a call runs, finished spans wait in their rings, and are lost (and counted) once
/// those are full: a reporter that sends should bound the time it takes. A panic loses the batch at hand, counted. It must not flush or
/// close the tracer that it reports for, which would wait for itself.
pub trait Reporter: Send + 'static {
    /// Takes what it needs of the spans: their records are used again after the call.
    fn report(&mut self, batch: Batch<'_>);

    /// Runs after each pass over the rings, at least every 50 milliseconds or so, also when there were no spans: for what is to
    /// happen in time.
    fn tick(&mut self) {}

    /// Sends everything that it was given, or gives up at the deadline.
    ///
    /// # Errors
    ///
    /// If spans were lost or could not be sent in time.
    fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        let _ = deadline;
        Ok(())
    }

    /// The last call but those for [`stats`](Reporter::stats): the tracer is being closed. Sends everything, as [`flush`](Reporter::flush)
    /// does, and counts as lost what is then left. By default it flushes.
    ///
    /// # Errors
    ///
    /// As [`flush`](Reporter::flush).
    fn close(&mut self, deadline: Instant) -> Result<(), FlushError> {
        self.flush(deadline)
    }

    /// What became of the spans so far. Becomes part of [`Tracer::stats`](crate::Tracer::stats).
    fn stats(&self) -> ReporterStats {
        ReporterStats::default()
    }

    /// Appends what each of its transports did so far. Becomes part of [`Tracer::stats`](crate::Tracer::stats). Called as often as
    /// [`stats`](Reporter::stats). Nothing by default.
    fn transport_stats(&self, stats: &mut Vec<TransportStats>) {
        let _ = stats;
    }
}

impl<R: Reporter + ?Sized> Reporter for Box<R> {
    fn report(&mut self, batch: Batch<'_>) {
        (**self).report(batch);
    }

    fn tick(&mut self) {
        (**self).tick();
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

    fn transport_stats(&self, stats: &mut Vec<TransportStats>) {
        (**self).transport_stats(stats);
    }
}

/// The service that a tracer's spans belong to: its name and what is the same for all spans.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    pub(crate) service: Box<str>,
    pub(crate) tags: Vec<(Box<str>, OwnedValue)>,
}

impl Process {
    /// The name of the service.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The tags of the process, in the order in which they were given.
    pub fn tags(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.tags.iter().map(|(key, value)| (&**key, value.as_value()))
    }
}

/// A tag value that owns its text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OwnedValue {
    /// A truth value.
    Bool(bool),
    /// A signed number.
    I64(i64),
    /// An unsigned number.
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

/// Spans may not have arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FlushError {
    /// Not everything was through when the time was over. What is left goes on its way as usual.
    Timeout,
    /// The reporter could not send what it had; [`Stats`](crate::Stats) tells how many spans that were.
    Failed,
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FlushError::Timeout => "flush timed out before all spans were through",
            FlushError::Failed => "the reporter could not send all spans",
        })
    }
}

impl Error for FlushError {}
