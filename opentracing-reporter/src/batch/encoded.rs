//! Encoded spans with their boundaries.

use std::sync::Arc;

/// Spans of one process, encoded one after the other. This is what waits in the queue, what a request is framed around, and what the
/// spool stores.
#[derive(Clone, Debug, Default)]
pub(crate) struct EncodedBatch {
    /// The part that all spans share.
    pub(crate) process: Arc<[u8]>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) ends: Vec<SpanEnd>,
}

/// Where a span ends in the bytes, and how many entries of a request it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpanEnd {
    pub(crate) at: usize,
    pub(crate) entries: usize,
}

impl EncodedBatch {
    pub(crate) fn new(process: Arc<[u8]>) -> Self {
        EncodedBatch { process, ..EncodedBatch::default() }
    }

    /// The number of spans.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn spans(&self) -> EncodedSpans<'_> {
        EncodedSpans { bytes: &self.bytes, ends: &self.ends }
    }

    /// Keeps the first `spans` spans and returns the rest.
    pub(crate) fn split_off(&mut self, spans: usize) -> EncodedBatch {
        let ends = self.ends.split_off(spans.min(self.ends.len()));
        let at = self.ends.last().map_or(0, |end| end.at);
        let bytes = self.bytes.split_off(at);
        let ends = ends.into_iter().map(|end| SpanEnd { at: end.at - at, ..end }).collect();
        EncodedBatch { process: self.process.clone(), bytes, ends }
    }

    /// How many of the first spans fit into `bytes`; at least one, unless the batch is empty.
    pub(crate) fn fitting(&self, bytes: usize) -> usize {
        self.ends.partition_point(|end| end.at <= bytes).max(1).min(self.len())
    }
}

/// The spans of one request, as bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncodedSpans<'a> {
    bytes: &'a [u8],
    ends: &'a [SpanEnd],
}

impl<'a> EncodedSpans<'a> {
    /// The bytes of each span.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'a [u8]> + Clone {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|end| end.at));
        let bounds = starts.zip(self.ends);
        bounds.map(move |(start, end)| self.bytes.get(start..end.at).unwrap_or_default())
    }
}
