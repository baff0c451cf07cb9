//! How a backend wants its spans.

use std::time::Duration;

use opentracing_core::{FinishedSpan, Process};

use crate::batch::Pieces;

/// Turns finished spans into the bytes of one backend.
///
/// All calls come from the reporter's thread. Nothing here may block, nor panic on what a user put into a span.
pub(crate) trait Encoding: Send + 'static {
    /// Appends the bytes of one span to `out`, and says how many entries of a request they make (Instana: one, and one for each of its
    /// log spans). Zero, with nothing appended, holds the span back: it counts neither as sent nor as lost.
    ///
    /// The bytes must mean the same in whatever request they come to stand, and beside whatever others.
    fn span(&mut self, span: FinishedSpan<'_>, detail: Detail, out: &mut Vec<u8>) -> usize;

    /// Appends the part of a request that is the same for all spans of a process: OTLP's resource, Jaeger's process; nothing for Zipkin.
    /// Called once, before the first span.
    fn process(&mut self, process: &Process, out: &mut Vec<u8>);

    /// Appends a whole body: the frame around these spans.
    fn frame(&self, process: &[u8], spans: Pieces<'_>, out: &mut Vec<u8>);

    /// The body's media type.
    fn content_type(&self) -> &'static str;

    /// What one request may hold.
    fn limits(&self) -> RequestLimits;

    /// What the other side says of a request that it took.
    fn accepted(&self, body: &[u8]) -> Accepted {
        let _ = body;
        Accepted::default()
    }
}

/// How much of a span is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// All of it.
    Full,
    /// Values are cut and logs left out: what is tried of a span that is too large as a whole.
    Short,
}

impl Detail {
    /// The value, as much of it as is written.
    pub(crate) fn text(self, text: &str) -> &str {
        const SHORT_BYTES: usize = 256;
        if self == Detail::Full || text.len() <= SHORT_BYTES {
            return text;
        }
        let end = (0..=SHORT_BYTES).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        &text[..end]
    }

    /// Whether logs are written.
    pub(crate) fn has_logs(self) -> bool {
        self == Detail::Full
    }
}

/// What one request may hold. The default sets no limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestLimits {
    pub(crate) entries: usize,
    /// Of all spans and the process together; the encoding leaves room for the frame.
    pub(crate) bytes: usize,
    pub(crate) span_bytes: usize,
    /// From the beginning of one request to that of the next.
    pub(crate) interval: Duration,
}

impl Default for RequestLimits {
    fn default() -> Self {
        RequestLimits { entries: usize::MAX, bytes: usize::MAX, span_bytes: usize::MAX, interval: Duration::ZERO }
    }
}

/// What the other side says of a request that it took.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Spans that it did not want all the same.
    pub(crate) rejected: usize,
    /// Why, or a warning.
    pub(crate) message: Option<String>,
}
