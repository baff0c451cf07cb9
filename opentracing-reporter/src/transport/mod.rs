//! The `Transport` trait: what the reporter asks of anything that sends spans, and what it gets back.

mod check;
mod outcome;

use std::time::{Duration, Instant};

use opentracing_core::{FinishedSpan, TransportStats};

pub(crate) use self::check::Kind as CheckKind;
pub use self::check::{CheckOutcome, CheckResult, TransportCheck};
pub use self::outcome::{SendOutcome, SendReason};

/// Sends finished spans: to a collector, an agent, a terminal.
///
/// All calls come from the reporter's thread, one at a time. While a call runs, the other transports of that reporter wait, and finished
/// spans stay in the rings of their threads. So a network transport must not block until an answer arrives: it keeps the request in flight
/// between two calls of [`send`](Transport::send) and continues it in the next one. Retries and backoff belong there too.
///
/// Panics are caught. A panic in `add` drops that span. A panic in `send` drops the spans that are no longer
/// [`pending`](Transport::pending) afterwards. After panics in three sends in a row the transport is no longer used, and its spans are
/// dropped. All of them are counted.
///
/// ```
/// use std::io::Write;
/// use std::time::Instant;
///
/// use opentracing_core::{FinishedSpan, Tracer};
/// use opentracing_reporter::{BatchReporter, SendOutcome, SendReason, Transport};
///
/// /// Writes one line per span.
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
///     fn send(&mut self, _: SendReason, _: Instant) -> SendOutcome {
///         let (text, spans) = (std::mem::take(&mut self.text), std::mem::take(&mut self.spans));
///         match self.writer.write_all(text.as_bytes()) {
///             Ok(()) => SendOutcome::sent(spans),
///             Err(error) => SendOutcome::dropped(spans, error),
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
    /// The name of the transport in statistics and log lines, such as `console` or `zipkin`. Up to its first hyphen it names the backend,
    /// as in `instana-serverless`: see [`Tracer::reports_to`](opentracing_core::Tracer::reports_to).
    fn name(&self) -> &'static str;

    /// Copies or encodes what it needs of the span. The span is gone after the call. Must not block.
    ///
    /// Called only while fewer spans are pending than the [queue size](crate::BatchReporter::queue_size). A span that cannot be encoded
    /// stays pending until the next `send` reports it as dropped.
    fn add(&mut self, span: FinishedSpan<'_>);

    /// The number of added spans that are neither sent nor dropped yet. Called once per span, so it should only read a number.
    fn pending(&self) -> usize;

    /// Sends pending spans, or continues to, and reports what became of spans since the last call.
    ///
    /// `reason` says why it is called. It may block, but not beyond `until`. That is a few milliseconds away, unless the tracer is flushed.
    /// What is not finished by then continues in the next call. Never called while nothing is pending or [spooled](Transport::spooled).
    fn send(&mut self, reason: SendReason, until: Instant) -> SendOutcome;

    /// The number of spans that it has stored durably, to send them later. They are no longer pending, so a flush counts them as safe. A
    /// later `send` reports them as sent or dropped. Zero by default.
    fn spooled(&self) -> usize {
        0
    }

    /// Called for each span that the reporter drops because the queue is full. The reporter counts it; a transport may forward the number
    /// to its server. Does nothing by default.
    fn span_dropped(&mut self) {}

    /// Called about every 50 milliseconds on the reporter's thread while spans are recorded, pending or spooled, and otherwise as often as
    /// [`max_pause`](Transport::max_pause) says. Must not block. Does nothing by default.
    fn tick(&mut self) {}

    /// How long the reporter's thread may sleep if no span finishes: the time until [`tick`](Transport::tick), or a
    /// [`send`](Transport::send) in progress, has something to do. It is rounded up to 50 milliseconds and down to 10 seconds.
    ///
    /// `None`, the default, means 50 milliseconds while a send is in progress or spans are spooled, and 10 seconds otherwise. The delay of a
    /// batch is taken into account by the reporter.
    fn max_pause(&self) -> Option<Duration> {
        None
    }

    /// How long a span waits for a batch to fill. `None`, the default, uses the [reporter's setting](crate::BatchReporter::batch_delay).
    /// Zero is for a transport with a schedule of its own: `send` is called about every 50 milliseconds while spans are pending.
    fn batch_delay(&self) -> Option<Duration> {
        None
    }

    /// Its network statistics: requests, bytes, latency, and why spans were dropped. The reporter fills in the name, the numbers of spans
    /// sent, dropped and queued, and the last error. Called after each pass over the rings, so it should only copy numbers. All zero by
    /// default.
    fn stats(&self) -> TransportStats {
        TransportStats::default()
    }

    /// Prepares a check of whether spans would arrive, for [`BatchReporter::check`](crate::BatchReporter::check). Must not block; the check
    /// itself may. The network transports connect and send a request without spans. Says by default that there is no check.
    fn check(&self) -> TransportCheck {
        TransportCheck::unavailable("this transport has no check")
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

    fn send(&mut self, reason: SendReason, until: Instant) -> SendOutcome {
        (**self).send(reason, until)
    }

    fn spooled(&self) -> usize {
        (**self).spooled()
    }

    fn span_dropped(&mut self) {
        (**self).span_dropped();
    }

    fn tick(&mut self) {
        (**self).tick();
    }

    fn max_pause(&self) -> Option<Duration> {
        (**self).max_pause()
    }

    fn batch_delay(&self) -> Option<Duration> {
        (**self).batch_delay()
    }

    fn stats(&self) -> TransportStats {
        (**self).stats()
    }

    fn check(&self) -> TransportCheck {
        (**self).check()
    }
}
