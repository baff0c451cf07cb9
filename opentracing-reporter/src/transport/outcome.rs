//! Why a transport is asked to send, and what became of the spans.

use std::error::Error;
use std::fmt;

/// Why [`Transport::send`](crate::Transport::send) is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendReason {
    /// A batch is full, or spans have waited for the delay.
    Due,
    /// No batch is due, but the last call left a request in progress, or spans are [spooled](crate::Transport::spooled).
    InProgress,
    /// The queue is full. Further spans are dropped unless some of the pending ones leave.
    QueueFull,
    /// The tracer is being flushed or closed, so all pending spans should leave. Called again until nothing is pending or the time is over.
    Flush,
}

/// What became of spans in one call of [`Transport::send`](crate::Transport::send).
///
/// ```
/// use opentracing_reporter::SendOutcome;
///
/// // A batch of 512 spans was sent, of which the server rejected two.
/// let outcome = SendOutcome::sent(510).and(SendOutcome::dropped(2, "invalid span id"));
/// # let _ = outcome;
/// ```
#[derive(Debug, Default)]
#[must_use = "the reporter counts spans by what `send` returns"]
pub struct SendOutcome {
    pub(crate) sent: u64,
    pub(crate) dropped: u64,
    pub(crate) error: Option<Box<dyn Error + Send + Sync>>,
    /// Logged apart from errors of requests, which often come at the same time.
    pub(crate) storage_error: Option<Box<dyn Error + Send + Sync>>,
    pub(crate) in_progress: bool,
}

impl SendOutcome {
    /// Nothing happened: the transport waits for more spans.
    pub fn none() -> Self {
        SendOutcome::default()
    }

    /// The server accepted this many spans, or they were written.
    pub fn sent(spans: usize) -> Self {
        SendOutcome { sent: spans as u64, ..SendOutcome::default() }
    }

    /// This many spans are dropped because of `error`. The error becomes the transport's last error and goes to `log`, at most once a
    /// minute.
    pub fn dropped(spans: usize, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        SendOutcome { dropped: spans as u64, error: Some(error.into()), ..SendOutcome::default() }
    }

    /// A request failed and will be retried; no span is dropped. The error is reported as for [`dropped`](SendOutcome::dropped).
    pub fn retrying(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        SendOutcome::dropped(0, error)
    }

    /// The disk failed or is full, and this many spans are dropped for it.
    #[cfg(feature = "network")]
    pub(crate) fn storage(dropped: usize, error: impl fmt::Display) -> Self {
        let storage_error = Some(format!("spool: {error}").into());
        SendOutcome { dropped: dropped as u64, storage_error, ..SendOutcome::default() }
    }

    /// A request is in progress: `send` is called again about 50 milliseconds later.
    pub fn in_progress() -> Self {
        SendOutcome { in_progress: true, ..SendOutcome::default() }
    }

    /// Combines two outcomes. Numbers add up, and the first error is kept.
    pub fn and(self, other: SendOutcome) -> Self {
        SendOutcome {
            sent: self.sent + other.sent,
            dropped: self.dropped + other.dropped,
            error: self.error.or(other.error),
            storage_error: self.storage_error.or(other.storage_error),
            in_progress: self.in_progress || other.in_progress,
        }
    }
}

#[cfg(feature = "network")]
impl SendReason {
    /// Whether the program runs as usual: `send` must return soon, and will be called again.
    pub(crate) fn is_usual(self) -> bool {
        matches!(self, SendReason::Due | SendReason::InProgress)
    }
}

impl fmt::Display for SendReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendReason::Due => "due",
            SendReason::InProgress => "in progress",
            SendReason::QueueFull => "queue full",
            SendReason::Flush => "flush",
        })
    }
}
