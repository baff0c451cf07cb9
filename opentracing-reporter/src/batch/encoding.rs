//! How a backend encodes its spans.

use std::time::Duration;

use opentracing_core::{FinishedSpan, Process};

use super::encoded::{EncodedBatch, EncodedSpans};

/// Turns finished spans into the bytes of one backend.
///
/// All calls come from the reporter's thread. An encoding must not block, and must not panic, whatever a span contains.
pub(crate) trait Encoding: Send + 'static {
    /// Appends the bytes of one span to `out`, and returns how many entries of a request they take. An Instana span takes one, and one
    /// more for each of its log spans. Returning zero, with nothing appended, suppresses the span: it counts neither as sent nor as
    /// dropped.
    ///
    /// The bytes must not depend on the request or on the other spans in it.
    fn span(&mut self, span: FinishedSpan<'_>, detail: Detail, out: &mut Vec<u8>) -> usize;

    /// Appends the part of a request that all spans of a process share: OTLP's resource, Jaeger's process, nothing for Zipkin. Called
    /// once, before the first span.
    fn process(&mut self, process: &Process, out: &mut Vec<u8>);

    /// Appends a whole request body: the frame with the process and the spans in it.
    fn frame(&self, process: &[u8], spans: EncodedSpans<'_>, out: &mut Vec<u8>);

    /// A whole request body without spans, to check the server with.
    fn without_spans(&self) -> Vec<u8> {
        let mut body = Vec::new();
        self.frame(&[], EncodedBatch::default().spans(), &mut body);
        body
    }

    /// The operation name of an encoded span, for errors. `None` if reading it is expensive.
    fn operation(&self, span: &[u8]) -> Option<String> {
        let _ = span;
        None
    }

    /// The media type of the body.
    fn content_type(&self) -> &'static str;

    /// What one request may hold.
    fn limits(&self) -> RequestLimits;

    /// Reads the body of a successful response: which spans the server rejected all the same.
    fn partial_success(&self, body: &[u8]) -> PartialSuccess {
        let _ = body;
        PartialSuccess::default()
    }
}

/// How much of a span is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Everything.
    Full,
    /// Long values are truncated and logs omitted. Used for a span that is too large in full.
    Reduced,
}

impl Detail {
    /// The text, truncated if needed.
    pub(crate) fn text(self, text: &str) -> &str {
        const REDUCED_BYTES: usize = 256;
        if self == Detail::Full || text.len() <= REDUCED_BYTES {
            return text;
        }
        let end = (0..=REDUCED_BYTES).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
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
    /// The size of all spans and the process together. The encoding reserves the room for the frame itself.
    pub(crate) bytes: usize,
    pub(crate) span_bytes: usize,
    /// The minimum time from the start of one request to the start of the next.
    pub(crate) interval: Duration,
}

impl Default for RequestLimits {
    fn default() -> Self {
        RequestLimits { entries: usize::MAX, bytes: usize::MAX, span_bytes: usize::MAX, interval: Duration::ZERO }
    }
}

/// What a server says about a request that it accepted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PartialSuccess {
    /// The number of spans that it rejected.
    pub(crate) rejected: usize,
    /// The reason, or a warning.
    pub(crate) message: Option<String>,
}
