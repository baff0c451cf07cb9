//! What the reporter asks of a transport.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use opentracing_core::{FinishedSpan, TransportStats};

/// Turns finished spans into what it sends, and sends it: to a collector, an agent, a terminal.
///
/// All calls come from the reporter's thread, one at a time. While one runs, no other transport of that reporter is served, and
/// finished spans wait in the rings of their threads. So a transport that talks to a network keeps what is under way between two
/// calls of [`send`](Transport::send) (a future on a runtime of its own, a socket that does not block), and goes on with it in the next
/// one; retrying and waiting for it belong there too.
///
/// A panic is caught. In `add` it loses the span, counted; in `send` it loses the spans that are no longer
/// [`pending`](Transport::pending) afterwards. A transport that panics in three sends in a row is dropped: what it has and whatever
/// would come to it is counted as lost.
///
/// ```
/// use std::io::Write;
/// use std::time::Instant;
///
/// use opentracing_core::{FinishedSpan, Tracer};
/// use opentracing_reporter::{BatchReporter, Outcome, Reason, Transport};
///
/// /// Writes a line for each span.
/// struct Lines<W> {
///     text: String,
///     spans: usize,
///     writer: W,
/// }
///
/// impl<W: Write + Send + 'static> Transport for Lines<W> {
///     fn name(&self) -> &'static str {
///         "lines"
///     }
///
///     fn add(&mut self, span: FinishedSpan<'_>) {
///         self.text.push_str(&format!("{} {:?}\n", span.operation_name(), span.duration()));
///         self.spans += 1;
///     }
///
///     fn pending(&self) -> usize {
///         self.spans
///     }
///
///     fn send(&mut self, _: Reason, _: Instant) -> Outcome {
///         let (text, spans) = (std::mem::take(&mut self.text), std::mem::take(&mut self.spans));
///         match self.writer.write_all(text.as_bytes()) {
///             Ok(()) => Outcome::sent(spans),
///             Err(error) => Outcome::lost(spans, error),
///         }
///     }
/// }
///
/// let lines = Lines { text: String::new(), spans: 0, writer: std::io::sink() };
/// let (tracer, guard) = BatchReporter::new(lines).start(Tracer::builder("shop"))?;
/// tracer.span("checkout").start().finish();
/// drop(guard);
/// assert_eq!(tracer.stats().reporter.sent, 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Transport: Send + 'static {
    /// Names the transport in log lines: `console`, `zipkin`.
    fn name(&self) -> &'static str;

    /// Copies or encodes what it needs of the span, which is gone after the call. Must not block.
    ///
    /// Called only while fewer spans are pending than the reporter's queue admits. A span that cannot be encoded stays pending until the
    /// next `send` tells that it is lost.
    fn add(&mut self, span: FinishedSpan<'_>);

    /// How many of the spans that were added are neither sent nor lost: waiting and under way. Called once for each span, so it should
    /// only read a number.
    fn pending(&self) -> usize;

    /// Sends what is pending, or goes on with that, and tells what became of spans meanwhile.
    ///
    /// The [`Reason`] says why now. May block, but not beyond `until`, which is a few milliseconds away unless the tracer is flushed:
    /// what is not through by then goes on in the next call. Never called when nothing is pending or [spooled](Transport::spooled).
    fn send(&mut self, reason: Reason, until: Instant) -> Outcome;

    /// How many spans it has put where they outlive the process, to send them later. They are no longer pending, so they count as safe
    /// when the tracer is flushed, and neither sent nor lost until a `send` tells. None by default.
    fn spooled(&self) -> usize {
        0
    }

    /// A span could not be added, since too many are pending: it is lost, and the reporter has counted it. For transports that tell the
    /// other side. Does nothing by default.
    fn refused(&mut self) {}

    /// Runs about every 50 milliseconds, whether or not something is pending, on the reporter's thread. Must not block. Does nothing by
    /// default.
    fn tick(&mut self) {}

    /// How long a span waits for others before it is sent. `None`, the default, is as long as the
    /// [reporter](crate::BatchReporter::delay) says. `Some` goes before that; zero is for a transport with a schedule of its own, which
    /// is called about every 50 milliseconds for as long as something is pending.
    fn delay(&self) -> Option<Duration> {
        None
    }

    /// What went over the network so far: requests, bytes, latency, and why spans were lost. The name, the numbers of spans sent,
    /// dropped and queued, and the last error are the reporter's, and whatever stands there is replaced. Called after each pass over the rings, so it
    /// should only copy numbers. All zero by default.
    fn stats(&self) -> TransportStats {
        TransportStats::default()
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        (**self).add(span);
    }

    fn pending(&self) -> usize {
        (**self).pending()
    }

    fn send(&mut self, reason: Reason, until: Instant) -> Outcome {
        (**self).send(reason, until)
    }

    fn spooled(&self) -> usize {
        (**self).spooled()
    }

    fn refused(&mut self) {
        (**self).refused();
    }

    fn tick(&mut self) {
        (**self).tick();
    }

    fn delay(&self) -> Option<Duration> {
        (**self).delay()
    }

    fn stats(&self) -> TransportStats {
        (**self).stats()
    }
}

/// Why a transport is asked to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A batch is full, spans have waited for the delay, or the last call left something in progress.
    Due,
    /// As many spans are pending as the queue admits: the next ones are lost unless some leave.
    Full,
    /// The tracer is being flushed or closed: everything is to leave, without waiting for more. Called again and again until nothing
    /// is pending or the time is over.
    Flush,
}

/// What became of spans in one call of [`Transport::send`].
#[derive(Debug, Default)]
#[must_use = "spans that are not accounted for are neither sent nor lost"]
pub struct Outcome {
    pub(crate) sent: u64,
    pub(crate) lost: u64,
    pub(crate) error: Option<Box<dyn Error + Send + Sync>>,
    pub(crate) in_progress: bool,
}

impl Outcome {
    /// Nothing happened: the transport waits for more.
    pub fn none() -> Self {
        Outcome::default()
    }

    /// So many spans arrived at the other side, or were written.
    pub fn sent(spans: usize) -> Self {
        Outcome { sent: spans as u64, ..Outcome::default() }
    }

    /// So many spans are lost, for that reason; it goes to `log`, at most once a minute. Zero spans is an error that lost nothing: it
    /// is going to be tried again.
    pub fn lost(spans: usize, reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Outcome { lost: spans as u64, error: Some(reason.into()), ..Outcome::default() }
    }

    /// Something is under way: the transport is called again, about 50 milliseconds later.
    pub fn in_progress() -> Self {
        Outcome { in_progress: true, ..Outcome::default() }
    }

    /// This and that: numbers add up, and of two errors the first stays.
    pub fn and(self, other: Outcome) -> Self {
        Outcome {
            sent: self.sent + other.sent,
            lost: self.lost + other.lost,
            error: self.error.or(other.error),
            in_progress: self.in_progress || other.in_progress,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Due => "due",
            Reason::Full => "full",
            Reason::Flush => "flush",
        })
    }
}
